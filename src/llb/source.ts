import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { ATTRIBUTE } from './attributes.ts';
import { type GitUrl, parseGitUrl } from './git-url.ts';
import { joinPath } from './paths.ts';
import { type State, type VertexOptions, metadataOf, stateOf } from './state.ts';

export interface ImageOptions extends VertexOptions {
  readonly platform?: Platform;
  /** Default: `default`, which is not written down. */
  readonly resolveMode?: 'default' | 'pull' | 'local';
}

/**
 * The root filesystem of an image, without its config.
 *
 * @throws PolyarchError INVALID_REFERENCE
 */
export function image(reference: string, options: ImageOptions = {}): State {
  const identifier = `docker-image://${formatReference(parseReference(reference))}`;
  const mode = options.resolveMode ?? 'default';
  return source(identifier, mode === 'default' ? {} : { [ATTRIBUTE.imageResolveMode]: mode }, options);
}

export interface OciLayoutOptions extends VertexOptions {
  readonly platform?: Platform;
  /** The layout's name in the session. */
  readonly store?: string;
  readonly session?: string;
}

/** An image in an OCI layout of the client. `reference` has a digest. */
export function ociLayout(reference: string, options: OciLayoutOptions = {}): State {
  const attributes = {
    ...attribute(ATTRIBUTE.ociSession, options.session),
    ...attribute(ATTRIBUTE.ociStore, options.store),
  };
  return source(`oci-layout://${reference}`, attributes, options);
}

export interface LocalOptions extends VertexOptions {
  readonly session?: string;
  /** Only these paths, symlinks on the way followed; empty is all. */
  readonly followPaths?: readonly string[];
  readonly includePatterns?: readonly string[];
  /** In `.dockerignore`'s notation. */
  readonly excludePatterns?: readonly string[];
  /** Folders with the same key are taken for versions of one another. */
  readonly sharedKeyHint?: string;
}

/** A folder of the client, by the name under which it is offered. */
export function local(name: string, options: LocalOptions = {}): State {
  const attributes = {
    ...attribute(ATTRIBUTE.localSession, options.session),
    ...attribute(ATTRIBUTE.localInclude, list(options.includePatterns)),
    ...attribute(ATTRIBUTE.localFollow, list(options.followPaths)),
    ...attribute(ATTRIBUTE.localExclude, list(options.excludePatterns)),
    ...attribute(ATTRIBUTE.localSharedKey, options.sharedKeyHint),
  };
  return source(`local://${name}`, attributes, options);
}

export interface HttpOptions extends VertexOptions {
  readonly checksum?: Digest;
  /** The name of the one file; default: the URL's last part. */
  readonly filename?: string;
  /** Permission bits; default 0600. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A file from an http or https URL. */
export function http(url: string, options: HttpOptions = {}): State {
  const attributes = {
    ...attribute(ATTRIBUTE.httpChecksum, options.checksum),
    ...attribute(ATTRIBUTE.httpFilename, options.filename),
    ...attribute(
      ATTRIBUTE.httpMode,
      number(options.mode, (mode) => `0${mode.toString(8)}`),
    ),
    ...attribute(ATTRIBUTE.httpUid, number(options.uid)),
    ...attribute(ATTRIBUTE.httpGid, number(options.gid)),
  };
  return source(url, attributes, options);
}

export interface GitOptions extends VertexOptions {
  /** A branch, tag or commit; default: the remote's HEAD. */
  readonly ref?: string;
  readonly subdirectory?: string;
  readonly keepGitDirectory?: boolean;
  /** The commit that the ref must be. */
  readonly checksum?: string;
  readonly skipSubmodules?: boolean;
  /** `commit`: files get the time of the commit. */
  readonly mtime?: 'checkout' | 'commit';
  readonly fetchByCommit?: boolean;
  /** Lines of known_hosts. */
  readonly knownHosts?: string;
}

/** The work tree of a git repository. */
export function git(remote: string, options: GitOptions = {}): State {
  const url = parseGitUrl(remote) ?? parseGitUrl(`https://${remote}`);
  const known = url === undefined || url === 'invalid' ? undefined : url;
  const isSsh = known?.scheme === 'ssh';
  const attributes = {
    ...attribute(ATTRIBUTE.gitKeepDirectory, options.keepGitDirectory === true ? 'true' : undefined),
    ...attribute(ATTRIBUTE.gitFullUrl, known?.remote ?? remote),
    [ATTRIBUTE.gitAuthTokenSecret]: 'GIT_AUTH_TOKEN',
    [ATTRIBUTE.gitAuthHeaderSecret]: 'GIT_AUTH_HEADER',
    ...attribute(ATTRIBUTE.gitKnownHosts, isSsh ? options.knownHosts : undefined),
    ...attribute(ATTRIBUTE.gitSshSocket, isSsh ? 'default' : undefined),
    ...attribute(ATTRIBUTE.gitChecksum, options.checksum),
    ...attribute(ATTRIBUTE.gitSkipSubmodules, options.skipSubmodules === true ? 'true' : undefined),
    ...attribute(ATTRIBUTE.gitMtime, options.mtime),
    ...attribute(ATTRIBUTE.gitFetchByCommit, options.fetchByCommit === true ? 'true' : undefined),
  };
  return source(`git://${known === undefined ? remote : gitIdentifier(known, options)}`, attributes, options);
}

/** The same for every protocol by which the repository can be reached. */
function gitIdentifier(url: GitUrl, options: GitOptions): string {
  const { ref = '', subdirectory = '' } = options;
  const fragment = ref === '' && subdirectory === '' ? '' : `#${ref}${subdirectory === '' ? '' : `:${subdirectory}`}`;
  return `${url.host}${joinPath('/', url.path)}${fragment}`;
}

function source(
  identifier: string,
  attributes: Readonly<Record<string, string>>,
  options: VertexOptions & { readonly platform?: Platform },
): State {
  const { platform } = options;
  const metadata = metadataOf(options);
  const vertex = { kind: 'source', identifier, attributes, metadata, ...(platform && { platform }) } as const;
  return stateOf({ kind: 'vertex', vertex, index: 0 }, platform);
}

function attribute(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function number(value: number | undefined, format: (value: number) => string = String): string | undefined {
  return value === undefined || value === 0 ? undefined : format(value);
}

/** As Go's encoding/json writes it. */
function list(values: readonly string[] | undefined): string | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return JSON.stringify(values).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
