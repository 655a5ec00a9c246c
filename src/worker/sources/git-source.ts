import { ATTRIBUTE } from '../../llb/attributes.ts';
import { parseGitUrl } from '../../llb/git-url.ts';
import { PolyarchError } from '../../util/error.ts';

/** A commit of a git repository, LLB's git source. */
export interface GitSource {
  /** What git is given, without a user's password. */
  readonly remote: string;
  /** `https://host/`: what credentials are sent to; absent for ssh and git. */
  readonly scope?: string;
  /** User and password that stood in the address. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** With its port. */
  readonly host: string;
  /** A branch, tag, full ref or commit; '' is the remote's HEAD. */
  readonly ref: string;
  /** Only what is in this folder; '' is all. */
  readonly subdirectory: string;
  readonly keepGitDirectory: boolean;
  readonly submodules: boolean;
  /** The commit, or its beginning, that the ref must be. */
  readonly checksum?: string;
  /** Take the checksum as the commit, whatever the ref says. */
  readonly fetchByCommit: boolean;
  /** `commit` gives every file the time of the commit. */
  readonly mtime: 'checkout' | 'commit';
  /** Names of secrets. */
  readonly tokenSecret?: string;
  readonly headerSecret?: string;
  /** Lines of known_hosts; without any, every host key is taken. */
  readonly knownHosts?: string;
  /** The id of the ssh agent. */
  readonly sshId?: string;
}

/** @param identifier of an LLB source, `git://host/path#ref:subdirectory`; the attributes are BuildKit's (solver/pb/attr.go) */
export function gitSource(identifier: string, attributes: Readonly<Record<string, string>>): GitSource {
  const hash = identifier.indexOf('#');
  const fragment = hash < 0 ? '' : identifier.slice(hash + 1);
  const plain = hash < 0 ? identifier : identifier.slice(0, hash);
  const colon = fragment.indexOf(':');
  const given = attributes[ATTRIBUTE.gitFullUrl] ?? `https://${plain.replace(/^git:\/\//, '')}`;
  const url = parseGitUrl(given) ?? parseGitUrl(`https://${given}`);
  if (url === undefined || url === 'invalid')
    throw new PolyarchError('GIT_ADDRESS', `${JSON.stringify(plain)} is no address of a git repository`);
  const checksum = attributes[ATTRIBUTE.gitChecksum];
  if (checksum !== undefined && !/^[0-9a-f]+$/i.test(checksum)) {
    throw new PolyarchError('GIT_CHECKSUM', `the checksum ${JSON.stringify(checksum)} of ${plain} is no commit id`);
  }
  const optional = (name: keyof GitSource, key: string) =>
    attributes[key] === undefined ? {} : { [name]: attributes[key] };
  return {
    ...address(url.remote, url.scheme),
    host: url.host,
    ref: checkRef(colon < 0 ? fragment : fragment.slice(0, colon)),
    subdirectory: colon < 0 ? '' : fragment.slice(colon + 1),
    keepGitDirectory: attributes[ATTRIBUTE.gitKeepDirectory] === 'true',
    submodules: attributes[ATTRIBUTE.gitSkipSubmodules] !== 'true',
    ...(checksum === undefined ? {} : { checksum: checksum.toLowerCase() }),
    fetchByCommit: attributes[ATTRIBUTE.gitFetchByCommit] === 'true',
    mtime: attributes[ATTRIBUTE.gitMtime] === 'commit' ? 'commit' : 'checkout',
    ...optional('tokenSecret', ATTRIBUTE.gitAuthTokenSecret),
    ...optional('headerSecret', ATTRIBUTE.gitAuthHeaderSecret),
    ...optional('knownHosts', ATTRIBUTE.gitKnownHosts),
    ...optional('sshId', ATTRIBUTE.gitSshSocket),
  };
}

/** True for a whole commit id of either object format. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function address(remote: string, scheme: string): Pick<GitSource, 'remote' | 'scope' | 'credentials'> {
  if (scheme !== 'http' && scheme !== 'https') return { remote };
  const url = new URL(remote);
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  url.username = '';
  url.password = '';
  return { remote: url.href, scope: `${url.origin}/`, ...(user === '' ? {} : { credentials: { user, password } }) };
}

/** git-check-ref-format(1), as far as a ref could be taken for something else. */
function checkRef(ref: string): string {
  if (ref.startsWith('-') || /[\s~^:?*[\\\p{Cc}]|\.\.|@\{/u.test(ref)) {
    throw new PolyarchError('GIT_REFERENCE_INVALID', `${JSON.stringify(ref)} is no name of a branch, tag or commit`);
  }
  return ref;
}
