import { Readable } from 'node:stream';
import type { Abortable, Target } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { verifyBytes } from '../oci/verify.ts';
import { statusOnly } from './answer.ts';
import { fetchBlob } from './blob-fetch.ts';
import { RegistryFailure } from './failure.ts';
import { listTags } from './listing.ts';
import {
  deleteManifest,
  getManifest,
  headManifest,
  isManifestType,
  manifestSubject,
  putManifest,
  type ManifestContent,
  type ManifestPlace,
} from './manifests.ts';
import { addReferrerTag, listReferrers } from './referrers.ts';
import type { RetryNotice, RetryPolicy } from './retry.ts';
import { repositoryScope, type Scope } from './scope.ts';
import type { RegistrySession } from './session.ts';
import { blobExists, openedBy, uploadBytes, uploadStream, type OpenUpload, type UploadOptions } from './upload.ts';
import type { UploadSessions } from './upload-sessions.ts';
import { destroyOnAbort } from '../util/abort.ts';

export interface RepositorySettings {
  readonly session: RegistrySession;
  /** Host as references name it. */
  readonly domain: string;
  /** Path in the registry. */
  readonly path: string;
  /** What tokens are asked for from the start, beside what a request needs; default nothing. */
  readonly scopes: readonly Scope[];
  readonly retry: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
  readonly uploads: UploadSessions;
  /** Blobs up to this many bytes are sent from memory in one request. */
  readonly monolithicBytes: number;
  readonly chunkSize: number;
}

export interface PushOptions extends Abortable {
  /**
   * Gives the content from its start once more. With it a large blob is sent in one piece and nothing is kept
   * in memory for a second try; without it, in chunks.
   */
  readonly reopen?: () => Promise<Readable>;
}

/** Manifests whose bytes are kept for `tag`. */
const KEPT_MANIFESTS = 64;

/** One repository of a registry, OCI distribution spec v1.1. Reads ask mirrors first; writes and `exists` never do. */
export class Repository implements Target {
  readonly domain: string;
  readonly path: string;
  /** Registries refuse a manifest whose parts they lack. */
  readonly closed = true;
  readonly #settings: RepositorySettings;
  /** Digests known to be there, or not to be there. */
  readonly #known = new Map<Digest, boolean>();
  readonly #manifests = new Map<Digest, ManifestContent>();
  /** Uploads that a refused mount left open. */
  readonly #opened = new Map<Digest, OpenUpload>();
  readonly #pushing = new Map<Digest, Promise<void>>();
  #referring: Promise<void> = Promise.resolve();
  /** False once the registry has shown that it has no referrers API. */
  #listsReferrers = true;

  constructor(settings: RepositorySettings) {
    this.domain = settings.domain;
    this.path = settings.path;
    this.#settings = settings;
  }

  /** `docker.io/library/busybox`. */
  get name(): string {
    return `${this.domain}/${this.path}`;
  }

  get mirrored(): boolean {
    return this.#settings.session.mirrored;
  }

