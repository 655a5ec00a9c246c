import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connections } from '../../src/registry/connections.ts';
import { fetchHttp, type HttpSource, type HttpOptions } from '../../src/worker/sources/http.ts';
import { temporaryFolder } from '../support/tree.ts';

/* Against a file server on loopback. */

const sha256 = (text: string): `sha256:${string}` => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const TIME = 'Wed, 21 Oct 2015 07:28:00 GMT';

let connections: Connections;
beforeEach(() => void (connections = new Connections()));
afterEach(() => connections.close());

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
}

async function serve(listener: RequestListener): Promise<Server> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(
      `${request.method} ${request.url} ${request.headers['if-none-match'] ?? request.headers['if-modified-since'] ?? ''}`.trim(),
    );
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const fetchFile = (source: HttpSource, options: Partial<HttpOptions> = {}) =>
  fetchHttp(source, { folder: temporaryFolder(), connections, ...options });

describe('an http source', () => {
  test('is a file of mode 0600 with the time that the server says', async () => {
    await using server = await serve((_request, response) =>
      response.writeHead(200, { 'last-modified': TIME }).end('content'),
    );
    const progress: unknown[] = [];
    const file = await fetchFile(
      { url: `${server.url}/dir/tool.tar.gz?x=1` },
      { onProgress: (at) => progress.push(at) },
    );
    expect(file).toMatchObject({ name: 'tool.tar.gz', digest: sha256('content') });
    expect(readdirSync(file.folder)).toEqual(['tool.tar.gz']);
    const stat = statSync(join(file.folder, file.name));
    expect([stat.mode & 0o777, stat.mtimeMs]).toEqual([0o600, Date.parse(TIME)]);
    expect(progress.at(-1)).toMatchObject({ current: 7 });
  });

  test.each<[string, Record<string, string>, Partial<HttpSource>, string]>([
    ['the name that is asked for', {}, { filename: 'mine' }, 'mine'],
    ['the name that the server says', { 'content-disposition': 'attachment; filename="a b.txt"' }, {}, 'a b.txt'],
    [
      'its encoded name',
      { 'content-disposition': "attachment; filename=x; filename*=UTF-8''%E2%82%AC.txt" },
      {},
      '€.txt',
    ],
    ['never a path', { 'content-disposition': 'attachment; filename="../../etc/passwd"' }, {}, 'passwd'],
    ['never a folder', { 'content-disposition': 'attachment; filename=".."' }, {}, 'path'],
  ])('has %s', async (_name, headers, source, expected) => {
    await using server = await serve((_request, response) => response.writeHead(200, headers).end('x'));
    expect((await fetchFile({ url: `${server.url}/the/path`, ...source })).name).toBe(expected);
  });

  test.each<[string, Record<string, string>]>([
    ['its tag', { etag: '"one"' }],
    ['its time', { 'last-modified': TIME }],
  ])('is not sent again while the server says by %s that it is the same', async (_name, headers) => {
    let content = 'one';
    await using server = await serve((request, response) => {
      const same =
        content === 'one' &&
        (request.headers['if-none-match'] === '"one"' || request.headers['if-modified-since'] === TIME);
      response.writeHead(same ? 304 : 200, same ? {} : headers).end(same ? undefined : content);
    });
    const folder = temporaryFolder();
    const first = await fetchFile({ url: `${server.url}/f` }, { folder });
    expect(await fetchFile({ url: `${server.url}/f` }, { folder })).toEqual(first);
    expect(server.requests[1]).toMatch(/GET \/f \S/);
    content = 'two';
    const changed = await fetchFile({ url: `${server.url}/f` }, { folder });
    expect(readFileSync(join(changed.folder, 'f'), 'utf8')).toBe('two');
    expect(changed.key).not.toBe(first.key);
  });

  test('with a checksum asks nothing for what is there', async () => {
    await using server = await serve((_request, response) => response.end('content'));
    const folder = temporaryFolder();
    const source = { url: `${server.url}/f`, checksum: sha256('content') };
    await fetchFile(source, { folder });
    await fetchFile(source, { folder });
    expect(server.requests).toHaveLength(1);
    await expect(fetchFile({ ...source, checksum: sha256('other') }, { folder })).rejects.toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
    const sha512 = `sha512:${createHash('sha512').update('content').digest('hex')}` as const;
    await expect(fetchFile({ ...source, checksum: sha512 })).resolves.toMatchObject({ digest: sha256('content') });
  });

  test('follows redirects, credentials stay with their host', async () => {
    const seen: (string | undefined)[] = [];
    await using other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('there');
    });
    await using server = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: request.url === '/a' ? '/b' : `${other.url}/c` }).end();
    });
    const file = await fetchFile({ url: `${server.url.replace('//', '//me:pass@')}/a` });
    expect(file).toMatchObject({ name: 'a', digest: sha256('there') });
    const basic = `Basic ${Buffer.from('me:pass').toString('base64')}`;
    expect(seen).toEqual([basic, basic, undefined]);
  });

  test('tries again what passes', async () => {
    let tries = 0;
    await using server = await serve((_request, response) => {
      tries++;
      if (tries === 1) response.destroy();
      else response.writeHead(tries === 2 ? 503 : 200).end('x');
    });
    await expect(fetchFile({ url: `${server.url}/f` })).resolves.toMatchObject({ name: 'f' });
    expect(tries).toBe(3);
  });

  test.each<[string, RequestListener, string, RegExp]>([
    ['a missing file', (_request, response) => response.writeHead(404).end(), 'HTTP_STATUS', /answers 404/],
    ['a refusal', (_request, response) => response.writeHead(403).end(), 'HTTP_STATUS', /answers 403/],
    [
      'an endless redirect',
      (_request, response) => response.writeHead(302, { location: '/again' }).end(),
      'HTTP_REDIRECT',
      /more than 10/,
    ],
    [
      'a redirect to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'HTTP_REDIRECT',
      /no http address/,
    ],
    [
      'a body that ends early',
      (_request, response) =>
        void response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy()),
      'HTTP_TRUNCATED',
      /after 4 bytes of 10/,
    ],
  ])('%s is an error, and leaves nothing', async (_name, listener, code, message) => {
    await using server = await serve(listener);
    const folder = temporaryFolder();
    const failure = fetchFile({ url: `${server.url}/f?token=secret` }, { folder });
    await expect(failure).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
    await expect(failure).rejects.not.toThrow(/secret/);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  test('a server that is not there', async () => {
    await expect(fetchFile({ url: 'http://127.0.0.1:1/f' })).rejects.toThrow(
      expect.objectContaining({ code: 'HTTP_UNREACHABLE' }),
    );
  });
});
