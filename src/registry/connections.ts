import { readFileSync } from 'node:fs';
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { debug } from '../util/debug.ts';
import { hasCode, messageOf } from '../util/error.ts';
import type { TlsSettings } from './hosts.ts';
import { proxyFor, type ProxySettings } from './proxy.ts';
import { redactUrl } from './redact.ts';
import { settingsFailure } from './settings-failure.ts';
import { tunnelingAgent } from './tunnel.ts';

/** A body that can be sent again. */
export interface StreamBody {
  /** Exact length in bytes. */
  readonly size: number;
  open(): Readable;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamBody;
  readonly tls?: TlsSettings;
  /** Downloads have connections of their own, so that one being read never keeps an upload waiting. Default control. */
  readonly lane?: 'control' | 'download';
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
  readonly url: URL;
}

export interface ConnectionSettings {
  /** Connections at once to one host, for each of downloads and the rest; default 8. */
  readonly perHost?: number;
  /** Milliseconds until a connection is up; default 15,000. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte while the other side is to send or take one; default 60,000. */
  readonly idleTimeout?: number;
  /** Milliseconds until an answer begins once the request is sent; default 300,000 (a registry may hash a large blob). */
  readonly answerTimeout?: number;
  readonly proxy?: ProxySettings;
}

const NO_TLS: TlsSettings = { insecure: false, ca: [] };

