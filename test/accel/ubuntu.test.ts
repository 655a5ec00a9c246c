import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pairIndexes } from '../../src/accel/archive-indexes.ts';
import { suitesFor } from '../../src/accel/archive-suites.ts';
import { Connections } from '../../src/registry/connections.ts';
import { proxyFromEnvironment } from '../../src/registry/proxy.ts';
import { httpGet } from '../../src/worker/sources/http-exchange.ts';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { signRelease } from './sign-release.ts';

/*
 * Ubuntu's archives as they are: one has the packages of amd64, the other (ports) those of arm64, and what is signed is the same in
 * both and names the indexes of both. A proxy has them here, under their own names and those of mirrors.
 */
const MAIN = 'http://archive.ubuntu.com/ubuntu/';
const PORTS = 'http://ports.ubuntu.com/ubuntu-ports/';
const SUITES = ['noble', 'noble-updates'];
const ARCHITECTURES = ['amd64', 'arm64'];

const folder = temporaryFolder();
const asked: string[] = [];
const proxy = createServer((request, response) => {
  const url = request.url ?? '';
  asked.push(url);
  const archive = /^http:\/\/[^/]+\/(ubuntu|ubuntu-ports)\/(.*)$/.exec(url);
  try {
    response.end(readFileSync(join(folder.path, archive?.[1] ?? 'nowhere', archive?.[2] ?? '')));
  } catch {
    response.writeHead(404).end();
  }
});
let connections: Connections;
beforeAll(async () => {
  await new Promise<void>((done) => void proxy.listen(0, '127.0.0.1', done));
  const { port } = proxy.address() as AddressInfo; // a server that listens on a port has one
  connections = new Connections({ proxy: proxyFromEnvironment({ http_proxy: `http://127.0.0.1:${port}` }) });
});
afterAll(async () => {
  await connections.close();
  proxy.close();
  folder[Symbol.dispose]();
});

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Writes both archives, and gives the keyring of their signatures. A package's version tells its suite. */
async function makeArchives(gpg: string): Promise<string> {
  const ring = join(folder.path, 'keyring.gpg');
  for (const suite of SUITES) {
    const indexes = ARCHITECTURES.map((architecture) => {
      const fields = [
        'Package: dash',
        `Architecture: ${architecture}`,
        `Version: 1-${suite}`,
        `Filename: pool/dash_${architecture}.deb`,
        'Size: 9',
        `SHA256: ${sha256(architecture)}`,
      ];
      return { architecture, bytes: gzipSync(`${fields.join('\n')}\n`) };
    });
    const lines = indexes.map(
      ({ architecture, bytes }) => ` ${sha256(bytes)} ${bytes.length} main/binary-${architecture}/Packages.gz\n`,
    );
    const release = `Origin: Ubuntu\nSuite: ${suite}\nCodename: noble\nSHA256:\n${lines.join('')}`;
    const { inRelease, keyring } = await signRelease(gpg, { folder: folder.path, name: suite, release });
    appendFileSync(ring, readFileSync(keyring));
    for (const [at, archive] of ['ubuntu', 'ubuntu-ports'].entries()) {
      const dists = join(folder.path, archive, 'dists', suite);
      const { architecture = '', bytes = Buffer.alloc(0) } = indexes[at] ?? {};
      const file = join(dists, `main/binary-${architecture}/by-hash/SHA256/${sha256(bytes)}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      writeFileSync(join(dists, 'InRelease'), inRelease);
    }
  }
  return ring;
}

const sources = (uri: string, suites: readonly string[]) =>
  suites.map((suite) => ({ uri, suite, components: ['main', 'universe'] }));

const EVERY = [...SUITES, 'noble-security', 'noble-backports'];
const NOBLE = { distribution: 'ubuntu', codename: 'noble' } as const;

test('Ubuntu’s packages of each architecture come from the archive that has it', async (context) => {
  const program = requireProgram(context, 'gpgv');
  const keyring = await makeArchives(requireProgram(context, 'gpg'));
  const find = async (host: string | undefined, root: string | undefined, names = ['arm64', 'amd64']) => {
    asked.length = 0;
    const [foreign = '', native = ''] = names;
    const known = {
      host: sources(host ?? 'http://debian/debian/', EVERY),
      hostRelease: host === undefined ? ({ distribution: 'debian', codename: 'bookworm' } as const) : NOBLE,
      root: root === undefined ? [] : sources(root, EVERY),
    };
    const indexes = await pairIndexes(
      suitesFor(NOBLE, known, { foreign, native }),
      { foreign, native },
      {
        release: NOBLE,
        trust: { verifier: { program, kind: 'gpgv' }, keyring },
        folder: join(folder.path, 'downloads'),
        get: async (url, options) => (await httpGet(url, { connections, headers: {}, ...options })).body,
      },
    );
    return [indexes.foreign, indexes.native].map((index) =>
      index.versions('dash').map((one) => `${one.archive} ${one.architecture} ${one.version}`),
    );
  };
  const of = (archive: string, architecture: string) =>
    ['1-noble-updates', '1-noble'].map((version) => `${archive} ${architecture} ${version}`);

  // An arm64 image on an x86-64 machine of Ubuntu, and on one of Debian, which names no archive of Ubuntu.
  expect(await find(MAIN, PORTS)).toEqual([of(PORTS, 'arm64'), of(MAIN, 'amd64')]);
  expect(await find(undefined, PORTS)).toEqual([of(PORTS, 'arm64'), of(MAIN, 'amd64')]);
  // An image whose sources were removed; an x86-64 image on an arm64 machine.
  expect(await find(undefined, undefined)).toEqual([of(PORTS, 'arm64'), of(MAIN, 'amd64')]);
  expect(await find(undefined, MAIN, ['amd64', 'arm64'])).toEqual([of(MAIN, 'amd64'), of(PORTS, 'arm64')]);
  // Mirrors count before Ubuntu's own servers.
  const [main, ports] = ['http://mirror/ubuntu/', 'http://mirror/ubuntu-ports/'];
  expect(await find(main, ports)).toEqual([of(ports, 'arm64'), of(main, 'amd64')]);
  expect(asked.filter((url) => url.includes('ubuntu.com'))).toEqual([]);
});

test('an archive without the suites is an error that names a file', async (context) => {
  const program = requireProgram(context, 'gpgv');
  const none = suitesFor(
    NOBLE,
    { host: [], hostRelease: undefined, root: sources('http://mirror/nowhere/', SUITES) },
    { foreign: 's390x', native: 'amd64' },
  );
  const indexes = pairIndexes(
    none,
    { foreign: 's390x', native: 'amd64' },
    {
      release: NOBLE,
      trust: { verifier: { program, kind: 'gpgv' }, keyring: join(folder.path, 'keyring.gpg') },
      folder: join(folder.path, 'downloads-none'),
      get: async (url, options) => (await httpGet(url, { connections, headers: {}, ...options })).body,
    },
  );
  await expect(indexes).rejects.toMatchObject({ code: 'HTTP_STATUS', details: { status: 404 } });
});
