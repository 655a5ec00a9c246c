import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface UploadServerOptions {
  /** Announced as OCI-Chunk-Min-Length; a smaller chunk that is not the last is refused. */
  readonly minChunk?: number;
}

/**
 * The upload half of a registry by the letter of the OCI distribution spec v1.1: it keeps what came of a broken
 * PATCH, tells how far it is, refuses a chunk at another offset with 416, and names relative Locations.
 * (The distribution project's registry drops an upload whose PATCH broke.)
 */
export interface UploadServer extends AsyncDisposable {
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  /** `METHOD content-range` of every request, in order. */
  readonly requests: string[];
  /** Manifests by tag and digest, whatever is in them. */
  readonly manifests: Map<string, Buffer>;
  /** Bytes of uploads' bodies that came so far. */
  received(): number;
  /** After so many more body bytes the connection of a PATCH is cut, once. */
  cutAfter(bytes: number): void;
  /** After so many more body bytes nothing is read until the connection is gone, once. */
  stallAfter(bytes: number): void;
  /** The registry says it took only so many bytes of the next PATCH. */
  takeOnly(bytes: number): void;
}

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

export async function startUploadServer(options: UploadServerOptions = {}): Promise<UploadServer> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer[]>();
  const requests: string[] = [];
  let cut = Number.POSITIVE_INFINITY;
  let take = Number.POSITIVE_INFINITY;
  let stall = Number.POSITIVE_INFINITY;
  let received = 0;
  const manifests = new Map<string, Buffer>();

  const receive = async (request: IncomingMessage, parts: Buffer[], limit: number): Promise<boolean> => {
    let left = limit;
    try {
      for await (const part of request) {
        const bytes = part as Buffer;
        parts.push(bytes.subarray(0, Math.min(left, cut)));
        received += bytes.length;
        stall -= bytes.length;
        if (stall <= 0) {
          stall = Number.POSITIVE_INFINITY;
          await once(request.socket, 'close');
          return false;
        }
        left -= Math.min(left, bytes.length);
        cut -= bytes.length;
        if (cut <= 0) {
          cut = Number.POSITIVE_INFINITY;
          request.socket.resetAndDestroy();
          return false;
        }
      }
      return true;
    } catch {
      return false;
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '' } = request;
    const url = new URL(request.url ?? '/', 'http://localhost');
    requests.push(`${method} ${request.headers['content-range'] ?? ''}`.trim());
    const id = /\/blobs\/uploads\/([\w-]+)$/.exec(url.pathname)?.[1];
    const answer = (status: number, headers: Record<string, string | number> = {}): void => {
      request.resume();
      response.writeHead(status, { 'content-length': 0, ...headers }).end();
    };
    if (method === 'POST') {
      const made = randomUUID();
      uploads.set(made, []);
      const minimum: Record<string, number> =
        options.minChunk === undefined ? {} : { 'oci-chunk-min-length': options.minChunk };
      return answer(202, { location: `${made}?state=a+b%2Fc`, ...minimum });
    }
    if (url.pathname.includes('/manifests/')) {
      const name = url.pathname.split('/').at(-1) ?? '';
      if (method !== 'PUT') return answer(manifests.has(name) ? 200 : 404);
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      manifests.set(name, Buffer.concat(parts));
      return answer(201);
    }
    if (id === undefined) {
      const blob = blobs.get(url.pathname.split('/').at(-1) ?? '');
      return blob === undefined ? answer(404) : answer(200, { 'content-length': blob.length });
    }
    const parts = uploads.get(id);
    if (parts === undefined || url.searchParams.get('state') !== 'a b/c' || !url.search.includes('a+b%2Fc'))
      return answer(404);
    const place = (): Record<string, string> => ({
      location: `${id}?state=a+b%2Fc`,
      ...(sizeOf(parts) === 0 ? {} : { range: `0-${sizeOf(parts) - 1}` }),
    });
    if (method === 'GET') return answer(204, place());
    if (method === 'PATCH') {
      const [from, to] = (request.headers['content-range'] ?? '').split('-').map(Number);
      if (from !== sizeOf(parts)) return answer(416, place());
      const before = parts.length;
      const length = (to ?? 0) - from + 1;
      if (!(await receive(request, parts, take))) return undefined;
      take = Number.POSITIVE_INFINITY;
      if (length < (options.minChunk ?? 0)) requests.push(`SMALL ${length} ${before}`);
      return answer(202, place());
    }
    if (!(await receive(request, parts, Number.POSITIVE_INFINITY))) return undefined;
    const content = Buffer.concat(parts);
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    uploads.delete(id);
    if (digest !== url.searchParams.get('digest')) return answer(400);
    blobs.set(digest, content);
    return answer(201, { 'docker-content-digest': digest });
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    blobs,
    requests,
    manifests,
    received: () => received,
    cutAfter: (bytes) => {
      cut = bytes;
    },
    stallAfter: (bytes) => {
      stall = bytes;
    },
    takeOnly: (bytes) => {
      take = bytes;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
