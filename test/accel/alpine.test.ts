import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApkContent, writeApkRepository } from '../../scripts/apk-repository.ts';
import { debianPackages } from '../../scripts/debian-packages.ts';
import { newSigner } from '../../scripts/prove-alpine/repository.ts';
import { run } from '../../scripts/process.ts';
import { makeRootfs } from '../executor/rootfs.ts';
import {
  requireProgram,
  skip,
  temporaryFolder,
  testEnvironment,
  type TestEnvironment,
} from '../support/environment.ts';

/*
 * A root filesystem as Alpine's, of Debian's static busybox and Debian's musl, and an archive of them in Alpine's format.
 * What Alpine's own programs do is proved by scripts/prove-alpine.ts.
 */
const VERSION = '1.36.1-r9';
const [signer, stranger] = [newSigner(), newSigner()];
const folder = temporaryFolder();
const archive = join(folder.path, 'archive');
const server = createServer((request, response) => {
  const file = join(archive, request.url ?? '');
  const body = request.url?.endsWith('.apk') === true || request.url?.endsWith('.gz') === true ? read(file) : undefined;
  response.writeHead(body === undefined ? 404 : 200).end(body);
});
let env: TestEnvironment;
let store = 0;

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

async function packagesFor(debian: string, alpine: 'aarch64' | 'x86_64'): Promise<ApkContent[]> {
  const root = await makeRootfs(join(folder.path, debian), debian);
  const [musl] = await debianPackages({ suite: 'bookworm', architecture: debian }, { packages: ['musl'] });
  const unpacked = join(folder.path, `musl-${debian}`);
  await run(['dpkg-deb', '-x', musl?.file ?? '', unpacked]);
  const libc = readFileSync(join(unpacked, `lib/${alpine}-linux-musl/libc.so`));
  const loader = { path: `lib/ld-musl-${alpine}.so.1`, mode: 0o755, content: libc };
  const busybox = { path: 'bin/busybox', mode: 0o755, content: readFileSync(join(root, 'bin/busybox')) };
  const so = `so:libc.musl-${alpine}.so.1`;
  return [
    { name: 'musl', version: '1.2.3-r1', provides: [`${so}=1`], files: [loader] },
    { name: 'busybox', version: VERSION, depends: [so], files: [busybox] },
  ];
}

/**
 * GNU sed's package: of arm64 a program that is never run, of this machine one that loads a library of its own package, which
 * an image has too, for the other machine.
 */
async function sedPackage(alpine: 'aarch64' | 'x86_64'): Promise<ApkContent> {
  const place = join(folder.path, 'sed');
  const file = (path: string, from: string) => ({ path, mode: 0o755, content: readFileSync(from) });
  const foreign = join(folder.path, 'arm64/bin/sed');
  let content = [file('bin/sed', foreign), file('usr/lib/libanswer.so.1', foreign)];
  if (alpine === 'x86_64') {
    mkdirSync(place);
    writeFileSync(join(place, 'answer.c'), 'const char *answer(void) { return "of the pack\\n"; }');
    writeFileSync(
      join(place, 'sed.c'),
      'const char *answer(void); long write(int, const void *, unsigned long); void _exit(int);\n' +
        'void _start(void) { write(1, answer(), 12); _exit(0); }',
    );
    const options = ['-O1', '-fno-stack-protector', '-fno-builtin', '-nostdlib'];
    const library = join(place, 'libanswer.so.1');
    // As Alpine's musl is called, and Debian's is not.
    const libc = join(place, 'libc.musl-x86_64.so.1');
    writeFileSync(join(place, 'libc.c'), 'long write(void) { return 0; } void _exit(void) {}');
    const named = (name: string) => [...options, '-shared', '-fPIC', `-Wl,-soname,${name}`];
    await run(['cc', ...named('libanswer.so.1'), '-o', library, join(place, 'answer.c')]);
    await run(['cc', ...named('libc.musl-x86_64.so.1'), '-o', libc, join(place, 'libc.c')]);
    const linker = '-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1';
    await run([
      'cc',
      ...options,
      '-pie',
      '-fPIE',
      linker,
      '-o',
      join(place, 'sed'),
      join(place, 'sed.c'),
      library,
      libc,
    ]);
    content = [file('bin/sed', join(place, 'sed')), file('usr/lib/libanswer.so.1', library)];
  }
  return { name: 'sed', version: '4.9-r2', depends: [`so:libc.musl-${alpine}.so.1`], files: content };
}

let packages: Readonly<Record<'aarch64' | 'x86_64', ApkContent[]>>;

