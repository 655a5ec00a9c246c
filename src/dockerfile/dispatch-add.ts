import type { FileAction } from '../llb/file.ts';
import { gitState, parseGitReference } from '../llb/git-reference.ts';
import { http } from '../llb/source.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { AddInstruction } from './ast.ts';
import type { CopyPlan } from './dispatch-copy.ts';
import { failure, marked } from './failure.ts';

/** An http or https URL that is no git repository. */
export function isHttp(source: string): boolean {
  return /^https?:\/\//.test(source) && gitReference(source) === undefined;
}

export function isRemote(source: string): boolean {
  return isHttp(source) || gitReference(source) !== undefined;
}

/** What ADD takes for a git repository; `github.com/…` could be a path, so it is one. */
export function gitReference(source: string): ReturnType<typeof parseGitReference> {
  const reference = parseGitReference(source);
  return reference?.looksLocal === true ? undefined : reference;
}

export interface RemoteOptions {
  readonly instruction: AddInstruction;
  /** Expanded; '' without one. */
  readonly checksum: string;
  readonly plan: CopyPlan;
}

/** What ADD does with a URL or a git repository. */
export function remoteCopy(source: string, options: RemoteOptions): FileAction {
  const { plan } = options;
  const common = { kind: 'copy', to: plan.to, ...plan.common, createDestination: true } as const;
  const reference = gitReference(source);
  if (reference === undefined) return { ...common, ...httpFile(source, options) };
  const { instruction, checksum } = options;
  const keep = reference.options.keepGitDirectory;
  if (keep !== undefined && instruction.keepGitDir !== undefined && keep !== instruction.keepGitDir) {
    throw failure(`ADD ${source}: --keep-git-dir says another thing than keep-git-dir in the URL`, {
      word: '--keep-git-dir',
    });
  }
  const inUrl = reference.options.checksum;
  if (checksum !== '' && inUrl !== undefined && checksum !== inUrl) {
    throw failure(`ADD ${source}: --checksum=${checksum} and the URL name different commits`, { word: '--checksum' });
  }
  const keepGitDirectory = keep ?? instruction.keepGitDir ?? false;
  const state = gitState(reference, {
    name: plan.name,
    location: instruction.location,
    keepGitDirectory,
    ...(checksum === '' ? {} : { checksum }),
  });
  return { ...common, source: state, from: '/' };
}

function httpFile(
  source: string,
  { instruction, checksum, plan }: RemoteOptions,
): Pick<FileAction & { kind: 'copy' }, 'source' | 'from' | 'attemptUnpack'> {
  const filename = downloadName(source);
  const state = http(source, {
    filename,
    name: plan.name,
    location: instruction.location,
    ...(checksum === '' ? {} : { checksum: checksumOf(checksum, instruction) }),
  });
  return { source: state, from: filename, attemptUnpack: instruction.unpack === true };
}

/** What ADD calls the file of an address. */
export function downloadName(source: string): string {
  const path = URL.canParse(source) ? decodePath(new URL(source).pathname) : '';
  const last = path.replace(/\/+$/, '').replace(/^.*\//, '');
  return last === '' || last === '.' ? '__unnamed__' : last;
}

/** @throws PolyarchError INVALID_DIGEST */
export function checksumOf(checksum: string, instruction: AddInstruction): Digest {
  try {
    return parseDigest(checksum);
  } catch (error) {
    throw marked(error, [instruction.checksum, '--checksum']);
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
