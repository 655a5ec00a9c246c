import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseIgnore } from '../dockerfile/dockerignore.ts';
import { locate } from '../dockerfile/failure.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { patternMatcher } from '../util/patterns.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';

/** A folder that is offered to the build as a local source. */
export interface LocalFolder {
  /** Absolute. */
  readonly path: string;
  readonly excludes: readonly string[];
  /** Which file the excludes come from, for messages. */
  readonly ignoreFile?: string;
}

/** What a build starts from. */
export interface OpenedContext {
  /** Absolute. */
  readonly root: string;
  /** The folder was filled by somebody else: its Dockerfile is in it, and no link leads out of it. */
  readonly fetched: boolean;
  /** What came on stdin for `-f -`. */
  readonly stdinDockerfile?: Uint8Array;
  /** The context itself was a Dockerfile. */
  readonly onlyDockerfile?: Uint8Array;
  /** Of what was fetched, in seconds; undefined when nothing tells. */
  time?(): Promise<number | undefined>;
  /** The folder whose one file, `context`, is the archive that the context came as. */
  readonly archive?: string;
}

/** A Dockerfile, and the context as its ignore file leaves it. */
export interface OpenedDockerfile {
  readonly folder: LocalFolder;
  readonly bytes: Uint8Array;
  /** As the person named it, for messages. */
  readonly name: string;
  /** Absolute; absent when it came on stdin. */
  readonly path?: string;
}

interface DockerfilePlace {
  /** As `-f` names it. */
  readonly file?: string;
  readonly cwd: string;
}

/** The folder that a path names. Fails with CONTEXT_NOT_FOUND and CONTEXT_UNREADABLE. */
export function openFolder(path: string, { cwd }: { cwd: string }): string {
  const root = resolve(cwd, path);
  checkFolder(root, path);
  return root;
}

/** The Dockerfile of a context with its ignore file. Fails with DOCKERFILE_NOT_FOUND and the like. */
export function openDockerfile(context: OpenedContext, place: DockerfilePlace): OpenedDockerfile {
  const { root, fetched } = context;
  const given = place.file === '-' ? context.stdinDockerfile : context.onlyDockerfile;
  // As in BuildKit, only a folder of this machine is read through an ignore file.
  const ignored = (own: readonly string[]): LocalFolder =>
    fetched ? { path: root, excludes: [] } : withIgnore(root, own);
  if (given !== undefined) return { folder: ignored([]), bytes: given, name: 'Dockerfile' };
  const file = findDockerfile(context, place);
  const name = place.file ?? basename(file);
  return {
    folder: ignored([`${file}.dockerignore`]),
    bytes: readDockerfile(fetched ? insideOf(root, file) : file, name),
    name,
    path: file,
  };
}

/** A folder with the ignore file that applies to it: one of the Dockerfile's own, else `.dockerignore`. */
export function withIgnore(root: string, own: readonly string[]): LocalFolder {
  for (const file of [...own, join(root, '.dockerignore')]) {
    if (!existsSync(file)) continue;
    return { path: root, excludes: readIgnore(file), ignoreFile: basename(file) };
  }
  return { path: root, excludes: [] };
}

/** The patterns of an ignore file. Fails with PATTERN_INVALID at its line. */
function readIgnore(file: string): readonly string[] {
  const bytes = readFileSync(file);
  const excludes = parseIgnore(bytes);
  const refusal = refused(excludes);
  if (refusal === undefined) return excludes;
  const lines = bytes.toString().split(/\r?\n/);
  const line = lines.findIndex((text) => refused(parseIgnore(text)) !== undefined) + 1;
  const location = { file: basename(file), startLine: line, endLine: line };
  throw locate(refusal, { location, lines, word: lines[line - 1]?.trim() ?? '' });
}

function refused(patterns: readonly string[]): unknown {
  try {
    patternMatcher(patterns);
    return undefined;
  } catch (error) {
    return error;
  }
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
function findDockerfile({ root, fetched }: OpenedContext, { file: named, cwd }: DockerfilePlace): string {
  if (named !== undefined) return fetched ? join(root, named) : resolve(cwd, named);
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
