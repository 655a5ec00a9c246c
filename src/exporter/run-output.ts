import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { DiskStore } from '../content/blob-store.ts';
import { copyGraph } from '../content/copy-graph.ts';
import type { ImageStore } from '../content/image-store.ts';
import { OciLayout } from '../content/oci-layout.ts';
import { formatPlatform } from '../oci/platform.ts';
import { familiarReference, parseReference, repositoryName } from '../oci/reference.ts';
import type { RegistryClient } from '../registry/client.ts';
import { outputError, writeFileAtomically, writeStream } from './atomic-file.ts';
import type { AcceptFiles, LayerService, PlatformResult } from './contract.ts';
import { exportFolders } from './export-folders.ts';
import { type Image, makeImage, packOptions } from './image.ts';
import { type ArchivedImage, archiveName, imageArchive } from './image-archive.ts';
import { imageSource } from './image-source.ts';
import type { ArchiveOutput, FilesOutput, ImageFormat, ImageOutput, OutputSpec } from './output-spec.ts';
import { pushImage } from './push-image.ts';
import { tarOfPlatforms } from './platform-tar.ts';

/** What the outputs of one build share. */
export interface ExportContext {
  readonly layers: LayerService;
  readonly content: DiskStore;
  readonly store: ImageStore;
  registry(options: { insecure: readonly string[] }): Promise<RegistryClient>;
  readonly stdout: Writable;
  /** Where `docker load` would go, e.g. `/var/run/docker.sock`. */
  readonly dockerSocket?: string;
  /** What a relative destination is relative to. */
  readonly cwd: string;
  /** A folder for files on their way. */
  readonly scratch: string;
  /** Normalised references of the build. */
  readonly tags: readonly string[];
  /** `--annotation` */
  readonly annotations: readonly string[];
  readonly sourceDateEpoch?: number;
  /** Ms since the epoch. */
  readonly now: number;
  /** Of `type=local` and `type=tar`. */
  readonly accepts?: AcceptFiles;
  readonly notice: (text: string) => void;
  /** Says what an output is doing: `exporting layers`, `pushing manifest …`. */
  readonly step: <T>(name: string, body: () => Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal;
}

export interface Exported {
  readonly type: OutputSpec['kind'];
  /** A path, a pushed reference or `the local store`. */
  readonly where: string;
  readonly image?: Image;
  /** Normalised references that the output set. */
  readonly names: readonly string[];
  /** What it was pushed to without a tag. */
  readonly repositories?: readonly string[];
}

/** Makes one output of a build's results. */
export async function runOutput(
  output: OutputSpec,
  results: readonly PlatformResult[],
  context: ExportContext,
): Promise<Exported> {
  switch (output.kind) {
    case 'image':
      return exportImage(output, results, context);
    case 'oci':
    case 'docker':
      return exportArchive(output, results, context);
    case 'local':
    case 'tar':
      return exportFiles(output, results, context);
    case 'cacheonly':
      return { type: 'cacheonly', where: 'nowhere: only the build cache has it', names: [] };
  }
}

/** Packs what the images of the outputs are made of, which names nothing yet. */
export async function packLayers(
  outputs: readonly OutputSpec[],
  results: readonly PlatformResult[],
  context: ExportContext,
): Promise<void> {
  const formats = outputs.flatMap((output) => ('format' in output ? [output.format] : []));
  if (formats.length === 0) return;
  await context.step('exporting layers', () =>
    Promise.all(
      formats.flatMap((format) =>
        results.map(({ layers }) => context.layers.pack(layers, packOptions({ format, ...context }))),
      ),
    ),
  );
}

function image(format: ImageFormat, results: readonly PlatformResult[], context: ExportContext): Promise<Image> {
  const { annotations, sourceDateEpoch, now, signal } = context;
  return makeImage(results, context.layers, {
    format,
    annotations,
    now,
    ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
    signal,
  });
}

function names(output: { readonly names: readonly string[] }, context: ExportContext): string[] {
  return [...new Set([...output.names.map(archiveName), ...context.tags])];
}

async function exportImage(
  output: ImageOutput,
  results: readonly PlatformResult[],
  context: ExportContext,
): Promise<Exported> {
  const made = await image(output.format, results, context);
  const tags = names(output, context);
  const { digest } = made.root;
  if (output.push) {
    await pushImage(made, tags, { byDigest: output.pushByDigest, insecure: output.insecure }, context);
    const pushed = { type: 'image', image: made } as const;
    if (!output.pushByDigest) {
      const where = tags.map((tag) => familiarReference(parseReference(tag)));
      return { ...pushed, where: where.join(', '), names: tags };
    }
    const repositories = [...new Set(tags.map((tag) => repositoryName(parseReference(tag))))];
    const where = repositories.map((name) =>
      familiarReference({ ...parseReference(name, { defaultTag: null }), digest }),
    );
    return { ...pushed, where: where.join(', '), names: [], repositories };
  }
  if (!output.store) return { type: 'image', where: 'nowhere: store=false', image: made, names: [] };
  await keepImage(made, tags, output.nameCanonical, context);
  return { type: 'image', where: 'the local store', image: made, names: tags };
}

/** Puts the whole image, with its layers' bytes, into the local store. */
async function keepImage(
  made: Image,
  tags: readonly string[],
  canonical: boolean,
  context: ExportContext,
): Promise<void> {
  const { content, store, signal, now } = context;
  const { root } = made;
  await context.step(`keeping ${root.digest} in the local store`, () =>
    copyGraph({ source: imageSource(made, context.layers), target: content }, root, { signal }),
  );
  if (tags.length === 0) store.putUnnamed(root, { now });
  for (const tag of tags) {
    store.put(tag, root, { now });
    if (canonical) store.put(`${tag}@${root.digest}`, root, { now });
  }
}

async function exportArchive(
  output: ArchiveOutput,
  results: readonly PlatformResult[],
  context: ExportContext,
): Promise<Exported> {
  const made = await image(output.format, results, context);
  const tags = names(output, context);
  const { destination } = output;
  const { signal } = context;
  const abortable = { signal };
  if (destination !== undefined && !output.tar) {
    const layout = await OciLayout.create(resolve(context.cwd, destination), abortable).catch((error: unknown) => {
      throw outputError(error, destination);
    });
    await context.step(`writing the OCI layout ${destination}`, async () => {
      await copyGraph({ source: imageSource(made, context.layers), target: layout }, made.root, abortable);
      if (tags.length === 0) await layout.add(made.root, abortable);
      for (const tag of tags) await layout.tag(made.root, tag, abortable);
    });
    return { type: output.kind, where: destination, image: made, names: tags };
  }
  const archive = imageArchive([archived(made, tags)], imageSource(made, context.layers), {
    docker: output.kind === 'docker',
    ...abortable,
  });
  if (destination === undefined) return loadOrKeep(output, made, tags, archive, context);
  await context.step(`writing ${destination === '-' ? 'stdout' : destination}`, () =>
    destination === '-'
      ? writeStream(context.stdout, archive, abortable)
      : writeFileAtomically(resolve(context.cwd, destination), archive, abortable),
  );
  return { type: output.kind, where: destination, image: made, names: tags };
}

/** `type=docker` without a destination: into Docker where there is one, and always into the local store. */
async function loadOrKeep(
  output: ArchiveOutput,
  made: Image,
  tags: readonly string[],
  archive: AsyncIterable<Uint8Array>,
  context: ExportContext,
): Promise<Exported> {
  await keepImage(made, tags, false, context);
  const socket = context.dockerSocket;
  if (socket === undefined)
    return {
      type: output.kind,
      where: 'the local store (there is no Docker on this machine)',
      image: made,
      names: tags,
    };
  await context.step('loading into Docker', async () => {
    const { loadIntoDocker } = await import('./docker-load.ts');
    await loadIntoDocker(socket, archive, { signal: context.signal });
  });
  return { type: output.kind, where: 'the local store and Docker', image: made, names: tags };
}

function archived(made: Image, tags: readonly string[]): ArchivedImage {
  return {
    root: made.root,
    blobs: [...made.made.map((blob) => blob.descriptor), ...made.layers],
    manifests: made.manifests,
    names: tags,
  };
}

async function exportFiles(
  output: FilesOutput,
  results: readonly PlatformResult[],
  context: ExportContext,
): Promise<Exported> {
  const { signal, sourceDateEpoch } = context;
  const split = output.platformSplit ?? results.length > 1;
  const options = {
    ...(output.rewriteTimestamp && sourceDateEpoch !== undefined ? { clampMtime: sourceDateEpoch } : {}),
    signal,
  };
  const folders = results.map((result) => ({
    result,
    folder: split ? formatPlatform(result.platform).replaceAll('/', '_') : '',
  }));
  const { destination } = output;
  if (output.kind === 'tar') {
    const tar = tarOfPlatforms(folders, context, options);
    await context.step(`writing ${destination === '-' ? 'stdout' : destination}`, () =>
      destination === '-'
        ? writeStream(context.stdout, tar, options)
        : writeFileAtomically(resolve(context.cwd, destination), tar, options),
    );
    return { type: 'tar', where: destination, names: [] };
  }
  await context.step(`copying files to ${destination}`, () =>
    exportFolders(
      folders,
      { name: destination, path: resolve(context.cwd, destination) },
      {
        layers: context.layers,
        empty: output.empty === true,
        ...(context.accepts === undefined ? {} : { accepts: context.accepts }),
        ...options,
      },
    ),
  );
  return { type: 'local', where: destination, names: [] };
}
