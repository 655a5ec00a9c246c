import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { REGISTRY_PASSWORD, REGISTRY_USER } from './registry.ts';

/** A tag of the double. */
export interface HubTagInit {
  readonly name: string;
  readonly digest: string;
  /** RFC 3339. */
  readonly pushed: string;
  readonly images: readonly {
    readonly digest: string;
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string | null;
    readonly size: number;
  }[];
}

/** Docker Hub's API as far as polyarch uses it, after its public documentation. */
export interface HubDouble extends AsyncDisposable {
  readonly address: string;
  /** `METHOD /path?query`, in the order they came. */
  readonly requests: string[];
  readonly tags: Map<string, HubTagInit>;
  /** What the repository's texts are now. */
  readonly texts: { full_description?: string; description?: string };
  /** The next request is answered so instead. */
  failNext(status: number, body?: string): void;
}

/** Serves one repository, `me/app`; the test user's password opens it for changes. Pages hold two tags at most. */
export async function startHub(tags: readonly HubTagInit[]): Promise<HubDouble> {
  const requests: string[] = [];
  const held = new Map(tags.map((tag) => [tag.name, tag]));
  const texts: HubDouble['texts'] = {};
  const token = 'hub-token-of-the-test';
  let failing: { status: number; body: string } | undefined;
  let address = '';

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', address);
    requests.push(`${request.method} ${request.url}`);
    const send = (status: number, body?: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    if (failing !== undefined) {
      response.writeHead(failing.status, { 'content-type': 'application/json' }).end(failing.body);
      failing = undefined;
      return;
    }
    if (request.method === 'POST' && url.pathname === '/v2/auth/token') {
      const { identifier, secret } = (await json(request)) as { identifier?: string; secret?: string };
      if (identifier === REGISTRY_USER && secret === REGISTRY_PASSWORD) return send(200, { access_token: token });
      return send(401, { message: 'Incorrect authentication credentials' });
    }
    const match = /^\/v2\/repositories\/me\/app\/(?:tags\/(?:([^/]+)\/)?)?$/.exec(url.pathname);
    if (match === null) return send(404, { message: 'object not found' });
    if (request.method === 'GET' && url.pathname.endsWith('/tags/')) {
      const page = Number(url.searchParams.get('page') ?? 1);
      const all = [...held.values()].toSorted((a, b) => b.pushed.localeCompare(a.pushed));
      const results = all.slice(2 * page - 2, 2 * page).map(listed);
      const next = all.length > 2 * page ? `${address}${url.pathname}?page_size=2&page=${page + 1}` : null;
      return send(200, { count: all.length, next, previous: null, results });
    }
    if (request.headers.authorization !== `Bearer ${token}`) return send(401, { message: 'unauthorized' });
    const tag = match[1];
    if (request.method === 'DELETE' && tag !== undefined) {
      return held.delete(tag) ? send(204) : send(404, { message: 'object not found' });
    }
    if (request.method === 'PATCH' && url.pathname === '/v2/repositories/me/app/') {
      Object.assign(texts, await json(request));
      return send(200, { name: 'app', namespace: 'me', ...texts });
    }
    return send(405, { message: 'method not allowed' });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  address = `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`;
  return {
    address,
    requests,
    tags: held,
    texts,
    failNext: (status, body = '{}') => {
      failing = { status, body };
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listed({ name, digest, pushed, images }: HubTagInit): object {
  const size = images.reduce((sum, image) => sum + image.size, 0);
  return { name, digest, tag_last_pushed: pushed, last_updated: pushed, full_size: size, tag_status: 'active', images };
}

async function json(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return JSON.parse(text);
}
