import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { gitState, parseGitReference } from '../llb/git-reference.ts';
import type { GitOptions } from '../llb/source.ts';
import { resolveOutput } from '../llb/vertex.ts';
import type { Connections } from '../registry/connections.ts';
import { redactUrl } from '../registry/redact.ts';
import { PolyarchError } from '../util/error.ts';
import { openGit } from '../worker/sources/git-checkout.ts';
import type { GitEnvironment } from '../worker/sources/git-program.ts';
import { gitSource } from '../worker/sources/git-source.ts';
import { fetchHttp } from '../worker/sources/http.ts';
import { receiveContext } from '../worker/sources/received-context.ts';
import type { ContextInput } from './request.ts';

export interface FetchContextOptions extends GitEnvironment {
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** What the build says of a git context beside its address. */
  readonly git?: Pick<GitOptions, 'keepGitDirectory' | 'mtime'>;
  /** Copies of downloads and repositories, kept between builds. */
  readonly sources: string;
  readonly connections: () => Promise<Connections>;
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Where a fetched context lies, and the Dockerfile when that came instead of one. */
export interface FetchedContext {
  readonly folder: string;
  readonly dockerfile?: Uint8Array;
}

/** Puts a context from stdin, the web or a git repository into a folder that is there and empty. */
export async function fetchContext(
  context: Exclude<ContextInput, { kind: 'directory' }>,
  folder: string,
  options: FetchContextOptions,
): Promise<FetchedContext> {
  const { signal } = options;
  switch (context.kind) {
    case 'stdin':
      if (options.stdin === undefined)
        throw new PolyarchError('CONTEXT_NOT_FOUND', 'the context should come from stdin, but there is no stdin');
      return receive(options.stdin, 'the context on stdin', folder, options);
    case 'http': {
      const file = await fetchHttp(
        { url: context.url },
        { folder: join(options.sources, 'http'), connections: await options.connections(), signal },
      );
      return receive(createReadStream(join(file.folder, file.name)), redactUrl(context.url), folder, options);
    }
    case 'git': {
      const reference = parseGitReference(context.url);
      const mtime = reference?.options.mtime;
      const own = mtime === undefined ? {} : { mtime };
      const vertex =
        reference === undefined
          ? undefined
          : resolveOutput(gitState(reference, { ...options.git, ...own }).output)?.vertex;
      if (vertex?.kind !== 'source')
        throw new PolyarchError(
          'GIT_ADDRESS',
          `${context.url.includes('://') ? redactUrl(context.url) : JSON.stringify(context.url)} is no address of a git repository`,
        );
      const opened = await openGit(gitSource(vertex.identifier, vertex.attributes), {
        ...options,
        folder: join(options.sources, 'git'),
      });
      await opened.checkout(folder);
      return { folder };
    }
  }
}

async function receive(
  source: AsyncIterable<Uint8Array>,
  name: string,
  folder: string,
  { notice, signal }: FetchContextOptions,
): Promise<FetchedContext> {
  const received = await receiveContext(source, folder, { name, warn: notice, signal });
  return received.kind === 'archive' ? { folder } : { folder, dockerfile: received.content };
}
