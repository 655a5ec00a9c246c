import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../oci/digest.ts';
import type { Connections } from '../../registry/connections.ts';
import type { Op, OpContext } from '../../solver/vertex.ts';
import type { StorePaths } from '../paths.ts';
import type { FolderRef, Ref } from '../ref.ts';
import { type OpenedGit, openGit } from '../sources/git-checkout.ts';
import type { GitEnvironment } from '../sources/git-program.ts';
import { gitSource } from '../sources/git-source.ts';
import { type HttpSource, fetchHttp, httpSource } from '../sources/http.ts';
import { scanContext } from '../sources/local-scan.ts';
import type { StepContext } from './step-context.ts';

export interface RemoteOptions extends GitEnvironment {
  readonly paths: StorePaths;
  readonly connections: () => Promise<Connections>;
  readonly steps: () => Pick<StepContext, 'worker' | 'newLayerId'>;
}

/** A git repository or a file on the web as a source. */
export function remoteOp(
  identifier: string,
  attributes: Readonly<Record<string, string>>,
  options: RemoteOptions,
): Op<Ref> {
  return identifier.startsWith('git://')
    ? gitOp(identifier, attributes, options)
    : httpOp(httpSource(identifier, attributes), options);
}

/** Known by its commit; checked out only when a step needs the files. */
function gitOp(identifier: string, attributes: Readonly<Record<string, string>>, options: RemoteOptions): Op<Ref> {
  let opened: Promise<OpenedGit> | undefined;
  const open = (signal: AbortSignal) =>
    (opened ??= openGit(gitSource(identifier, attributes), {
      ...options,
      folder: join(options.paths.sources, 'git'),
      signal,
    }));
  return {
    cacheMap: async ({ signal }) => ({ digest: (await open(signal)).key, inputs: [] }),
    async execute(_inputs, { signal, ...context }) {
      const git = await open(signal);
      mkdirSync(options.paths.temporary, { recursive: true });
      const folder = mkdtempSync(join(options.paths.temporary, 'git-'));
      try {
        await git.checkout(folder);
        const { source } = await scanContext(folder, { name: identifier, signal });
        const steps = options.steps();
        const worker = await steps.worker();
        const copy = {
          kind: 'copy',
          source,
          sourcePath: '/',
          destPath: '/',
          dirCopyContents: true,
          createDestPath: true,
        } as const;
        const layer = await worker.call(
          'files',
          { base: [], layerId: steps.newLayerId(), actions: [copy] },
          {
            signal,
            onEvent: ({ warning }) =>
              context.progress({ kind: 'warning', vertex: context.vertex, level: 1, short: warning }),
          },
        );
        return [{ kind: 'layers', layers: [{ ...layer, created: Date.now() }] }];
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Known by its bytes, so it is fetched, or found unchanged, at once. */
function httpOp(source: HttpSource, options: RemoteOptions): Op<Ref> {
  return {
    async cacheMap(context) {
      const file = await fetchHttp(source, {
        folder: join(options.paths.sources, 'http'),
        connections: await options.connections(),
        onProgress: ({ current, total }) => report(source, current, total, context),
        signal: context.signal,
      });
      const scan = await scanContext(file.folder, { name: source.url, signal: context.signal });
      const ref: FolderRef = { kind: 'folder', scan, digest: file.key };
      return { digest: digestOf(`http ${file.key}`), inputs: [], immediate: [ref] };
    },
    execute() {
      throw new Error('an immediate source is never run');
    },
  };
}

function report(source: HttpSource, current: number, total: number | undefined, { vertex, progress }: OpContext): void {
  if (total !== undefined) progress({ kind: 'status', vertex, id: source.url, name: 'downloading', current, total });
}
