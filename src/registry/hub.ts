import { isDigest, type Digest } from '../oci/digest.ts';
import { formatPlatform, normalizePlatform } from '../oci/platform.ts';
import type { Reference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import { failureOf, readJson, statusOnly } from './answer.ts';
import { Connections, type ConnectionSettings, type HttpRequest, type HttpResponse } from './connections.ts';
import type { CredentialSource } from './credentials.ts';
import { connectionFailure, RegistryFailure } from './failure.ts';
import { DEFAULT_RETRY, retrying, type RetryNotice, type RetryPolicy } from './retry.ts';
import { settingsFailure } from './settings-failure.ts';

/*
 * Docker Hub's own API, for what the distribution API cannot do there (docs.docker.com, "Docker Hub API"): tags with
 * their times, removal of a tag, the texts of a repository.
 */

/** Where the Hub's API is unless configured otherwise. */
export const HUB_ADDRESS = 'https://hub.docker.com';

export interface HubSettings extends ConnectionSettings {
  /** Default HUB_ADDRESS. */
  readonly address?: string;
  /** Asked for docker.io's user and password (or access token). */
  readonly credentials: CredentialSource;
  readonly retry?: Partial<RetryPolicy>;
  readonly onRetry?: (notice: RetryNotice) => void;
}

/** A tag as the Hub lists it. */
export interface HubTag {
  readonly name: string;
  readonly digest: Digest | undefined;
  /** When it was last pushed, ms since the epoch. */
  readonly pushed: number | undefined;
  /** Bytes of all its images. */
  readonly size: number;
  readonly images: readonly { readonly digest: Digest; readonly platform: string | undefined }[];
}

/** The texts of a repository. */
export interface HubTexts {
  /** The page, Markdown. */
  readonly full?: string;
  /** The line under the name. */
  readonly short?: string;
}

interface Options {
  readonly signal?: AbortSignal;
}

/** What the Hub takes, in bytes of UTF-8. */
export const HUB_LIMITS = { full: 25_000, short: 100 } as const;

const PAGE = 100;
/** Pages followed before a listing is taken for endless. */
const MAX_PAGES = 10_000;

/** Docker Hub's API. It logs in with docker.io's credential when there is one. Close it for the process to end at once. */
export class HubClient implements Disposable {
  readonly #settings: HubSettings;
  readonly #connections: Connections;
  readonly #address: URL;
  #token: Promise<string | undefined> | undefined;

  /** Fails with REGISTRY_CONFIG for an address that is none. */
  constructor(settings: HubSettings) {
    this.#settings = settings;
    this.#address = addressOf(settings.address ?? HUB_ADDRESS);
    this.#connections = new Connections(settings);
  }

  /** Every tag of a repository, the last pushed first. */
  async tags({ path }: Pick<Reference, 'path'>, options: Options = {}): Promise<HubTag[]> {
    const subject = `tags of docker.io/${path} at ${this.#address.host}`;
    const tags: HubTag[] = [];
    let next: string | undefined = `/v2/repositories/${partsOf(path)}/tags/?page_size=${PAGE}`;
    for (let pages = 0; next !== undefined; pages++) {
      if (pages >= MAX_PAGES) throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the list does not end`);
      const answer = recordOf(await this.#ask(subject, { method: 'GET', path: next }, options));
      const results = answer['results'];
      if (!Array.isArray(results)) throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the answer is no list`);
      tags.push(...results.map((result: unknown) => tagOf(recordOf(result))));
      next = this.#nextPage(answer['next']);
    }
    return tags;
  }

  /** Removes a tag; its images stay as long as another one has them. Fails with NOT_FOUND, UNAUTHORIZED and DENIED. */
  async deleteTag({ path }: Pick<Reference, 'path'>, tag: string, options: Options = {}): Promise<void> {
    await this.#requireLogin(options);
    const subject = `tag docker.io/${path}:${tag} at ${this.#address.host}`;
    await this.#ask(subject, { method: 'DELETE', path: `/v2/repositories/${partsOf(path)}/tags/${tag}/` }, options);
  }

  /** Sets the texts that are given; the others stay. Fails with HUB_TEXT_TOO_LONG before anything is sent. */
  async describe({ path }: Pick<Reference, 'path'>, texts: HubTexts, options: Options = {}): Promise<void> {
    checkTexts(texts);
    await this.#requireLogin(options);
    const subject = `texts of docker.io/${path} at ${this.#address.host}`;
    const body = {
      ...(texts.full === undefined ? {} : { full_description: texts.full }),
      ...(texts.short === undefined ? {} : { description: texts.short }),
    };
    await this.#ask(subject, { method: 'PATCH', path: `/v2/repositories/${partsOf(path)}/`, body }, options);
  }

  [Symbol.dispose](): void {
    this.#connections.close();
  }

  async #requireLogin(options: Options): Promise<void> {
    if ((await this.#login(options)) !== undefined) return;
    throw new PolyarchError('UNAUTHORIZED', `${this.#address.host} wants a login for that`, {
      hint: 'polyarch login docker.io, with an access token that may read, write and delete',
    });
  }

  /** A token for the credential of docker.io; undefined when there is none. */
  #login(options: Options): Promise<string | undefined> {
    this.#token ??= this.#askToken(options);
    return this.#token;
  }

  async #askToken(options: Options): Promise<string | undefined> {
    const credential = await this.#settings.credentials.credentialFor('docker.io', { signal: options.signal });
    if (credential === undefined) return undefined;
    if (credential.kind !== 'password') {
      throw new PolyarchError(
        'UNAUTHORIZED',
        `what is stored for docker.io is a token that ${this.#address.host} does not take`,
        {
          hint: 'polyarch login docker.io, with a password or a personal access token',
        },
      );
    }
    const { username: identifier, password: secret } = credential;
    const subject = `login to ${this.#address.host}`;
    const body = { identifier, secret };
    const answer = recordOf(await this.#send(subject, { method: 'POST', path: '/v2/auth/token', body }, options));
    const token = answer['access_token'];
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
    throw new RegistryFailure('REGISTRY_ERROR', `${subject}: the answer holds no token`);
  }

  async #ask(subject: string, call: HubCall, options: Options): Promise<unknown> {
    const token = await this.#login(options);
    return this.#send(subject, { ...call, ...(token === undefined ? {} : { token }) }, options);
  }

  #send(subject: string, call: HubCall, { signal }: Options): Promise<unknown> {
    const { retry, onRetry } = this.#settings;
    return retrying(() => this.#once(subject, call, signal), {
      policy: { ...DEFAULT_RETRY, ...retry },
      ...(onRetry === undefined ? {} : { onRetry }),
      signal,
    });
  }

  async #once(subject: string, call: HubCall, signal: AbortSignal | undefined): Promise<unknown> {
    const request: HttpRequest = {
      method: call.method,
      url: new URL(`${this.#address.pathname.replace(/\/$/, '')}${call.path}`, this.#address),
      headers: {
        'user-agent': 'polyarch',
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
      },
      ...(call.body === undefined ? {} : { body: Buffer.from(JSON.stringify(call.body)) }),
      signal,
    };
    let response: HttpResponse;
    try {
      response = await this.#connections.send(request);
      if (response.status === 200 || response.status === 201) return await readJson(response);
      if (response.status === 204 || response.status === 202) return await statusOnly(response);
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionFailure(error, { subject, host: this.#address.host });
    }
    throw await failureOf(response, subject, { credential: call.token !== undefined || call.method === 'POST' });
  }

  /** The `next` of a page, as a path of the same place. */
  #nextPage(next: unknown): string | undefined {
    if (typeof next !== 'string' || !URL.canParse(next, this.#address.href)) return undefined;
    const { pathname, search } = new URL(next, this.#address);
    const prefix = this.#address.pathname.replace(/\/$/, '');
    return `${pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : pathname}${search}`;
  }
}

interface HubCall {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
}

/** Fails with HUB_TEXT_TOO_LONG. */
export function checkTexts(texts: HubTexts): void {
  for (const name of ['full', 'short'] as const) {
    const bytes = Buffer.byteLength(texts[name] ?? '');
    if (bytes <= HUB_LIMITS[name]) continue;
    throw new PolyarchError(
      'HUB_TEXT_TOO_LONG',
      `the ${name === 'full' ? 'README' : 'short text'} has ${bytes} bytes; Docker Hub takes ${HUB_LIMITS[name]}`,
      { hint: 'shorten it, or link to the rest' },
    );
  }
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '') return url;
  throw settingsFailure('REGISTRY_CONFIG', 'the address of Docker Hub’s API is no http or https address', {
    hint: `for example ${HUB_ADDRESS}, in POLYARCH_HUB_URL or under [hub] in config.toml`,
  });
}

/** The path, when it is one that the Hub has. Fails with INVALID_REFERENCE for one of other than two parts. */
function partsOf(path: string): string {
  if (path.split('/').length === 2) return path;
  throw new PolyarchError('INVALID_REFERENCE', `docker.io/${path} is no repository of Docker Hub`, {
    hint: 'write NAMESPACE/NAME',
  });
}

function tagOf(result: Readonly<Record<string, unknown>>): HubTag {
  const { name, digest, full_size: size } = result;
  const pushed = Date.parse(String(result['tag_last_pushed'] ?? result['last_updated']));
  const images = Array.isArray(result['images']) ? result['images'] : [];
  return {
    name: String(name),
    digest: typeof digest === 'string' && isDigest(digest) ? digest : undefined,
    pushed: Number.isNaN(pushed) ? undefined : pushed,
    size: images.reduce((sum: number, image: unknown) => sum + numberOf(recordOf(image)['size']), 0) || numberOf(size),
    images: images.flatMap((image: unknown) => {
      const { digest: own, os, architecture, variant } = recordOf(image);
      if (typeof own !== 'string' || !isDigest(own)) return [];
      const known = typeof os === 'string' && typeof architecture === 'string' && architecture !== 'unknown';
      const more = typeof variant === 'string' && variant !== '' ? { variant } : {};
      return [
        { digest: own, platform: known ? formatPlatform(normalizePlatform({ os, architecture, ...more })) : undefined },
      ];
    }),
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  // Just checked.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
