import { mkdirSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { FetchContextOptions } from './fetch-context.ts';
import { type OpenedContext, openFolderContext } from './open-context.ts';
import type { BuildRequest } from './request.ts';

export interface OpenContextOptions extends Omit<FetchContextOptions, 'stdin'> {
  readonly cwd: string;
  /** Where contexts that are fetched are put. */
  readonly scratch: string;
}

/** The build context, whatever it is, as a folder of this machine with its Dockerfile. What was fetched goes with the build. */
export async function openContext(
  request: BuildRequest,
  options: OpenContextOptions,
): Promise<OpenedContext & AsyncDisposable> {
  const { context, file, stdin } = request;
  const folderOptions = { ...(file === undefined || file === '-' ? {} : { file }), cwd: options.cwd };
  if (context.kind === 'directory') {
    const dockerfile = file === '-' ? { dockerfile: await readDockerfile(stdin) } : {};
    return {
      ...openFolderContext(context.path, { ...folderOptions, ...dockerfile }),
      async [Symbol.asyncDispose]() {},
    };
  }
  if (context.kind === 'stdin' && file === '-') {
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
    const fetched = await fetchContext(context, folder, { ...options, ...(stdin === undefined ? {} : { stdin }) });
    const given = file === '-' ? await readDockerfile(stdin) : fetched.dockerfile;
    const dockerfile = given === undefined ? {} : { dockerfile: given };
    return { ...openFolderContext(fetched.folder, { ...folderOptions, ...dockerfile, fetched: true }), ...dispose };
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