beforeAll(async () => {
  packages = { aarch64: await packagesFor('arm64', 'aarch64'), x86_64: await packagesFor('amd64', 'x86_64') };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // An address with a port, as it listens on TCP.
  const { port } = server.address() as AddressInfo;
  env = testEnvironment({});
  const root = join(folder.path, 'arm64');
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('etc/os-release', 'ID=alpine\nVERSION_ID=3.20.3\n');
  // Besides: one that is not there, and one of somebody else.
  const repositories = ['', '/nowhere', '/other'].map((path) => `http://127.0.0.1:${port}${path}\n`);
  put('etc/apk/repositories', repositories.join(''));
  put('lib/apk/db/installed', `P:musl\nV:1.2.3-r1\n\nP:busybox\nV:${VERSION}\n\n`);
  const context = join(env.folder, 'context');
  mkdirSync(context);
  for (const place of ['bin/sed', 'usr/lib/libanswer.so.1']) {
    mkdirSync(join(root, place, '..'), { recursive: true });
    // Another program than busybox, by its size.
    writeFileSync(join(root, place), Buffer.concat([readFileSync(join(root, 'bin/busybox')), Buffer.alloc(16)]), {
      mode: 0o755,
    });
  }
  await run(['tar', '-cf', join(context, 'root.tar'), '-C', root, '.']);
  // In exec form: the shell of Debian's busybox, unlike Alpine's, runs applets in its own process.
  const lines = ['FROM scratch AS one', 'ADD root.tar /', 'RUN ["mkdir", "/out"]', 'FROM one AS all'];
  lines.push(
    'RUN ["grep", "-c", "e", "/etc/passwd"]',
    'RUN ["uname", "-m"]',
    'RUN ["busybox", "touch", "/out/touched"]',
  );
  lines.push('FROM one AS sed', 'ENV LD_LIBRARY_PATH=/usr/lib', 'RUN ["/bin/sed"]');
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
  env[Symbol.dispose]();
  folder[Symbol.dispose]();
});

function publish(content: typeof packages = packages, { other = true } = {}): void {
  rmSync(archive, { recursive: true, force: true });
  for (const architecture of ['aarch64', 'x86_64'] as const) {
    writeApkRepository(archive, content[architecture], { architecture, signer });
    if (other) writeApkRepository(join(archive, 'other'), [], { architecture, signer: stranger });
  }
}

/** Builds in a store of its own, which knows the key unless told otherwise: the log. */
async function build(target: 'one' | 'all' | 'sed', options: { key?: boolean; home?: string } = {}): Promise<string> {
  const home = options.home ?? join(env.folder, `store-${++store}`);
  mkdirSync(join(home, 'accel/keys'), { recursive: true });
  if (options.key !== false) writeFileSync(join(home, 'accel/keys', signer.name), signer.publicKey);
  const words = ['--platform', 'linux/arm64', '--accel', 'compatible', '--progress', 'plain', '--no-cache'];
  const { stderr } = await env.polyarch(['build', ...words, '--target', target, 'context'], {
    env: { POLYARCH_HOME: home },
  });
  return stderr;
}

test('busybox runs native under its neutral names, of a signed archive of Alpine', async () => {
  publish();
  const log = await build('all');
  expect(log).toMatch(/making a pack of native tools for alpine v3\.20 on arm64/);
  expect(log.match(/ran native: busybox/g)).toHaveLength(3);
  expect(log).toMatch(/emulated: \S+\/other\/\w+\/APKINDEX\.tar\.gz has no good signature/);
  expect(log).toMatch(/ aarch64$/m);
  expect(log).not.toMatch(/ x86_64$/m);
});

test('musl’s loader takes the libraries of the pack, whatever the image has under their names', async (context) => {
  requireProgram(context, 'cc');
  if (process.arch !== 'x64') skip(context, 'the program is compiled for x86-64');
  publish({
    aarch64: [await sedPackage('aarch64'), ...packages.aarch64],
    x86_64: [await sedPackage('x86_64'), ...packages.x86_64],
  });
  const log = await build('sed');
  expect(log).toContain('of the pack');
  expect(log).toContain('ran native: sed');
});

function newer(): typeof packages {
  const aarch64 = packages.aarch64.map((one) => ({ ...one, version: `${one.version}1` }));
  return { ...packages, aarch64 };
}

test.each([
  [
    'whose key is not known',
    { key: false },
    () => publish(),
    /no good signature of the archive \(it names proof\.rsa\.pub\)/,
  ],
  [
    'with one byte of a package changed',
    {},
    () => {
      publish();
      const file = join(archive, `x86_64/busybox-${VERSION}.apk`);
      const bytes = readFileSync(file);
      bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
    /busybox-1\.36\.1-r9\.apk is not the file that its archive's signed index names/,
  ],
])('an archive %s makes no pack', async (_name, options, prepare, reason) => {
  prepare();
  const log = await build('one', options);
  expect(log).toMatch(/emulated, not accelerated: /);
  expect(log).toMatch(reason);
  expect(log).not.toContain('ran native');
});

test('an archive without the version that is installed makes no pack, and is not asked again for a day', async () => {
  // No other repository: a bad one could have had it.
  const home = join(env.folder, 'store-settled');
  publish(newer(), { other: false });
  const reason = /not accelerated: .* busybox 1\.36\.1-r9: the archive does not have this version/;
  expect(await build('one', { home })).toMatch(reason);
  const requests = join(home, 'accel/requests');
  for (const name of readdirSync(requests)) {
    const text = readFileSync(join(requests, name), 'utf8');
    const hours = (count: number) =>
      text.replace(/"time":(\d+)/, (_, time) => `"time":${Number(time) - count * 3600e3}`);
    writeFileSync(join(requests, name), hours(23));
  }
  rmSync(archive, { recursive: true });
  expect(await build('one', { home })).toMatch(reason);
});
