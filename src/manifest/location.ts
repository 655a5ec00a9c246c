import { resolve } from 'node:path';
import { isDigest, parseDigest, type Digest } from '../oci/digest.ts';
import { formatReference, isTag, parseReference, type Reference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';

/** Where an image is, or is to go. */
export type Location =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | LayoutLocation
  | ArchiveLocation
  /** An image of the local store: a name, digest or id. */
  | { readonly kind: 'local'; readonly name: string };

export interface LayoutLocation {
  readonly kind: 'oci-layout';
  /** Absolute. */
  readonly folder: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** A tar: of an OCI layout, or as of `docker save`. Read as whichever it is. */
export interface ArchiveLocation {
  readonly kind: 'archive';
  readonly format: 'oci' | 'docker';
  /** Absolute. */
  readonly file: string;
  /** Tag or reference; absent for the only image. */
  readonly name?: string;
}

const ARCHIVE = /^(oci|docker)-archive:\/\//;
const LAYOUT = 'oci-layout://';
const LOCAL = 'local://';

export interface LocationOptions {
  /** Where relative folders begin. */
  readonly cwd: string;
  /** What is meant when neither tag nor digest is written: `latest` by default; null for no tag. */
  readonly defaultTag?: string | null;
}

/**
 * `NAME[:TAG][@DIGEST]`, `oci-layout://FOLDER[:TAG][@DIGEST]`, `oci-archive://FILE[:NAME]`, `docker-archive://FILE[:NAME]` or
 * `local://IMAGE`. Fails with INVALID_REFERENCE.
 */
export function parseLocation(text: string, options: LocationOptions): Location {
  if (text.startsWith(LAYOUT)) return parseLayout(text.slice(LAYOUT.length), options);
  const format = ARCHIVE.exec(text)?.[1];
  if (format === 'oci' || format === 'docker')
    return parseArchive(text.slice(`${format}-archive://`.length), { ...options, format });
  const short = /^(oci-layout|oci-archive|docker-archive|local):(?=\.{0,2}\/(?!\/))/.exec(text);
  if (short !== null) {
    throw new PolyarchError('INVALID_REFERENCE', `${text} names no place of images`, {
      hint: `write ${short[1]}://${text.slice(short[0].length)}`,
    });
  }
  if (text.startsWith(LOCAL)) return { kind: 'local', name: text.slice(LOCAL.length) };
  if (/^\.{0,2}\/|^[\w-]+:\/\//.test(text)) {
    throw new PolyarchError('INVALID_REFERENCE', `${text} names no place of images`, {
      hint: 'a registry’s image is [HOST/]NAME[:TAG]; others are oci-layout://FOLDER, oci-archive://FILE, docker-archive://FILE and local://NAME',
    });
  }
  return { kind: 'registry', reference: parseReference(text, options) };
}

/** `FOLDER[:TAG][@DIGEST]`. Fails with INVALID_REFERENCE and INVALID_DIGEST. */
export function parseLayout(text: string, { cwd, defaultTag = 'latest' }: LocationOptions): LayoutLocation {
  const at = text.lastIndexOf('@');
  const digest = at > text.lastIndexOf('/') ? parseDigest(text.slice(at + 1)) : undefined;
  const rest = digest === undefined ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(':');
  const tagged = colon > rest.lastIndexOf('/');
  const tag = tagged ? rest.slice(colon + 1) : digest === undefined ? (defaultTag ?? undefined) : undefined;
  const folder = tagged ? rest.slice(0, colon) : rest;
  if (folder === '' || (tag !== undefined && !isTag(tag))) {
    throw new PolyarchError('INVALID_REFERENCE', `${LAYOUT}${text} names no image of an OCI layout`, {
      hint: 'write oci-layout://FOLDER[:TAG][@DIGEST]',
    });
  }
  return {
    kind: 'oci-layout',
    folder: resolve(cwd, folder),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `FILE[:NAME]`; a file's name has no colon. */
function parseArchive(
  text: string,
  { cwd, format }: { readonly cwd: string; readonly format: 'oci' | 'docker' },
): ArchiveLocation {
  const colon = text.indexOf(':');
  const [file, name] = colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  if (file === '' || name === '') {
    throw new PolyarchError('INVALID_REFERENCE', `${format}-archive://${text} names no archive`, {
      hint: `write ${format}-archive://FILE or ${format}-archive://FILE:NAME:TAG`,
    });
  }
  if (name !== undefined && !isTag(name) && !isDigest(name)) parseReference(name);
  return { kind: 'archive', format, file: resolve(cwd, file), ...(name === undefined ? {} : { name }) };
}

/** In full, as messages name it. */
export function formatLocation(location: Location): string {
  switch (location.kind) {
    case 'registry':
      return formatReference(location.reference);
    case 'oci-layout': {
      const { folder, tag, digest } = location;
      return `${LAYOUT}${folder}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
    }
    case 'archive':
      return `${location.format}-archive://${location.file}${location.name === undefined ? '' : `:${location.name}`}`;
    case 'local':
      return `${LOCAL}${location.name}`;
  }
}

/** What the location's store is asked for: a digest wins over a tag. */
export function referenceOf(location: Exclude<Location, { kind: 'local' }>): string {
  if (location.kind === 'archive') return location.name ?? '';
  const { tag = 'latest', digest } = location.kind === 'registry' ? location.reference : location;
  return digest ?? tag;
}
