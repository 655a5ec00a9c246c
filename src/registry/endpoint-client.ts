import { hasCode, PolyarchError } from '../util/error.ts';
import { discard } from './answer.ts';
import { Authorizer } from './authorizer.ts';
import type { Connections, HttpRequest, HttpResponse, StreamBody } from './connections.ts';
import type { CredentialSource } from './credentials.ts';
import { isNotTls, isUntrusted, RegistryFailure } from './failure.ts';
import type { Endpoint, Scheme, TlsSettings } from './hosts.ts';
import { redactUrl } from './redact.ts';
import type { Scope } from './scope.ts';

/** A request in terms of the distribution API, without a host. */
export interface ApiRequest {
  readonly method: HttpRequest['method'];
  /** Repository path (`library/busybox`). */
  readonly repository: string;
  /** What follows the repository, e.g. `/manifests/latest`; or an upload's or next page's whole address. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamBody;
  readonly scopes: readonly Scope[];
  readonly lane?: HttpRequest['lane'];
  readonly signal?: AbortSignal;
}

export interface EndpointClientOptions {
  readonly connections: Connections;
  readonly credentials: CredentialSource;
  /** TLS settings of another host, for redirects and token servers. */
  readonly tlsOf: (host: string) => TlsSettings;
  readonly userAgent: string;
}

const MAX_REDIRECTS = 10;

/** Talks to one endpoint: finds its scheme, authorises, follows redirects. Answers come back whatever their status. */
export class EndpointClient {
  readonly endpoint: Endpoint;
  readonly #options: EndpointClientOptions;
  readonly #authorizer: Authorizer;
  #scheme: Scheme | undefined;