  async resolve(reference: string, options: Abortable = {}): Promise<Descriptor> {
    return headManifest(reference, { ...this.#place(options), onFetched: (manifest) => this.#keep(manifest) });
  }

  /** The manifest behind a tag or digest with its bytes: one request where `resolve` and `fetch` are two. */
  async fetchManifest(reference: string, options: Abortable = {}): Promise<ManifestContent> {
    return getManifest(reference, this.#place(options));
  }

  async fetch(descriptor: Descriptor, options: Abortable = {}): Promise<Readable> {
    if (!isManifestType(descriptor.mediaType)) {
      const { session, retry, onRetry } = this.#settings;
      return fetchBlob(descriptor, {
        session,
        retry,
        repository: this.path,
        subject: this.#blobSubject(descriptor),
        ...(onRetry === undefined ? {} : { onRetry }),
        ...options,
      });
    }
    const kept = this.#manifests.get(descriptor.digest);
    if (kept !== undefined) return streamOf(kept.content);
    const { content } = await getManifest(descriptor.digest, { ...this.#place(options), expected: descriptor });
    this.#keep({ descriptor, content });
    return streamOf(content);
  }

  async exists(descriptor: Descriptor, options: Abortable = {}): Promise<boolean> {
    if (this.#known.get(descriptor.digest) === true) return true;
    const found = isManifestType(descriptor.mediaType)
      ? await this.#manifestExists(descriptor, options)
      : await blobExists(descriptor, this.#upload(descriptor, options));
    this.#known.set(descriptor.digest, found);
    return found;
  }

  async push(descriptor: Descriptor, content: Readable | Uint8Array, options: PushOptions = {}): Promise<void> {
    // One at a time for one blob: the second finds it there, or tries itself.
    for (let other; (other = this.#pushing.get(descriptor.digest)) !== undefined;) await other.catch(() => undefined);
    const pushing = this.#pushUnlessThere(descriptor, content, options);
    this.#pushing.set(descriptor.digest, pushing);
    try {
      await pushing;
    } finally {
      this.#pushing.delete(descriptor.digest);
    }
  }

  /** The manifest is asked for where neither `content` nor an earlier push gives its bytes. */
  async tag(
    descriptor: Descriptor,
    reference: string,
    options: Abortable & { readonly content?: Uint8Array } = {},
  ): Promise<void> {
    const content =
      options.content ??
      this.#manifests.get(descriptor.digest)?.content ??
      (
        await getManifest(descriptor.digest, {
          ...this.#place(options),
          expected: descriptor,
          capability: 'push',
        })
      ).content;
    await this.pushManifest({ descriptor, content }, reference, options);
  }

  /** Puts a manifest straight under a tag: one request where `push` and `tag` are two. */
  async pushManifest(manifest: ManifestContent, reference: string, options: Abortable = {}): Promise<void> {
    verifyBytes(manifest.content, manifest.descriptor);
    const { subject, listed } = await putManifest(reference, manifest, this.#place(options));
    this.#known.set(manifest.descriptor.digest, true);
    this.#keep(manifest);
    if (subject === undefined || listed) return;
    // One after another: each reads the list and writes it anew.
    const adding = this.#referring.then(() => addReferrerTag(manifest, subject, this.#place(options)));
    this.#referring = adding.catch(() => undefined);
    await adding;
  }

  /**
   * Has the registry take a blob over from another repository of its own (OCI distribution spec "Mounting a blob
   * from another repository"). False when it does not; the blob then has to be pushed.
   */
  async mount(descriptor: Descriptor, from: string, options: Abortable = {}): Promise<boolean> {
    const upload = this.#upload(descriptor, options);
    const opened = await this.#settings.session.call<OpenUpload | undefined>({
      method: 'POST',
      repository: this.path,
      target: `/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`,
      subject: upload.subject,
      scopes: [repositoryScope(this.path, 'pull', 'push'), repositoryScope(from, 'pull'), ...this.#settings.scopes],
      capability: 'push',
      accept: [201, 202],
      read: async (response, client) => {
        if (response.status === 202) return openedBy(response, client, upload.subject);
        await statusOnly(response);
        return undefined;
      },
      signal: options.signal,
    });
    if (opened === undefined) this.#known.set(descriptor.digest, true);
    else {
      this.#opened.set(descriptor.digest, opened);
      this.#known.set(descriptor.digest, false);
    }
    return opened === undefined;
  }

  /** The manifests that name the digest as their subject. */
  async referrers(digest: Digest, options: Abortable & { readonly artifactType?: string } = {}): Promise<Descriptor[]> {
    const { artifactType } = options;
    const found = await listReferrers(digest, {
      ...this.#place(options),
      api: this.#listsReferrers,
      ...(artifactType === undefined ? {} : { artifactType }),
    });
    this.#listsReferrers = found.api;
    return found.referrers;
  }

  /** The repository's tags, asked for page by page as they are read. */
  tags(options: Abortable & { readonly pageSize?: number } = {}): AsyncGenerator<string, void, undefined> {
    const { pageSize } = options;
    return listTags(this.#place(options), pageSize === undefined ? {} : { pageSize });
  }

  /** Deletes a manifest by its digest, or a tag alone where the registry can do that. */
  async deleteManifest(reference: string, options: Abortable = {}): Promise<void> {
    if (isDigest(reference)) {
      this.#known.delete(reference);
      this.#manifests.delete(reference);
    }
    await deleteManifest(reference, this.#place(options));
  }

  async deleteBlob(descriptor: Descriptor, options: Abortable = {}): Promise<void> {
    this.#known.delete(descriptor.digest);
    await this.#settings.session.call({
      method: 'DELETE',
      repository: this.path,
      target: `/blobs/${descriptor.digest}`,
      subject: this.#blobSubject(descriptor),
      scopes: [repositoryScope(this.path, 'delete'), ...this.#settings.scopes],
      capability: 'push',
      accept: [200, 202, 204],
      read: statusOnly,
      signal: options.signal,
    });
  }

  async #pushUnlessThere(descriptor: Descriptor, content: Readable | Uint8Array, options: PushOptions): Promise<void> {
    options.signal?.throwIfAborted();
    // What was asked a moment ago is not asked again.
    if (this.#known.get(descriptor.digest) ?? (await this.exists(descriptor, options))) {
      if (!(content instanceof Uint8Array)) content.destroy();
      return;
    }
    await this.#push(descriptor, content, options);
    this.#known.set(descriptor.digest, true);
  }

  async #push(descriptor: Descriptor, content: Readable | Uint8Array, options: PushOptions): Promise<void> {
    if (isManifestType(descriptor.mediaType)) {
      const bytes = content instanceof Uint8Array ? content : await collect(content, descriptor, options);
      await this.pushManifest({ descriptor, content: bytes }, descriptor.digest, options);
      return;
    }
    const upload = this.#upload(descriptor, options);
    this.#opened.delete(descriptor.digest);
    if (content instanceof Uint8Array || descriptor.size <= this.#settings.monolithicBytes) {
      const bytes = content instanceof Uint8Array ? content : await collect(content, descriptor, options);
      verifyBytes(bytes, descriptor);
      await uploadBytes(descriptor, bytes, upload);
    } else await uploadStream(descriptor, content, upload);
  }

  async #manifestExists(descriptor: Descriptor, options: Abortable): Promise<boolean> {
    return this.#settings.session.call<boolean>({
      method: 'HEAD',
      repository: this.path,
      target: `/manifests/${descriptor.digest}`,
      subject: manifestSubject(this.name, descriptor.digest),
      scopes: [repositoryScope(this.path, 'pull'), ...this.#settings.scopes],
      capability: 'push',
      headers: { accept: descriptor.mediaType },
      accept: [200, 404],
      read: async (response) => (await statusOnly(response)) === 200,
      signal: options.signal,
    });
  }

  #place(options: Abortable): ManifestPlace {
    return {
      session: this.#settings.session,
      repository: this.path,
      name: this.name,
      scopes: this.#settings.scopes,
      signal: options.signal,
    };
  }

  #upload(descriptor: Descriptor, options: PushOptions): UploadOptions {
    const { session, scopes, retry, onRetry, uploads, chunkSize } = this.#settings;
    const opened = this.#opened.get(descriptor.digest);
    return {
      session,
      repository: this.path,
      subject: this.#blobSubject(descriptor),
      scopes,
      retry,
      uploads,
      key: `${this.name}@${descriptor.digest}`,
      chunkSize,
      ...(onRetry === undefined ? {} : { onRetry }),
      ...(opened === undefined ? {} : { opened }),
      ...(options.reopen === undefined ? {} : { reopen: options.reopen }),
      signal: options.signal,
    };
  }

  #blobSubject(descriptor: Descriptor): string {
    return `blob ${this.name}@${descriptor.digest}`;
  }

  #keep(manifest: ManifestContent): void {
    this.#manifests.set(manifest.descriptor.digest, manifest);
    for (const digest of this.#manifests.keys()) {
      if (this.#manifests.size <= KEPT_MANIFESTS) break;
      this.#manifests.delete(digest);
    }
  }
}

function streamOf(content: Uint8Array): Readable {
  return Readable.from([content], { objectMode: false });
}

/** All bytes of a stream, which must not be more than the descriptor says. */
async function collect(content: Readable, descriptor: Descriptor, { signal }: Abortable): Promise<Uint8Array> {
  using _ = destroyOnAbort(content, signal);
  try {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of content) {
      // The stream has no encoding set.
      const bytes = part as Uint8Array;
      size += bytes.length;
      if (size > descriptor.size) {
        const message = `the content to push as ${descriptor.digest} has more than ${descriptor.size} bytes`;
        throw new RegistryFailure('SIZE_MISMATCH', message);
      }
      parts.push(bytes);
    }
    return Buffer.concat(parts);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