/** Keep-alive connections to any number of hosts. One HTTP exchange a call: no redirects, no retries, no credentials. */
export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #agents = new Map<string, Agent>();
  #closed = false;

  constructor(settings: ConnectionSettings = {}) {
    this.#settings = settings;
  }

  /** Sends one request; resolves when the answer's headers are there. Fails with the system's own error. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    if (this.#closed) throw new Error('the registry client is closed');
    const { url } = request;
    const secure = url.protocol === 'https:';
    const proxy = proxyFor(url, this.#settings.proxy ?? {});
    // Not by import(): that touches every export, and node:http's load undici.
    const { request: open } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
    const agent = this.#agent(request, proxy);
    const headers: Record<string, string | number> = { ...request.headers };
    if (request.body !== undefined) {
      headers['content-length'] = request.body instanceof Uint8Array ? request.body.byteLength : request.body.size;
    } else if (request.method !== 'GET' && request.method !== 'HEAD') headers['content-length'] = 0;
    const options = { method: request.method, headers, agent, signal: request.signal };
    if (proxy === undefined || secure) return this.#exchange(() => open(url, options), request);
    // A plain request through a proxy carries the whole address (RFC 9112 section 3.2.2).
    if (proxy.username !== '') headers['proxy-authorization'] = basicOf(proxy);
    headers['host'] = url.host;
    const toProxy = { ...options, host: proxy.hostname, port: proxy.port || 80, path: url.href };
    return this.#exchange(() => open(toProxy), request);
  }

  /** Ends every connection at once; nothing keeps the process alive then. */
  close(): void {
    this.#closed = true;
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #exchange(open: () => ClientRequest, request: HttpRequest): Promise<HttpResponse> {
    const outgoing = open();
    const { url, signal } = request;
    const started = performance.now();
    return new Promise<HttpResponse>((resolve, reject) => {
      let source: Readable | undefined;
      let answered = false;
      const fail = (error: Error): void => {
        source?.destroy();
        // The body's reader sees it.
        if (answered) return;
        debug('registry', () => `${request.method} ${redactUrl(url)}: ${error.message}`);
        if (signal?.aborted === true) reject(signal.reason);
        else if (closedWhileIdle(outgoing, error)) resolve(this.#exchange(open, request));
        else reject(error);
      };
      outgoing.on('error', fail);
      outgoing.on('response', (body) => {
        answered = true;
        if (source !== undefined && !outgoing.writableEnded) {
          // An early answer (a refusal): the rest of the body is not wanted.
          source.unpipe(outgoing);
          source.destroy();
        }
        const status = body.statusCode ?? 0;
        debug(
          'registry',
          () => `${request.method} ${redactUrl(url)} ${status} ${(performance.now() - started).toFixed(0)} ms`,
        );
        resolve({ status, headers: body.headers, body, url });
      });
      watch(outgoing, this.#settings);
      if (request.body === undefined || request.body instanceof Uint8Array) outgoing.end(request.body);
      else {
        source = request.body.open();
        source.on('error', (error) => {
          fail(error);
          outgoing.destroy();
        });
        source.pipe(outgoing);
      }
    });
  }

  #agent(request: HttpRequest, proxy: URL | undefined): Agent {
    const secure = request.url.protocol === 'https:';
    const tls = secure ? (request.tls ?? NO_TLS) : NO_TLS;
    const key = JSON.stringify([secure, request.lane ?? 'control', tls, proxy?.href]);
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = this.#makeAgent(secure ? tls : undefined, secure ? proxy : undefined);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  #makeAgent(tls: TlsSettings | undefined, proxy: URL | undefined): Agent {
    const options = { keepAlive: true, maxSockets: this.#settings.perHost ?? 8, scheduling: 'lifo' as const };
    if (tls === undefined) {
      const { Agent } = process.getBuiltinModule('node:http');
      return new Agent(options);
    }
    const all = { ...options, ...tlsOptions(tls) };
    if (proxy !== undefined) return tunnelingAgent(proxy, { ...all, connectTimeout: connectTimeout(this.#settings) });
    const { Agent } = process.getBuiltinModule('node:https');
    return new Agent(all);
  }
}

/** The server closed a kept connection about when it was used again; a request that changes nothing is simply sent anew. */
function closedWhileIdle(outgoing: ClientRequest, error: Error): boolean {
  const harmless = outgoing.method === 'GET' || outgoing.method === 'HEAD';
  return harmless && outgoing.reusedSocket && hasCode(error, 'ECONNRESET', 'EPIPE');
}

function connectTimeout(settings: ConnectionSettings): number {
  return settings.connectTimeout ?? 15_000;
}

/** The `Basic` value for the user in an address. */
export function basicOf(url: URL): string {
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function tlsOptions(tls: TlsSettings): Record<string, unknown> {
  const ca = tls.ca.map(readPem);
  const cert = tls.cert === undefined ? undefined : readPem(tls.cert);
  const key = tls.key === undefined ? undefined : readPem(tls.key);
  const own = ca.length === 0 ? {} : { ca: [...trustedAuthorities(), ...ca] };
  return {
    ...own,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: !tls.insecure,
  };
}

/** What Node trusts by itself, NODE_EXTRA_CA_CERTS among it; naming an authority replaces that list. */
function trustedAuthorities(): readonly string[] {
  const { getCACertificates } = process.getBuiltinModule('node:tls');
  return getCACertificates('default');
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw settingsFailure('REGISTRY_CONFIG', `cannot read the certificate file ${file}: ${messageOf(error)}`, {
      hint: 'Check ca, cert and key of the registry in config.toml, and --registry-ca.',
      cause: error,
    });
  }
}

/** Ends a request whose connection does not come up, or on which the other side keeps silent when it is its turn. */
function watch(outgoing: ClientRequest, settings: ConnectionSettings): void {
  const idle = settings.idleTimeout ?? 60_000;
  const answer = settings.answerTimeout ?? 300_000;
  let response: IncomingMessage | undefined;
  let waited = 0;
  outgoing.on('response', (body) => {
    response = body;
  });
  outgoing.on('socket', (socket) => {
    if (socket.connecting) {
      const timer = setTimeout(() => outgoing.destroy(timedOut('connecting')), connectTimeout(settings));
      const stop = (): void => clearTimeout(timer);
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop);
      outgoing.once('close', stop);
    }
    const onTimeout = (): void => {
      // It is our own side that does not read, or has nothing to send yet.
      const ours =
        response === undefined
          ? !outgoing.writableEnded && outgoing.writableLength === 0
          : response.isPaused() || response.readableLength >= response.readableHighWaterMark;
      waited = ours ? 0 : waited + idle;
      const bound = response === undefined && outgoing.writableFinished ? answer : idle;
      if (waited >= bound) outgoing.destroy(timedOut('waiting'));
      else socket.setTimeout(idle);
    };
    socket.setTimeout(idle);
    socket.on('timeout', onTimeout);
    outgoing.once('close', () => {
      socket.off('timeout', onTimeout);
      socket.setTimeout(0);
    });
  });
}

function timedOut(doing: string): Error {
  return Object.assign(new Error(`timed out ${doing}`), { code: 'ETIMEDOUT' });
}
