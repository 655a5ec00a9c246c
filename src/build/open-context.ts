import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseIgnore } from '../dockerfile/dockerignore.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import type { BuildRequest } from './request.ts';

/** A folder that is offered to the build as a local source. */
export interface LocalFolder {
  /** Absolute. */
  readonly path: string;
  readonly excludes: readonly string[];
  /** Which file the excludes come from, for messages. */
  readonly ignoreFile?: string;
}

/** What a build starts from: its files and its Dockerfile. */
export interface OpenedContext {
  readonly folder: LocalFolder;
  readonly dockerfile: Uint8Array;
  /** As the person named it, for messages. */
  readonly dockerfileName: string;
}

/** A folder as the context, with its Dockerfile and ignore file. Fails with CONTEXT_NOT_FOUND and DOCKERFILE_NOT_FOUND. */
export function openFolderContext(path: string, options: Pick<BuildRequest, 'file'> & { cwd: string; dockerfile?: Uint8Array }): OpenedContext {
  const root = resolve(options.cwd, path);
  checkFolder(root, path);
  if (options.dockerfile !== undefined) {
    return { folder: withIgnore(root, []), dockerfile: options.dockerfile, dockerfileName: 'Dockerfile' };
  }
  const file = findDockerfile(root, options);
  const name = options.file ?? basename(file);
  return { folder: withIgnore(root, [`${file}.dockerignore`]), dockerfile: readDockerfile(file, name), dockerfileName: name };
}

/** A folder with the ignore file that applies to it: one of the Dockerfile's own, else `.dockerignore`. */
export function withIgnore(root: string, own: readonly string[]): LocalFolder {
  for (const file of [...own, join(root, '.dockerignore')]) {
    if (!existsSync(file)) continue;
    return { path: root, excludes: parseIgnore(readFileSync(file)), ignoreFile: basename(file) };
  }
  return { path: root, excludes: [] };
}

function checkFolder(root: string, given: string): void {
  let found;
  try {
    found = statSync(root);
  } catch (error) {
    const missing = hasCode(error, 'ENOENT', 'ENOTDIR');
    throw new PolyarchError(missing ? 'CONTEXT_NOT_FOUND' : 'CONTEXT_UNREADABLE', `the build context ${JSON.stringify(given)} ${missing ? 'is not there' : `cannot be read: ${messageOf(error)}`}`, {
      hint: 'the last argument is a folder, a URL, or - for stdin, e.g.: polyarch build -t NAME .',
      cause: error,
    });
  }
  if (!found.isDirectory()) {
    throw new PolyarchError('CONTEXT_NOT_FOUND', `the build context ${JSON.stringify(given)} is not a folder`, {
      hint: 'name the folder and give the Dockerfile with -f',
    });
  }
}

/** `-f` counts from the working folder, as in buildx; without it, `Dockerfile` or `dockerfile` in the context. */
function findDockerfile(root: string, options: Pick<BuildRequest, 'file'> & { cwd: string }): string {
  if (options.file !== undefined) {
    const file = resolve(options.cwd, options.file);
    // A context that was fetched has its Dockerfile inside.
    return existsSync(file) ? file : join(root, options.file);
  }
  const file = join(root, 'Dockerfile');
  const lower = join(root, 'dockerfile');
  return !existsSync(file) && existsSync(lower) ? lower : file;
}

function readDockerfile(file: string, name: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > LIMITS.dockerfileBytes) throw new PolyarchError('DOCKERFILE_TOO_LARGE', `${name} has ${size} bytes; at most ${LIMITS.dockerfileBytes} are read`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof PolyarchError) throw error;
    const missing = hasCode(error, 'ENOENT', 'ENOTDIR');
    throw new PolyarchError(missing ? 'DOCKERFILE_NOT_FOUND' : 'DOCKERFILE_UNREADABLE', `the Dockerfile ${JSON.stringify(name)} ${missing ? `is not there (looked for ${file})` : `cannot be read: ${messageOf(error)}`}`, {
      hint: missing ? `name it with -f, or write one in ${dirname(file)}` : 'check its permissions',
      cause: error,
    });
  }
}
