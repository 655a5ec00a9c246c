import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseIgnore } from '../dockerfile/dockerignore.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
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

/** Where the Dockerfile is looked for. */
interface DockerfilePlace extends Pick<BuildRequest, 'file'> {
  readonly cwd: string;
  /** The folder was filled by somebody else: its Dockerfile is in it, and no link leads out of it. */
  readonly fetched?: boolean;
}

/** A folder as the context, with its Dockerfile and ignore file. Fails with CONTEXT_NOT_FOUND and DOCKERFILE_NOT_FOUND. */
export function openFolderContext(path: string, options: DockerfilePlace & { dockerfile?: Uint8Array }): OpenedContext {
  const root = resolve(options.cwd, path);
  checkFolder(root, path);
  if (options.dockerfile !== undefined) {
    return { folder: withIgnore(root, [], options), dockerfile: options.dockerfile, dockerfileName: 'Dockerfile' };
  }
  const file = findDockerfile(root, options);
  const name = options.file ?? basename(file);
  return {
    folder: withIgnore(root, [`${file}.dockerignore`], options),
    dockerfile: readDockerfile(options.fetched === true ? insideOf(root, file) : file, name),
    dockerfileName: name,
  };
}

/** A folder with the ignore file that applies to it: one of the Dockerfile's own, else `.dockerignore`. */
export function withIgnore(root: string, own: readonly string[], options: { fetched?: boolean } = {}): LocalFolder {
  for (const named of [...own, join(root, '.dockerignore')]) {
    const file = options.fetched === true ? insideOf(root, named) : named;
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
    throw new PolyarchError(
      missing ? 'CONTEXT_NOT_FOUND' : 'CONTEXT_UNREADABLE',
      `the build context ${JSON.stringify(given)} ${missing ? 'is not there' : `cannot be read: ${messageOf(error)}`}`,
      {
        hint: 'the last argument is a folder, a URL, or - for stdin, e.g.: polyarch build -t NAME .',
        cause: error,
      },
    );
  }
  if (!found.isDirectory()) {
    throw new PolyarchError('CONTEXT_NOT_FOUND', `the build context ${JSON.stringify(given)} is not a folder`, {
      hint: 'name the folder and give the Dockerfile with -f',
    });
  }
}

/** `-f` counts from the working folder, as in buildx; without it, `Dockerfile` or `dockerfile` in the context. */
function findDockerfile(root: string, options: DockerfilePlace): string {
  if (options.file !== undefined) {
    return options.fetched === true ? join(root, options.file) : resolve(options.cwd, options.file);
  }
  const file = join(root, 'Dockerfile');
  const lower = join(root, 'dockerfile');
  return !existsSync(file) && existsSync(lower) ? lower : file;
}

/** The file that a path below `root` leads to, with every link on the way taken as if `root` were `/`. */
function insideOf(root: string, file: string): string {
  const place = resolveInRoot(root, relative(root, file));
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return place;
  throw new PolyarchError('DOCKERFILE_UNREADABLE', `${relative(root, file)} of the build context is no file`);
}

function readDockerfile(file: string, name: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > LIMITS.dockerfileBytes)
      throw new PolyarchError(
        'DOCKERFILE_TOO_LARGE',
        `${name} has ${size} bytes; at most ${LIMITS.dockerfileBytes} are read`,
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof PolyarchError) throw error;
    const missing = hasCode(error, 'ENOENT', 'ENOTDIR');
    throw new PolyarchError(
      missing ? 'DOCKERFILE_NOT_FOUND' : 'DOCKERFILE_UNREADABLE',
      `the Dockerfile ${JSON.stringify(name)} ${missing ? `is not there (looked for ${file})` : `cannot be read: ${messageOf(error)}`}`,
      {
        hint: missing ? `name it with -f, or write one in ${dirname(file)}` : 'check its permissions',
        cause: error,
      },
    );
  }
}
