import { messageOf, PolyarchError } from '../util/error.ts';
import { type Digest, isDigest, parseDigest } from './digest.ts';

/**
 * An image reference in full, by the grammar of the distribution project's reference package:
 * `domain/path[:tag][@digest]`.
 */
export interface Reference {
  /** Host, with its port if any: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Path in the registry: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';
const MAX_PATH = 255;

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH_PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * Parses what a person writes: `busybox` is `docker.io/library/busybox:latest`, `user/app:1` is on docker.io,
 * a first part with a dot, a colon or upper case, or `localhost`, is a registry. A reference with neither tag
 * nor digest gets `defaultTag` (default `latest`; null for none). Fails with INVALID_REFERENCE.
 */
export function parseReference(text: string, options: { defaultTag?: string | null } = {}): Reference {
  if (text === '') throw invalid(text, 'it is empty', 'write NAME[:TAG][@DIGEST], e.g. busybox:1.36');
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(text, '64 hex characters are an image id, not a name', `write NAME@sha256:${text}`);
  }
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : digestPart(text, text.slice(at + 1));
  const { domain, rest } = splitDomain(at < 0 ? text : text.slice(0, at));
  const colon = rest.indexOf(':');
  const name = colon < 0 ? rest : rest.slice(0, colon);
  const written = colon < 0 ? undefined : rest.slice(colon + 1);
  const path = domain === DEFAULT_DOMAIN && !name.includes('/') && name !== '' ? OFFICIAL + name : name;
  checkDomain(text, domain);
  checkPath(text, path);
  if (written !== undefined && !TAG.test(written)) {
    throw invalid(
      text,
      written === '' ? 'its tag is empty' : `its tag "${written}" is not valid`,
      'a tag has 1 to 128 letters, digits, "_", "." and "-", and starts with neither "." nor "-"',
    );
  }
  const fallback = options.defaultTag === undefined ? 'latest' : (options.defaultTag ?? undefined);
  const tag = written ?? (digest === undefined ? fallback : undefined);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The full form: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  return repositoryName(reference) + suffix(reference);
}

/** The short form that people write: `busybox:latest`, `user/app:1`. */
export function familiarReference(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** `docker.io/library/busybox`: the name without tag and digest. */
export function repositoryName(reference: Pick<Reference, 'domain' | 'path'>): string {
  return `${reference.domain}/${reference.path}`;
}

/** `busybox`: the short name without tag and digest. */
export function familiarName(reference: Pick<Reference, 'domain' | 'path'>): string {
  if (reference.domain !== DEFAULT_DOMAIN) return repositoryName(reference);
  const official = reference.path.startsWith(OFFICIAL) ? reference.path.slice(OFFICIAL.length) : undefined;
  return official === undefined || official.includes('/') ? reference.path : official;
}

/** True for a well-formed tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

function splitDomain(name: string): { domain: string; rest: string } {
  const slash = name.indexOf('/');
  if (slash < 0) return { domain: DEFAULT_DOMAIN, rest: name };
  const first = name.slice(0, slash);
  if (first === LEGACY_DOMAIN) return { domain: DEFAULT_DOMAIN, rest: name.slice(slash + 1) };
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isDomain ? { domain: first, rest: name.slice(slash + 1) } : { domain: DEFAULT_DOMAIN, rest: name };
}

function digestPart(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest;
  try {
    return parseDigest(digest);
  } catch (error) {
    throw invalid(text, messageOf(error), error instanceof PolyarchError ? error.hint : undefined);
  }
}

function checkDomain(text: string, domain: string): void {
  if (DOMAIN.test(domain)) return;
  throw /^[a-z][a-z0-9+.-]*:$/.test(domain)
    ? invalid(text, 'it is a URL', `leave out the scheme: ${text.slice(domain.length).replace(/^\/+/, '')}`)
    : invalid(text, `"${domain}" is not a registry's host[:port]`, 'write HOST[:PORT]/NAME[:TAG]');
}

function checkPath(text: string, path: string): void {
  if (path.length > MAX_PATH) {
    throw invalid(text, `its repository path has ${path.length} characters`, `at most ${MAX_PATH} are allowed`);
  }
  for (const part of path.split('/')) {
    if (PATH_PART.test(part)) continue;
    if (part === '') throw invalid(text, 'a part of its repository path is empty', 'write NAME[:TAG][@DIGEST]');
    if (part !== part.toLowerCase() && PATH_PART.test(part.toLowerCase())) {
      throw invalid(
        text,
        `repository "${path}" has upper-case letters`,
        `write ${text.replace(path.replace(OFFICIAL, ''), (found) => found.toLowerCase())}`,
      );
    }
    throw invalid(
      text,
      `"${part}" cannot be a part of a repository path`,
      'a part is lower-case letters and digits, joined by ".", "_", "__" or any number of "-"',
    );
  }
}

function invalid(text: string, reason: string, hint: string | undefined): PolyarchError {
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return new PolyarchError('INVALID_REFERENCE', `"${shown}" is not an image reference: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { reference: shown },
  });
}
