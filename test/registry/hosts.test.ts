import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { descriptorOf, type Descriptor } from '../../src/oci/descriptor.ts';
import { RegistryClient, type RegistrySettings } from '../../src/registry/client.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const content = Buffer.from('content');
const blob = descriptorOf(content, { mediaType: 'application/octet-stream' });
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

describe.skipIf(missing !== undefined)('hosts', () => {
  let plain: TestRegistry;
  let secure: TestRegistry;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    [plain, secure] = await Promise.all([startRegistry(), startRegistry({ tls: true })]);
  });
  afterEach(() => {
    for (const each of clients.splice(0)) each.close();
  });
  afterAll(async () => {
    await plain.close();
    await secure.close();
  });

  const client = (settings: RegistrySettings = {}): RegistryClient => {
    const made = new RegistryClient({ retry: { delay: 1, attempts: 2 }, ...settings });
    clients.push(made);
    return made;
  };

  const pushImage = async (name: string, settings: RegistrySettings = {}): Promise<Descriptor> => {
    const repository = client(settings).repository(name, { actions: ['pull', 'push'] });
    await repository.push(blob, content);
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: blob, layers: [] }));
    const descriptor = descriptorOf(manifest, { mediaType: MANIFEST });
    await repository.pushManifest({ descriptor, content: manifest }, 'latest');
    return descriptor;
  };

  test('TLS: trusted by its authority, or not verified, or refused with both ways out', async () => {
    const name = `${secure.host}/tls/app`;
    await pushImage(name, { hosts: { [secure.host]: { ca: [secure.ca ?? ''] } } });
    await client({ hosts: { [secure.host]: { insecure: true } } }).resolveImage(name);
    await expect(client().resolveImage(name)).rejects.toMatchObject({
      code: 'TLS_UNTRUSTED',
      message: expect.stringContaining(secure.host),
      hint: expect.stringMatching(/--registry-ca.*--registry-insecure/),
    });
  });

  test('TLS: a name that the certificate is not for is refused', async () => {
    const host = secure.host.replace('127.0.0.1', '127.0.0.2');
    await using forward = await startTcpForward('127.0.0.2', secure.port);
    const name = `127.0.0.2:${forward.port}/tls/app`;
    expect(host).toContain('127.0.0.2');
    const hosts = { [`127.0.0.2:${forward.port}`]: { ca: [secure.ca ?? ''] } };
    await expect(client({ hosts }).resolveImage(name)).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
  });

  test('a certificate file that is missing is named', async () => {
    const hosts = { [secure.host]: { ca: ['/nowhere/ca.pem'] } };
    await expect(client({ hosts }).resolveImage(`${secure.host}/a`)).rejects.toMatchObject({
      code: 'REGISTRY_CONFIG',
      message: expect.stringContaining('/nowhere/ca.pem'),
    });
  });

  test('TLS spoken to a plain registry says how to ask for plain HTTP', async () => {
    const hosts = { [plain.host]: { http: false } };
    await expect(client({ hosts }).resolveImage(`${plain.host}/a`)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      hint: expect.stringContaining(`--registry-http ${plain.host}`),
    });
  });

  test('an insecure host may be plain', async () => {
    const settings = { hosts: { [plain.host]: { insecure: true } } };
    const image = await pushImage(`${plain.host}/insecure/app`, settings);
    expect((await client(settings).resolveImage(`${plain.host}/insecure/app`)).descriptor).toEqual(image);
  });

  test('mirrors are asked first and in order, the registry last; pushes go to the registry', async () => {
    await using first = await startFaultProxy(plain.host);
    await using second = await startFaultProxy(plain.host);
    const image = await pushImage(`${plain.host}/library/app`);
    const warnings: string[] = [];
    const settings: RegistrySettings = {
      hosts: { 'docker.io': { mirrors: [`127.0.0.1:1`, first.host, `http://${second.host}`] } },
      onMirrorFailure: (message) => warnings.push(message),
    };
    first.inject(/./, { kind: 'answer', status: 500 }, 1);
    const docker = client(settings);
    const { descriptor, repository } = await docker.resolveImage('app');
    expect(descriptor).toEqual(image);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('127.0.0.1:1');
    await buffer(await repository.fetch(blob));
    expect([first.requests.length, second.requests.length]).toEqual([2, 1]);
    // The mirror that was not there is left out for a while.
    expect(warnings).toHaveLength(2);
  });

  test('when neither mirror nor registry has it, both are told', async () => {
    await using upstream = await startFaultProxy(plain.host);
    await using mirror = await startFaultProxy(plain.host);
    const docker = client({ hosts: { [upstream.host]: { mirrors: [mirror.host] } } });
    upstream.inject(/./, { kind: 'answer', status: 502 }, 10);
    const failure: unknown = await docker.resolveImage(`${upstream.host}/none/app`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringContaining(`is not on ${mirror.host}`) });
    expect(failure).toMatchObject({ message: expect.stringContaining(`${upstream.host} answers 502`) });
  });

  test('exists and push never ask a mirror', async () => {
    await using mirror = await startFaultProxy(plain.host);
    const settings = { hosts: { [plain.host]: { mirrors: [mirror.host] } } };
    await pushImage(`${plain.host}/push/app`, settings);
    expect(mirror.requests).toHaveLength(0);
  });

  test('a mirror may keep repositories under a prefix', async () => {
    const image = await pushImage(`${plain.host}/proxy-cache/library/prefixed`);
    const docker = client({ hosts: { 'docker.io': { mirrors: [`${plain.host}/proxy-cache`] } } });
    expect((await docker.resolveImage('prefixed')).descriptor).toEqual(image);
  });

  test('Docker-registry as a pull-through cache works as a mirror', async () => {
    const image = await pushImage(`${plain.host}/library/through`);
    await using cache = await startRegistry({ proxyOf: `http://${plain.host}` });
    const docker = client({ hosts: { 'docker.io': { mirrors: [cache.host] } } });
    const { descriptor, repository } = await docker.resolveImage('through');
    expect(descriptor).toEqual(image);
    expect(await buffer(await repository.fetch(blob))).toEqual(content);
  });

  describe('behind a proxy', () => {
    let proxy: Server;
    let asked: string[];
    let proxyHost = '';

    beforeAll(async () => {
      proxy = createServer((request, response) => {
        asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
        response.writeHead(418).end();
      });
      // Every name leads to the TLS registry.
      proxy.on('connect', (request, socket) => {
        asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization']}`);
        const onward = connect(secure.port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          onward.pipe(socket).pipe(onward);
        });
        onward.on('error', () => socket.destroy());
        socket.on('error', () => onward.destroy());
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const address = proxy.address();
      proxyHost = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    });
    afterEach(() => {
      asked = [];
    });
    afterAll(() => {
      proxy.close();
      proxy.closeAllConnections();
    });

    test('TLS hosts are reached through a tunnel, plain ones by whole addresses', async () => {
      asked = [];
      const settings: RegistrySettings = {
        proxy: { https: `http://user:pass@${proxyHost}`, http: proxyHost },
        hosts: { 'r.invalid': { insecure: true }, 'p.invalid': { http: true } },
      };
      await pushImage('r.invalid/tunnel/app', settings);
      const credentials = Buffer.from('user:pass').toString('base64');
      expect(asked[0]).toBe(`CONNECT r.invalid:443 Basic ${credentials}`);
      await expect(client(settings).resolveImage('p.invalid/a')).rejects.toMatchObject({
        message: expect.stringContaining('418'),
      });
      expect(asked.at(-1)).toBe('HEAD http://p.invalid/v2/a/manifests/latest undefined');
    });
  });

  test('a closed client lets the process end at once', () => {
    const program = `
      import { RegistryClient } from ${JSON.stringify(new URL('../../src/registry/client.ts', import.meta.url).href)};
      const client = new RegistryClient();
      await client.resolveImage('${plain.host}/none/app').catch((error) => console.log(error.code));
      client.close();
      const closed = performance.now();
      process.on('exit', () => console.log(performance.now() - closed < 500));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { timeout: 20_000 });
    expect(output.toString()).toBe('NOT_FOUND\ntrue\n');
  });
});

/** Passes connections on another loopback address to a port of 127.0.0.1. */
async function startTcpForward(address: string, port: number): Promise<AsyncDisposable & { port: number }> {
  const { createServer: createTcpServer } = await import('node:net');
  const server = createTcpServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
