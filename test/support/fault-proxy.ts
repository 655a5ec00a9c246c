import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with one request. */
export type Fault =
  /** The connection is cut before anything is passed on. */
  | { readonly kind: 'reset' }
  /** The connection is cut once the registry has done its work: the answer is lost. */
  | { readonly kind: 'lose-answer' }
  /** This answer in place of the registry's. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The answer's body is cut after so many bytes. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** So many bytes of the request's body reach the registry, then both connections are cut. */
  | { readonly kind: 'cut-upload'; readonly bytes: number }
  /** The first byte of the answer's body is changed. */
  | { readonly kind: 'corrupt' }
  /** Headers of the answer are changed; an empty value removes one. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** Bytes of the answer's body are changed as it passes. */
  | { readonly kind: 'rewrite'; readonly body: (body: Buffer) => Buffer | string }
  /** So many bytes of the request's body reach the registry; the rest waits until the client goes away. */
  | { readonly kind: 'hold-upload'; readonly bytes: number }
  /** So many bytes of the answer's body pass; the rest waits until the client goes away. */
  | { readonly kind: 'hold-answer'; readonly bytes: number }
  /** The answer's body passes in so many parts, with so many milliseconds between them. */
  | { readonly kind: 'slow'; readonly parts: number; readonly milliseconds: number }
  /** A header of the request is not passed on. */
  | { readonly kind: 'ignore-header'; readonly name: string }
  /** Nothing is answered for so many milliseconds. */
  | { readonly kind: 'delay'; readonly milliseconds: number };

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Bytes of its body that came so far. */
  received: number;
  /** The answer's status, once there is one; undefined when the proxy cut the connection before. */
  status: number | undefined;
}

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Every request in the order they came. */
  readonly requests: SeenRequest[];
  /** The next `times` requests whose `METHOD /path?query` matches suffer the fault; faults queue up. */
  inject(pattern: RegExp, fault: Fault, times?: number): void;
  /** Forgets faults that did not happen yet. */
  clear(): void;
  /** How many requests match. */
  count(pattern: RegExp): number;
  /** Bytes of the bodies of requests that match. */
  received(pattern: RegExp): number;
  close(): Promise<void>;
}

interface Rule {
  readonly pattern: RegExp;
  readonly fault: Fault;
  left: number;
}

/** A plain-HTTP proxy in front of a plain-HTTP registry that fails on demand. `target` is `HOST:PORT`. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const rules: Rule[] = [];
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const seen: SeenRequest = { method, url, headers, received: 0, status: undefined };
    requests.push(seen);
    incoming.on('data', (part: Buffer) => void (seen.received += part.length));
    // Not flowing before somebody wants it.
    incoming.pause();
    outgoing.once('close', () => void (seen.status = outgoing.headersSent ? outgoing.statusCode : undefined));
    const rule = rules.find(({ pattern, left }) => left > 0 && pattern.test(`${method} ${url}`));
    if (rule !== undefined) rule.left -= 1;
    serve(incoming, outgoing, { target, fault: rule?.fault });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    host: `127.0.0.1:${port}`,
    requests,
    inject: (pattern, fault, times = 1) => rules.push({ pattern, fault, left: times }),
    clear: () => rules.splice(0),
    count: (pattern) => requests.filter(({ method, url }) => pattern.test(`${method} ${url}`)).length,
    received: (pattern) =>
      requests.reduce((sum, { method, url, received }) => sum + (pattern.test(`${method} ${url}`) ? received : 0), 0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, fault }: { target: string; fault: Fault | undefined },
): void {
  switch (fault?.kind) {
    case 'reset':
      incoming.socket.resetAndDestroy();
      return;
    case 'answer':
      incoming.resume();
      outgoing.writeHead(fault.status, fault.headers);
      outgoing.end(incoming.method === 'HEAD' ? undefined : fault.body);
      return;
    case 'delay':
      setTimeout(() => forward(incoming, outgoing, { target, fault: undefined }), fault.milliseconds).unref();
      return;
    default:
      forward(incoming, outgoing, { target, fault });
  }
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, fault }: { target: string; fault: Fault | undefined },
): void {
  const [host, port] = target.split(':');
  const { method, url: path, headers } = incoming;
  if (fault?.kind === 'ignore-header') delete headers[fault.name];
  const upstream = httpRequest({ host, port, method, path, headers, agent: false });
  upstream.on('error', () => incoming.socket.destroy());
  incoming.on('error', () => upstream.destroy());
  upstream.on('response', (answer) => {
    if (fault?.kind === 'lose-answer') {
      answer.resume();
      incoming.socket.resetAndDestroy();
      return;
    }
    const changed: typeof answer.headers = { ...answer.headers, ...(fault?.kind === 'headers' ? fault.headers : {}) };
    // The rewritten body has a length of its own.
    if (fault?.kind === 'rewrite' && method !== 'HEAD') delete changed['content-length'];
    outgoing.writeHead(
      answer.statusCode ?? 502,
      Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== '')),
    );
    sendBody(answer, outgoing, fault);
  });
  sendRequest(incoming, upstream, fault);
}

function sendBody(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
  let passed = 0;
  if (fault?.kind === 'rewrite') {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    answer.on('end', () => outgoing.end(fault.body(Buffer.concat(parts))));
    return;
  }
  if (fault?.kind === 'slow') {
    void sendSlowly(answer, outgoing, fault);
    return;
  }
  answer.on('data', (part: Buffer) => {
    if (fault?.kind === 'hold-answer' && passed + part.length >= fault.bytes) {
      if (passed < fault.bytes) outgoing.write(part.subarray(0, fault.bytes - passed));
      passed = fault.bytes;
      outgoing.once('close', () => answer.destroy());
      answer.pause();
      return;
    }
    if (fault?.kind === 'truncate' && passed + part.length >= fault.bytes) {
      const last = part.subarray(0, fault.bytes - passed);
      answer.destroy();
      outgoing.write(last, () => outgoing.socket?.destroy());
      return;
    }
    if (fault?.kind === 'corrupt' && passed === 0) part[0] = (part[0] ?? 0) ^ 0xff;
    passed += part.length;
    if (!outgoing.write(part)) {
      answer.pause();
      outgoing.once('drain', () => answer.resume());
    }
  });
  answer.on('end', () => outgoing.end());
  answer.on('error', () => outgoing.destroy());
}

async function sendSlowly(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  { parts, milliseconds }: { parts: number; milliseconds: number },
): Promise<void> {
  const body = await buffer(answer).catch(() => undefined);
  if (body === undefined) return void outgoing.destroy();
  const size = Math.max(1, Math.ceil(body.length / parts));
  for (let at = 0; at < body.length && !outgoing.destroyed; at += size) {
    await sleep(milliseconds);
    outgoing.write(body.subarray(at, at + size));
  }
  outgoing.end();
}

function sendRequest(
  incoming: IncomingMessage,
  upstream: ReturnType<typeof httpRequest>,
  fault: Fault | undefined,
): void {
  if (fault?.kind !== 'cut-upload' && fault?.kind !== 'hold-upload') {
    incoming.pipe(upstream);
    return;
  }
  let left = fault.bytes;
  incoming.once('close', () => upstream.destroy());
  incoming.on('data', (part: Buffer) => {
    if (left <= 0) return;
    upstream.write(part.subarray(0, left));
    left -= part.length;
    if (left > 0) return;
    if (fault.kind === 'hold-upload') {
      incoming.pause();
      return;
    }
    // Time for the registry to take in what was sent.
    setTimeout(() => {
      upstream.destroy();
      incoming.socket.resetAndDestroy();
    }, 100);
  });
  incoming.resume();
}
