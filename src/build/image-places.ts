import { notFound } from '../content/not-found.ts';
import type { ImageSource, ImageTarget } from '../manifest/image-source.ts';
import {
  type ArchiveLocation,
  formatLocation,
  type Location,
  type LocationOptions,
  parseLocation,
  referenceOf,
} from '../manifest/location.ts';
import { repositoryName } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { ArchiveSource } from './archive-source.ts';
import { KnownOrigins } from './known-origins.ts';
import { openRegistries, type RegistryOptions } from './registries.ts';
import type { Workspace } from './workspace.ts';

export interface PlacesOptions extends RegistryOptions {
  readonly cwd: string;
  /** Opens the store; asked for when an image of it is named. */
  readonly workspace: () => Promise<Workspace>;
  readonly signal?: AbortSignal;
}

/** Registries, OCI layouts and the local store, by location; each repository is opened once. */
export class ImagePlaces implements AsyncDisposable {
  /** Repositories that blobs are known from. */
  readonly origins: KnownOrigins;
  readonly #options: PlacesOptions;
  readonly #repositories = new Map<string, ReturnType<RegistryClient['repository']>>();
  readonly #archives = new Map<string, Promise<ArchiveSource>>();
  #registries: Promise<RegistryClient> | undefined;
  #workspace: Promise<Workspace> | undefined;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.origins = new KnownOrigins(options.home);
  }

  /** Fails with INVALID_REFERENCE. */
  parse(text: string, options: Pick<LocationOptions, 'defaultTag'> = {}): Location {
    return parseLocation(text, { cwd: this.#options.cwd, ...options });
  }

  /**
   * What the location is read from, and what it is asked for there. `image` is what it was once, for a local image whose name
   * may have moved; elsewhere that is to be had by its digest.
   */
  async source(
    location: Location,
    { image }: { readonly image?: Descriptor } = {},
  ): Promise<{ readonly source: ImageSource; readonly reference: string }> {
    switch (location.kind) {
      case 'registry':
        return { source: await this.#repository(location, 'pull'), reference: referenceOf(location) };
      case 'oci-layout':
        return { source: (await ociLayouts()).open(location.folder), reference: referenceOf(location) };
      case 'archive':
        return { source: await this.#archive(location), reference: referenceOf(location) };
      case 'local':
        return { source: await this.#local(location.name, image), reference: location.name };
    }
  }

  /** Whether the local store has an image of that name, in full. */
  async isLocal(name: string): Promise<boolean> {
    const { openLocalStore } = await import('./local-store.ts');
    using local = openLocalStore(this.#options.home);
    return local.list().some((image) => image.name === name);
  }

  /** What is written to. Fails with INVALID_REFERENCE for an archive, which is written in one go, and for a digest in the local store. */
  async target(location: Location): Promise<ImageTarget> {
    switch (location.kind) {
      case 'registry':
        return this.#repository(location, 'push');
      case 'oci-layout':
        return (await ociLayouts()).create(location.folder, { signal: this.#options.signal });
      case 'local':
        return (await import('./local-target.ts')).localTarget(await this.#store(), location.name);
      case 'archive':
        throw new PolyarchError('INVALID_REFERENCE', `${formatLocation(location)} is no place to publish to`, {
          hint: 'name a registry’s repository or oci-layout://FOLDER; polyarch copy writes archives',
        });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.origins[Symbol.dispose]();
    for (const archive of this.#archives.values()) (await archive.catch(() => undefined))?.[Symbol.dispose]();
    (await this.#registries?.catch(() => undefined))?.close();
    await (await this.#workspace?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  async #repository({ reference }: Extract<Location, { kind: 'registry' }>, action: 'pull' | 'push') {
    const client = await (this.#registries ??= openRegistries(this.#options));
    // Two of one repository: a source asks mirrors, and for no right to push.
    const key = `${action} ${repositoryName(reference)}`;
    const known =
      this.#repositories.get(key) ??
      client.repository(reference, { actions: action === 'pull' ? ['pull'] : ['pull', 'push'] });
    this.#repositories.set(key, known);
    return known;
  }

  #store(): Promise<Workspace> {
    this.#workspace ??= this.#options.workspace();
    return this.#workspace;
  }

  async #archive({ file }: ArchiveLocation): Promise<ImageSource> {
    const { content } = (await this.#store()).engine;
    const { ArchiveSource } = await import('./archive-source.ts');
    const opening = this.#archives.get(file) ?? ArchiveSource.open(file, { content, signal: this.#options.signal });
    this.#archives.set(file, opening);
    return opening;
  }

  async #local(name: string, descriptor: Descriptor | undefined): Promise<ImageSource> {
    const workspace = await this.#store();
    const image =
      descriptor === undefined
        ? workspace.engine.store.resolve(name)
        : { name: descriptor.digest, descriptor, createdAt: 0, updatedAt: 0 };
    const { wholeImage } = await import('./images-source.ts');
    const { source } = await wholeImage(workspace, image, { signal: this.#options.signal });
    return {
      name: `local://${name}`,
      fetch: (descriptor, options) => source.fetch(descriptor, options),
      resolve: async (reference) => {
        if (reference !== name && reference !== image.descriptor.digest)
          throw notFound({ digest: image.descriptor.digest }, `local://${reference}`);
        return image.descriptor;
      },
      referrers: async () => [],
    };
  }
}

/** Loaded when asked for: most commands copy between registries. */
async function ociLayouts() {
  return (await import('../content/oci-layout.ts')).OciLayout;
}
