import { createReadStream, statSync } from 'node:fs';
import { copyGraph } from '../content/copy-graph.ts';
import { platformImages } from '../content/image-contents.ts';
import { IMAGE_NAME, REF_NAME } from '../content/layout-names.ts';
import { OciLayout } from '../content/oci-layout.ts';
import { hasSuccessors, successorsOf } from '../content/successors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseIndex } from '../oci/index.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { isAttestation } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { StagedArchive } from './images-load-archive.ts';
import { dockerImages } from './images-load-docker.ts';
import { platformList } from './images-local.ts';
import type { Workspace } from './workspace.ts';

export interface LoadOptions {
  /** Told of platforms that the archive's index names but the archive does not hold. */
  readonly notice: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface LoadedImage {
  /** In full; undefined for an image without a name. */
  readonly name: string | undefined;
  readonly root: Descriptor;
}

/** An image that is about to get its names. */
interface Found {
  readonly root: Descriptor;
  /** In full. */
  readonly names: readonly string[];
}

/**
 * Loads every image of a `docker save` archive or an OCI layout: a tar in any compression, as a file or a stream, or a folder.
 * Names are set when all of it is in the store. Fails with NOT_AN_IMAGE_ARCHIVE, ARCHIVE_INCOMPLETE and as reading does.
 */
export async function loadImages(
  workspace: Workspace,
  from: string | AsyncIterable<Uint8Array>,
  options: LoadOptions,
): Promise<readonly LoadedImage[]> {
  const isFolder = typeof from === 'string' && statFile(from).isDirectory();
  const found = isFolder ? await loadFolder(workspace, from, options) : await loadArchive(workspace, from, options);
  const { content, store } = workspace.engine;
  for (const { root, names } of found) {
    const platforms = platformImages(content, root);
    const missing = platforms.filter(({ complete }) => !complete).map(({ platform }) => platform);
    const name = names[0] ?? root.digest;
    if (missing.length === platforms.length) {
      throw new PolyarchError(
        'ARCHIVE_INCOMPLETE',
        `the archive names ${name} but does not hold all of any platform of it`,
      );
    }
    if (missing.length > 0)
      options.notice(
        `note: ${name}: ${platformList(missing)} ${missing.length === 1 ? 'is' : 'are'} not in the archive`,
      );
  }
  return found.flatMap(({ root, names }): LoadedImage[] => {
    if (names.length === 0) store.putUnnamed(root);
    for (const name of names) store.put(name, root);
    return names.length === 0 ? [{ name: undefined, root }] : names.map((name) => ({ name, root }));
  });
}

function statFile(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw new PolyarchError('NOT_FOUND', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function loadFolder(workspace: Workspace, folder: string, { signal }: LoadOptions): Promise<readonly Found[]> {
  const layout = OciLayout.open(folder);
  const found = indexEntries(layout.index().manifests);
  for (const { root } of found) {
    await copyGraph({ source: layout, target: workspace.engine.content }, root, {
      filter: (child) => layout.has(child),
      signal,
    });
  }
  return found;
}

async function loadArchive(
  workspace: Workspace,
  from: string | AsyncIterable<Uint8Array>,
  { signal }: LoadOptions,
): Promise<readonly Found[]> {
  const { content } = workspace.engine;
  const name = typeof from === 'string' ? from : 'the archive';
  const source = typeof from === 'string' ? createReadStream(from, { highWaterMark: 1024 * 1024 }) : from;
  using archive = await StagedArchive.read(source, { content, name, signal });
  const index = archive.file('oci-layout') === undefined ? undefined : archive.file('index.json');
  if (index !== undefined) {
    const { manifests } = parseIndex(archive.bytes(index), { mediaType: MEDIA_TYPE.ociIndex });
    const found = indexEntries(manifests);
    for (const { root } of found) keepGraph(archive, root, workspace);
    return found;
  }
  const manifest = archive.file('manifest.json');
  if (manifest === undefined) {
    throw new PolyarchError(
      'NOT_AN_IMAGE_ARCHIVE',
      `${name} is neither a docker save archive nor an OCI layout: it has neither manifest.json nor index.json`,
      {
        hint: 'a root filesystem as a tar is no image: FROM scratch and ADD FILE.tar / in a Dockerfile make one of it',
      },
    );
  }
  const images = dockerImages(archive, archive.bytes(manifest)).map((image) => ({
    ...image,
    names: image.names.map(fullName),
  }));
  for (const image of images) {
    content.writeSync(image.bytes);
    for (const { descriptor } of successorsOf(image.bytes, image.manifest)) archive.blob(descriptor.digest)?.keep();
  }
  return images.map(({ manifest: root, names }) => ({ root, names }));
}

/** Takes what the archive holds of a graph into the store. */
function keepGraph(archive: StagedArchive, root: Descriptor, { engine }: Workspace): void {
  const seen = new Set<Digest>();
  const visit = (descriptor: Descriptor, depth: number): void => {
    const file = archive.blob(descriptor.digest);
    if (seen.has(descriptor.digest) || (file === undefined && !engine.content.hasSync(descriptor))) return;
    seen.add(descriptor.digest);
    if (file !== undefined && file.size !== descriptor.size) {
      throw new PolyarchError(
        'SIZE_MISMATCH',
        `${descriptor.digest} has ${file.size} bytes in the archive, not ${descriptor.size} as its manifest says`,
      );
    }
    if (depth > LIMITS.indexDepth)
      throw new PolyarchError(
        'GRAPH_TOO_DEEP',
        `${descriptor.digest} lies more than ${LIMITS.indexDepth} manifests and indexes deep`,
      );
    if (hasSuccessors(descriptor.mediaType)) {
      const bytes = file === undefined ? engine.content.readSync(descriptor) : archive.bytes(file);
      for (const child of successorsOf(bytes, descriptor)) visit(child.descriptor, depth + 1);
    }
    file?.keep();
  };
  visit(root, 0);
}

/** The images of a layout's index.json: those of one digest are one, with all their names. */
function indexEntries(entries: readonly Descriptor[]): readonly Found[] {
  const found = new Map<Digest, { root: Descriptor; names: string[] }>();
  for (const entry of entries) {
    if (isAttestation(entry)) continue;
    const { annotations: given, data: _data, ...plain } = entry;
    const annotations: Readonly<Record<string, string>> = given ?? {};
    const { [IMAGE_NAME]: _image, [REF_NAME]: _ref, ...rest } = annotations;
    const root = Object.keys(rest).length === 0 ? plain : { ...plain, annotations: rest };
    const known: { root: Descriptor; names: string[] } = found.get(entry.digest) ?? { root, names: [] };
    found.set(entry.digest, known);
    const name = entryName(annotations);
    if (name !== undefined && !known.names.includes(name)) known.names.push(name);
  }
  if (found.size === 0) throw new PolyarchError('NOT_AN_IMAGE_ARCHIVE', 'index.json of the OCI layout lists no image');
  return [...found.values()];
}

/** Docker's and containerd's full name, else a reference; a tag alone is no name. */
function entryName(annotations: Readonly<Record<string, string>>): string | undefined {
  const full = annotations[IMAGE_NAME];
  if (full !== undefined) return fullName(full);
  const name = annotations[REF_NAME];
  return name !== undefined && /[:/]/.test(name) ? fullName(name) : undefined;
}

function fullName(name: string): string {
  return formatReference(parseReference(name));
}
