import type { Abortable } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { statusOnly } from './answer.ts';
import { Connections, type ConnectionSettings } from './connections.ts';
import { ANONYMOUS, type CredentialSource } from './credentials.ts';
import { EndpointClient } from './endpoint-client.ts';
import { canonicalDomain, resolveHosts, type HostTable, type TlsSettings } from './hosts.ts';
import { Repository } from './repository.ts';
import { DEFAULT_RETRY, type RetryNotice, type RetryPolicy } from './retry.ts';
import { repositoryScope, type Action, type Scope } from './scope.ts';
import { RegistrySession } from './session.ts';
import { memoryUploadSessions, type UploadSessions } from './upload-sessions.ts';

export interface RegistrySettings extends ConnectionSettings {
  /** Mirrors, TLS and plain HTTP by host; default none. */
  readonly hosts?: HostTable;
  /** Default: anonymous. */
  readonly credentials?: CredentialSource;
  /** Fields in place of DEFAULT_RETRY's. */
  readonly retry?: Partial<RetryPolicy>;
  /** Told before each new try. */
  readonly onRetry?: (notice: RetryNotice) => void;
  /** Told once for every mirror request that fails otherwise than by not having the content. */
  readonly onMirrorFailure?: (message: string) => void;
  /** Where uploads under way are remembered; default: in this process. */
  readonly uploads?: UploadSessions;
  /** Blobs up to this many bytes are sent from memory in one request; default 4 MiB. */
  readonly monolithicBytes?: number;
  /** Bytes of one upload chunk, kept in memory until accepted; default 16 MiB, sensible 5 to 64 MiB. */
  readonly chunkSize?: number;
  /** Default `polyarch`. */
  readonly userAgent?: string;
}

export interface RepositoryOptions {
  /** What the repository is opened for: one token then serves the whole job; default `pull` alone. */
  readonly actions?: readonly Action[];
  /** Further resources of the job, e.g. a repository to mount from. */
  readonly scopes?: readonly Scope[];
}

/** An image at a registry. */
export interface ResolvedImage {
  readonly reference: Reference;
  readonly repository: Repository;
  readonly descriptor: Descriptor;
}

/** All registries: shares connections, tokens and what was learnt of each host. Close it for the process to end at once. */
export class RegistryClient implements AsyncDisposable {
  readonly #settings: RegistrySettings;
  readonly #connections: Connections;
  readonly #retry: RetryPolicy;
  readonly #uploads: UploadSessions;
  readonly #sessions = new Map<string, RegistrySession>();
  readonly #endpoints = new Map<string, EndpointClient>();

  constructor(settings: RegistrySettings = {}) {
    this.#settings = settings;
    this.#connections = new Connections(settings);
    this.#retry = { ...DEFAULT_RETRY, ...settings.retry };
    this.#uploads = settings.uploads ?? memoryUploadSessions();
  }

  /** The repository of a reference; nothing is asked yet. Fails with INVALID_REFERENCE and REGISTRY_CONFIG. */
  repository(reference: string | Pick<Reference, 'domain' | 'path'>, options: RepositoryOptions = {}): Repository {
    const { domain, path } = typeof reference === 'string' ? parseReference(reference) : reference;
    const { onRetry, monolithicBytes, chunkSize } = this.#settings;
    return new Repository({
      session: this.#session(domain),
      domain,
      path,
      scopes: [repositoryScope(path, ...(options.actions ?? ['pull'])), ...(options.scopes ?? [])],
      retry: this.#retry,
      uploads: this.#uploads,
      monolithicBytes: monolithicBytes ?? 4 * 1024 * 1024,
      chunkSize: chunkSize ?? 16 * 1024 * 1024,
      ...(onRetry === undefined ? {} : { onRetry }),
    });
  }

  /** The descriptor behind a reference; a digest in it wins over the tag. */
  async resolveImage(reference: string | Reference, options: Abortable = {}): Promise<ResolvedImage> {
    const parsed = typeof reference === 'string' ? parseReference(reference) : reference;
    const repository = this.repository(parsed);
    const descriptor = await repository.resolve(parsed.digest ?? parsed.tag ?? 'latest', options);
    return { reference: parsed, repository, descriptor };
  }

  /** Whether something else is asked before the registry itself. */
  hasMirrors(domain: string): boolean {
    return resolveHosts(canonicalDomain(domain), this.#settings.hosts).length > 1;
  }

  /**
   * Asks the registry itself, no mirror, whether it takes the credential that there is for it (OCI distribution spec
   * "Determining Support"). Fails with UNAUTHORIZED when it does not.
   */
  async checkLogin(domain: string, options: Abortable = {}): Promise<void> {
    await this.#session(domain).call({
      method: 'GET',
      repository: '',
      target: '',
      subject: `login to ${canonicalDomain(domain)}`,
      scopes: [],
      capability: 'push',
      accept: [200],
      read: statusOnly,
      signal: options.signal,
    });
  }

  /** Ends every connection; the client cannot be used any more. */
  close(): void {
    this.#connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #session(domain: string): RegistrySession {
    const name = canonicalDomain(domain);
    let session = this.#sessions.get(name);
    if (session === undefined) {
      const { hosts, onRetry, onMirrorFailure } = this.#settings;
      session = new RegistrySession({
        clients: resolveHosts(name, hosts).map((endpoint) => this.#endpoint(endpoint)),
        retry: this.#retry,
        ...(onRetry === undefined ? {} : { onRetry }),
        ...(onMirrorFailure === undefined ? {} : { onMirrorFailure }),
      });
      this.#sessions.set(name, session);
    }
    return session;
  }

  /** A host that is a mirror and a registry of its own shares nothing but connections. */
  #endpoint(endpoint: ReturnType<typeof resolveHosts>[number]): EndpointClient {
    const key = JSON.stringify(endpoint);
    let client = this.#endpoints.get(key);
    if (client === undefined) {
      client = new EndpointClient(endpoint, {
        connections: this.#connections,
        credentials: this.#settings.credentials ?? ANONYMOUS,
        tlsOf: (host) => this.#tlsOf(host),
        userAgent: this.#settings.userAgent ?? 'polyarch',
      });
      this.#endpoints.set(key, client);
    }
    return client;
  }

  #tlsOf(host: string): TlsSettings {
    const own = resolveHosts(host, this.#settings.hosts).at(-1);
    return own?.tls ?? { insecure: false, ca: [] };
  }
}