  constructor(endpoint: Endpoint, options: EndpointClientOptions) {
    this.endpoint = endpoint;
    this.#options = options;
    this.#scheme = endpoint.schemes.length === 1 ? endpoint.schemes[0] : undefined;
    this.#authorizer = new Authorizer({
      credentialHost: endpoint.credentialHost,
      credentials: options.credentials,
      send: (request) => this.#follow(request, { ownHost: undefined }),
    });
  }

  /** The repository's name at this endpoint. */
  nameOf(repository: string): string {
    return this.endpoint.prefix === '' ? repository : `${this.endpoint.prefix.slice(1)}/${repository}`;
  }

  /** A Location as an address of this endpoint; a proxy in front of a TLS registry may have written `http:`. */
  locate(location: string, base: URL): URL {
    const url = new URL(location, base);
    if (base.protocol === 'https:' && url.protocol === 'http:' && url.hostname === base.hostname) {
      url.protocol = 'https:';
      url.port = base.port;
    }
    return url;
  }

  async send(request: ApiRequest): Promise<HttpResponse> {
    const scopes = request.scopes.map((scope) => ({ ...scope, name: this.nameOf(scope.name) }));
    const first = await this.#authorizer.header(scopes, request.signal);
    const response = await this.#attempt(request, first);
    if (response.status !== 401 || !this.#isOwn(response.url)) return response;
    if (!(await this.#authorizer.refused(response, first))) return response;
    await discard(response);
    const second = await this.#authorizer.header(scopes, request.signal);
    return this.#attempt(request, second);
  }

  /** Whether a refusal was one of a credential; undefined when another host refused, or nothing was asked for. */
  async credentialRefused(response: HttpResponse): Promise<boolean | undefined> {
    return this.#isOwn(response.url) ? this.#authorizer.hasCredential() : undefined;
  }

  /** Tries the schemes that are open until one answers as its own protocol. */
  async #attempt(request: ApiRequest, authorization: string | undefined): Promise<HttpResponse> {
    if (this.#scheme !== undefined || typeof request.target !== 'string') {
      return this.#sendTo(request, { scheme: this.#scheme ?? 'https', authorization });
    }
    let failure: unknown;
    let answer: HttpResponse | undefined;
    for (const scheme of this.endpoint.schemes) {
      const last = scheme === this.endpoint.schemes.at(-1);
      try {
        const response = await this.#sendTo(request, { scheme, authorization });
        if (!last && isAnswerToPlainHttp(response, scheme)) {
          await discard(response);
          answer = response;
          continue;
        }
        this.#scheme = scheme;
        return response;
      } catch (error) {
        if (error instanceof PolyarchError) throw error;
        // The first failure is the telling one, unless the second shows that TLS is spoken after all.
        if (failure === undefined || isUntrusted(error)) failure = error;
        if (last || !mayBeOther(error, scheme)) break;
      }
    }
    if (answer !== undefined && !isUntrusted(failure)) return answer;
    throw failure;
  }

  #sendTo(
    request: ApiRequest,
    { scheme, authorization }: { scheme: Scheme; authorization: string | undefined },
  ): Promise<HttpResponse> {
    const { target, repository, headers, scopes: _, ...rest } = request;
    const url =
      typeof target === 'string'
        ? new URL(`${scheme}://${this.endpoint.host}/v2/${this.nameOf(repository)}${target}`)
        : target;
    const own = typeof target === 'string' || this.#isOwn(url);
    return this.#follow(
      {
        ...rest,
        url,
        headers: { ...headers, ...(own && authorization !== undefined ? { authorization } : {}) },
      },
      { ownHost: own ? url.host : undefined },
    );
  }

  /** One exchange and its redirects. Credentials and client certificates stay with the first host. */
  async #follow(request: HttpRequest, { ownHost }: { ownHost: string | undefined }): Promise<HttpResponse> {
    let { url } = request;
    const { authorization, ...bare } = request.headers ?? {};
    for (let hops = 0; ; hops++) {
      const same = hops === 0 || (url.host === request.url.host && url.protocol === request.url.protocol);
      const response = await this.#options.connections.send({
        ...request,
        url,
        tls: url.host === ownHost ? this.endpoint.tls : this.#options.tlsOf(url.host),
        headers: {
          'user-agent': this.#options.userAgent,
          ...bare,
          ...(same && authorization !== undefined ? { authorization } : {}),
        },
      });
      const { location } = response.headers;
      if (location === undefined || !isRedirect(response.status, request.method)) return response;
      await discard(response);
      if (hops >= MAX_REDIRECTS) {
        throw new RegistryFailure('REGISTRY_ERROR', `${request.url.host} redirects more than ${MAX_REDIRECTS} times`);
      }
      url = this.#redirected(location, url);
    }
  }

  #redirected(location: string, from: URL): URL {
    if (!URL.canParse(location, from.href)) {
      throw new RegistryFailure('REGISTRY_ERROR', `${from.host} redirects to something that is no address`);
    }
    const url = this.locate(location, from);
    if (url.protocol !== 'https:' && (url.protocol !== 'http:' || from.protocol === 'https:')) {
      throw new RegistryFailure('REGISTRY_ERROR', `${from.host} redirects from TLS to ${redactUrl(url)}`, {
        hint: 'The registry is set up wrongly: what it redirects to must be an https address.',
      });
    }
    return url;
  }

  #isOwn(url: URL): boolean {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const own = new URL(`${url.protocol}//${this.endpoint.host}`);
    const ownPort = own.port || (url.protocol === 'https:' ? '443' : '80');
    const scheme = url.protocol === 'https:' ? 'https' : 'http';
    const known = this.#scheme ?? scheme;
    return own.hostname === url.hostname && ownPort === port && scheme === known;
  }
}

function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (status === 301 || status === 302 || status === 303) && (method === 'GET' || method === 'HEAD');
}

/** A TLS server's answer to a plain request: 400, and nothing of a registry in it. */
function isAnswerToPlainHttp(response: HttpResponse, scheme: Scheme): boolean {
  return (
    scheme === 'http' &&
    response.status === 400 &&
    response.headers['docker-distribution-api-version'] === undefined &&
    response.headers['content-type']?.startsWith('application/json') !== true
  );
}

/** The failure may come from speaking the wrong one of HTTP and HTTPS. */
function mayBeOther(error: unknown, scheme: Scheme): boolean {
  if (scheme === 'https') return isNotTls(error) || hasCode(error, 'ECONNRESET', 'ECONNREFUSED');
  return (
    hasCode(error, 'ECONNRESET', 'EPIPE') ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_'))
  );
}
