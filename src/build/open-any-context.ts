import { mkdirSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { FetchContextOptions } from './fetch-context.ts';
import { type OpenedContext, openFolder } from './open-context.ts';
import type { BuildRequest } from './request.ts';

export interface OpenContextOptions extends Omit<FetchContextOptions, 'stdin'> {
  readonly cwd: string;
  /** Some platform's Dockerfile is to come on stdin. */
  readonly readsStdin: boolean;
  /** Where contexts that are fetched are put. */
  readonly scratch: string;
}

/** The build context, whatever it is, as a folder of this machine. What was fetched goes with the build. */
export async function openContext(
  { context, stdin }: Pick<BuildRequest, 'context' | 'stdin'>,
  options: OpenContextOptions,
): Promise<OpenedContext & AsyncDisposable> {
  const fromStdin = async () => (options.readsStdin ? { stdinDockerfile: await readDockerfile(stdin) } : {});
  if (context.kind === 'directory') {
    const root = openFolder(context.path, options);
    return { root, fetched: false, ...(await fromStdin()), async [Symbol.asyncDispose]() {} };
  }
  if (context.kind === 'stdin' && options.readsStdin) {
    throw new PolyarchError('INVALID_ARGUMENT', 'stdin cannot be both the context and the Dockerfile (-f - -)', {
      hint: 'give one of them as a file',
    });
  }
  const { WorkFolder } = await import('../snapshot/work-folder.ts');
  const work = WorkFolder.open(options.scratch);
  const folder = work.next();
  const dispose = { [Symbol.asyncDispose]: () => work[Symbol.asyncDispose]() };
  try {
    mkdirSync(folder);
    const { fetchContext } = await import('./fetch-context.ts');
    const given = { ...options, ...(stdin === undefined ? {} : { stdin }) };
    const fetched = await fetchContext(context, { folder, kept: work.next() }, given);
    const only = fetched.dockerfile === undefined ? {} : { onlyDockerfile: fetched.dockerfile };
    const archive = fetched.archive === undefined ? {} : { archive: fetched.archive };
    const root = openFolder(fetched.folder, options);
    const time = () => fetched.time();
    return { root, fetched: true, time, ...only, ...archive, ...(await fromStdin()), ...dispose };
  } catch (error) {
    await dispose[Symbol.asyncDispose]();
    throw error;
  }
}

/** A Dockerfile from a stream. */
export async function readDockerfile(stdin: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  if (stdin === undefined)
    throw new PolyarchError('DOCKERFILE_NOT_FOUND', 'the Dockerfile should come from stdin, but there is no stdin');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > LIMITS.dockerfileBytes)
      throw new PolyarchError(
        'DOCKERFILE_TOO_LARGE',
        `the Dockerfile on stdin has more than ${LIMITS.dockerfileBytes} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
