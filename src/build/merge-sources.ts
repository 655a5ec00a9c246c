import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { detectCompression } from '../archive/compression.ts';
import { OciLayout } from '../content/oci-layout.ts';
import { isDigest } from '../oci/digest.ts';
import { isIndex, isManifest } from '../oci/media-types.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import { messageOf, PolyarchError } from '../util/error.ts';

/** The largest metadata file that is read, in bytes; with provenance in it one may be long. */
const MAX_METADATA = 64 * 1024 * 1024;

/**
 * What a person gives to `merge` as sources of an index: a metadata file of `build` or buildx becomes `NAME@DIGEST`, an OCI
 * layout its images, an archive its image, a folder what is in it (layouts, archives, metadata files, files named after
 * digests, folders of these); anything else that is not there as a file or folder stays as it is. Fails with MERGE_SOURCE.
 */
export function mergeSources(texts: readonly string[], { cwd }: { readonly cwd: string }): readonly string[] {
  return texts.flatMap((text) => {
    if (/^[a-z-]+:\/\//.test(text) || isDigest(text)) return [text];
    const path = resolve(cwd, text);
    if (existsSync(path)) return fromPath(path, 0);
    if (/^\.{0,2}\/|\.(?:json|tar(?:\.\w+)?)$/.test(text)) throw mergeSource(path, 'there is no such file or folder');
    return [text];
  });
}

/** Folders in folders: actions that collect artefacts make one for each. */
const MAX_DEPTH = 3;

function fromPath(path: string, depth: number): readonly string[] {
  if (!statSync(path).isDirectory()) return fromFile(path);
  if (existsSync(join(path, 'oci-layout'))) return fromLayout(path);
  if (depth === MAX_DEPTH) throw mergeSource(path, 'folders lie too deep in folders');
  const names = readdirSync(path).toSorted();
  if (names.length === 0) throw mergeSource(path, 'it is empty');
  return names.flatMap((name) => fromPath(join(path, name), depth + 1));
}

function fromLayout(path: string): readonly string[] {
  const images = OciLayout.open(path)
    .index()
    .manifests.filter((entry) => isIndex(entry.mediaType) || isManifest(entry.mediaType));
  if (images.length === 0) throw mergeSource(path, 'the layout holds no image');
  return [...new Set(images.map(({ digest }) => `oci-layout://${path}@${digest}`))];
}

function fromFile(path: string): readonly string[] {
  const hex = /(?:^|\/)(?:sha256[:-])?([a-f0-9]{64})$/.exec(path)?.[1];
  if (hex !== undefined) return [`sha256:${hex}`];
  if (isArchive(path)) return [`oci-archive://${path}`];
  if (statSync(path).size > MAX_METADATA) throw mergeSource(path, 'it is too large for a metadata file');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw mergeSource(path, `it is no metadata file (${messageOf(error)})`);
  }
  const metadata = resultIn(value);
  if (metadata === undefined) throw mergeSource(path, 'it names no image that was pushed, or several');
  const { digest, name } = metadata;
  return [name === undefined ? digest : `${repositoryName(parseReference(name))}@${digest}`];
}

/** A tar, or something compressed; a metadata file is neither. */
function isArchive(path: string): boolean {
  const head = Buffer.alloc(512);
  const file = openSync(path, 'r');
  try {
    const size = readSync(file, head);
    return (
      detectCompression(head.subarray(0, size)) !== 'uncompressed' || head.toString('latin1', 257, 262) === 'ustar'
    );
  } finally {
    closeSync(file);
  }
}

/** buildx's keys, of `build` or, one target deep, of `bake`. */
function resultIn(
  value: unknown,
  depth = 0,
): { readonly digest: string; readonly name: string | undefined } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const descriptor = fields['containerimage.descriptor'];
  const described =
    typeof descriptor === 'object' && descriptor !== null && 'digest' in descriptor ? descriptor.digest : undefined;
  const digest = fields['containerimage.digest'] ?? described;
  const name = fields['image.name'];
  if (typeof digest === 'string' && isDigest(digest))
    return { digest, name: typeof name === 'string' && name !== '' ? name.split(',')[0] : undefined };
  if (depth > 0) return undefined;
  const targets = Object.values(fields).flatMap((target) => resultIn(target, 1) ?? []);
  return targets.length === 1 ? targets[0] : undefined;
}

function mergeSource(path: string, why: string): PolyarchError {
  return new PolyarchError('MERGE_SOURCE', `${path}: ${why}`, {
    hint: 'a source is NAME@DIGEST, a digest, a file of build --metadata-file, an OCI layout or archive, or a folder of these',
  });
}
