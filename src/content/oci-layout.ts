import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { type ImageIndex, parseIndex } from '../oci/index.ts';
import { encodeJson } from '../oci/json.ts';
import { detectMediaType, parseManifestOrIndex } from '../oci/manifest.ts';
import { isIndex, isManifest, MEDIA_TYPE } from '../oci/media-types.ts';
import { parseObject } from '../oci/shape.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { makeFolder } from '../util/make-folder.ts';
import { DiskStore } from './blob-store.ts';
import { REF_NAME, requireEntry, withEntry } from './layout-names.ts';
import { notFound } from './not-found.ts';
import type { Abortable, Target } from './storage.ts';
import { withTransientLock } from './transient-lock.ts';

const VERSION = '1.0.0';

/**
 * A folder in the OCI image layout (OCI image spec, image-layout.md) as a target. Several writers, in several
 * processes, may add to one folder: index.json is replaced in one rename under a lock.
 */
export class OciLayout implements Target {
  readonly root: string;
  readonly #blobs: DiskStore;

  private constructor(root: string) {
    this.root = root;
    this.#blobs = new DiskStore(root, { ingest: join(root, '.ingest') });
  }

  /** A folder that is a layout already. Fails with NOT_AN_OCI_LAYOUT. */
  static open(root: string): OciLayout {
    const file = join(root, 'oci-layout');
    const kind = { name: file, code: 'NOT_AN_OCI_LAYOUT', maxBytes: LIMITS.jsonBytes };
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      const missing = hasCode(error, 'ENOENT', 'ENOTDIR');
      throw new PolyarchError(
        'NOT_AN_OCI_LAYOUT',
        missing
          ? `${root} is not an OCI image layout: it has no file oci-layout`
          : `cannot read ${file}: ${messageOf(error)}`,
        {
          cause: error,
          hint: 'an OCI layout is a folder with oci-layout, index.json and blobs/, e.g. from -o type=oci,tar=false',
        },
      );
    }
    const { imageLayoutVersion } = parseObject(bytes, kind);
    if (imageLayoutVersion !== VERSION) {
      throw new PolyarchError(
        'NOT_AN_OCI_LAYOUT',
        `${file} has version ${JSON.stringify(imageLayoutVersion)}; only ${VERSION} is known`,
      );
    }
    return new OciLayout(root);
  }

  /** The layout in this folder, made when there is none; other files in it are left alone. */
  static async create(root: string, options: Abortable = {}): Promise<OciLayout> {
    makeFolder(root);
    if (!existsSync(join(root, 'oci-layout')) || !existsSync(join(root, 'index.json'))) {
      const layout = new OciLayout(root);
      await layout.#locked(async () => layout.#initialise(), options);
    }
    const layout = OciLayout.open(root);
    layout.#blobs.removeStaleIngests({ olderThanMs: 24 * 3600 * 1000 });
    return layout;
  }

  /** For messages. */
  get name(): string {
    return `oci-layout://${this.root}`;
  }

  /** The index as it is now. */
  index(): ImageIndex {
    const file = join(this.root, 'index.json');
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      throw new PolyarchError('NOT_AN_OCI_LAYOUT', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
    }
    try {
      return parseIndex(bytes, { mediaType: MEDIA_TYPE.ociIndex });
    } catch (error) {
      throw new PolyarchError('NOT_AN_OCI_LAYOUT', `${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Whether the blob is in the folder. */
  has(descriptor: Descriptor): boolean {
    return this.#blobs.hasSync(descriptor);
  }

  exists(descriptor: Descriptor): Promise<boolean> {
    return this.#blobs.exists(descriptor);
  }

  fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    return this.#blobs.fetch(descriptor, options);
  }

  async push(descriptor: Descriptor, content: Readable | Uint8Array, options: Abortable = {}): Promise<void> {
    try {
      await this.#blobs.push(descriptor, content, options);
    } finally {
      this.#dropIngest();
    }
  }

  /** By name (see `nameAnnotations`), by digest, or, for the empty reference, the only entry. NOT_FOUND tells what there is. */
  async resolve(reference: string): Promise<Descriptor> {
    const index = this.index();
    if (isDigest(reference)) {
      const entry = index.manifests.find(({ digest }) => digest === reference);
      if (entry !== undefined) return entry;
      const info = this.#blobs.info(reference);
      if (info === undefined) throw notFound({ digest: reference }, this.root);
      if (info.size > LIMITS.manifestBytes) {
        throw new PolyarchError('TOO_LARGE', `${reference} has ${info.size} bytes: too many for a manifest`);
      }
      const mediaType = detectMediaType(this.#blobs.readSync(reference), { digest: reference });
      return { mediaType, digest: reference, size: info.size };
    }
    return requireEntry(index, reference, this.root);
  }

  async tag(descriptor: Descriptor, reference: string, options: Abortable = {}): Promise<void> {
    await this.#addEntry(descriptor, reference, options);
  }

  /** Lists the descriptor in index.json without a name: a blob that nothing there names is no image of the layout. */
  async add(descriptor: Descriptor, options: Abortable = {}): Promise<void> {
    await this.#addEntry(descriptor, undefined, options);
  }

  async #addEntry(descriptor: Descriptor, name: string | undefined, options: Abortable): Promise<void> {
    if (!this.#blobs.hasSync(descriptor)) throw notFound(descriptor, this.root);
    await this.#locked(async () => {
      this.#replace('index.json', encodeJson(withEntry(this.index(), descriptor, name)));
    }, options);
  }

  /** The names of its images. */
  async *tags(): AsyncGenerator<string, void, undefined> {
    for (const entry of this.index().manifests) {
      const name = entry.annotations?.[REF_NAME];
      if (name !== undefined) yield name;
    }
  }

  /** The manifests listed in index.json whose subject is the digest. */
  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.index().manifests.filter((entry) => {
      if (!isManifest(entry.mediaType) && !isIndex(entry.mediaType)) return false;
      if (entry.size > LIMITS.manifestBytes || !this.has(entry)) return false;
      const node = parseManifestOrIndex(this.#blobs.readSync(entry), entry);
      return (node.kind === 'index' ? node.index : node.manifest).subject?.digest === digest;
    });
  }

  #initialise(): void {
    const file = join(this.root, 'index.json');
    if (!existsSync(file)) {
      this.#replace('index.json', encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] }));
    }
    mkdirSync(join(this.root, 'blobs', 'sha256'), { recursive: true });
    // Last: with it the folder is a layout.
    if (!existsSync(join(this.root, 'oci-layout')))
      this.#replace('oci-layout', encodeJson({ imageLayoutVersion: VERSION }));
  }

  #replace(name: string, content: Uint8Array): void {
    const path = join(this.root, name);
    const next = join(this.root, `.${name}.${randomBytes(6).toString('hex')}`);
    try {
      writeFileSync(next, content, { flag: 'wx', mode: statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644 });
      renameSync(next, path);
    } finally {
      rmSync(next, { force: true });
    }
  }

  #locked<T>(body: () => Promise<T>, options: Abortable): Promise<T> {
    return withTransientLock(join(this.root, '.index.lock'), body, options);
  }

  /** Leaves the folder as the specification has it; another writer's file in it keeps it. */
  #dropIngest(): void {
    try {
      rmdirSync(join(this.root, '.ingest'));
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
}
