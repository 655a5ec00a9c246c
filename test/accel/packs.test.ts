import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixturePath } from '../../scripts/fixtures.ts';
import { COMPILER_STEP, emulatedAnswer, PROOF_SOURCES, TOOLS_STEP } from './tool-proof.ts';
import { useKeptPacks } from '../support/kept-packs.ts';
import { startRegistry } from '../support/registry.ts';
import { fixtureRegistry, temporaryFolder, testEnvironment, type TestEnvironment } from '../support/environment.ts';

let env: TestEnvironment;

beforeAll(async () => {
  env = testEnvironment({ mirror: await fixtureRegistry('debian', 'busybox', 'golang-cgo', 'compilers-trixie') });
  useKeptPacks(env);
  env.write({
    Dockerfile: [
      'FROM debian:bookworm AS work',
      'ARG RUN',
      String.raw`RUN mkdir /out && for i in 1 2 3; do ls -l --time-style=+ /etc; sed -n 1~2p /etc/services; grep -n tcp /etc/services; done >/out/text; gzip -n -9 </out/text >/out/text.gz; dpkg --print-architecture >/out/dpkg; uname -m >/out/uname; { apt-get --version; apt-config dump; apt-cache policy dash; } >/out/apt`,
      'FROM scratch',
      'COPY --from=work /out /',
      '',
    ].join('\n'),
  });
});

afterAll(() => env[Symbol.dispose]());

async function build(
  accel: string,
  { platform = 'linux/arm64', context = '.' } = {},
): Promise<{ log: string; files: Record<string, string> }> {
  const out = join(env.home, `out-${accel}-${context}`);
  const words = [
    'build',
    '--progress',
    'plain',
    '--accel',
    accel,
    '--platform',
    platform,
    '--build-arg',
    `RUN=${accel}`,
  ];
  const { stderr } = await env.polyarch([...words, '-o', out, context]);
  const files = readdirSync(out).map((name) => {
    return [
      name,
      createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex'),
    ] as const;
  });
  return { log: stderr, files: Object.fromEntries(files) };
}

test('native tools of a pack give the bytes of the emulated ones', async () => {
  const packs = fixturePath('accel/packs');
  for (const name of existsSync(packs) ? readdirSync(packs) : []) utimesSync(join(packs, name), 0, 0);
  const [off, exact] = [await build('off'), await build('exact')];
  // Only what is not used is pruned; a compiler that was built is used by all.
  const used = readdirSync(packs).filter((name) => statSync(join(packs, name)).mtimeMs > 0);
  const built = (name: string) => readFileSync(join(packs, name, 'pack.json'), 'utf8').includes('"source"');
  // Other files' builds use theirs meanwhile.
  expect(used.filter((name) => !built(name))).not.toEqual([]);
  expect(Object.keys(exact.files)).toHaveLength(5);
  expect(exact.files).toEqual(off.files);
  expect(off.log).not.toContain('native');
  const line = /ran native: (.*)/.exec(exact.log)?.[1] ?? '';
  expect(line.split(', ')).toEqual(
    expect.arrayContaining(['dash', 'grep ×3', 'gzip', 'ls ×3', 'sed ×3', 'apt-get', 'apt-config', 'apt-cache']),
  );
  expect(line).not.toContain('uname');
});

test('packs are listed, checked and removed', async () => {
  const { stdout } = await env.polyarch(['accel', 'ls', '--format', 'json']);
  const pack = stdout.split('\n').find((line) => line.includes('"arm64"'));
  // As `accel ls` of this version wrote it.
  const { id, release, foreign } = JSON.parse(pack ?? '') as { id: string; release: string; foreign: string };
  expect([release, foreign]).toEqual(['debian bookworm', 'arm64']);
  using home = temporaryFolder();
  mkdirSync(join(home.path, 'accel/packs'), { recursive: true });
  const copy = join(home.path, 'accel/packs', id);
  cpSync(fixturePath('accel/packs', id), copy, { recursive: true });
  const own = { env: { POLYARCH_HOME: home.path }, allowFailure: true };
  expect((await env.polyarch(['accel', 'verify', id.slice(0, 12)], own)).code).toBe(0);
  appendFileSync(join(copy, 'root/bin/gzip'), 'x');
  const broken = await env.polyarch(['accel', 'verify'], own);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain(`polyarch accel rm ${id.slice(0, 12)}`);
  await env.polyarch(['accel', 'rm', id.slice(0, 12)], own);
  expect(readdirSync(join(home.path, 'accel/packs'))).toEqual([]);
  expect((await env.polyarch(['accel', 'rm', id], own)).stderr).toContain('[NOT_FOUND]');
});

test('a pack that was pushed answers the same requests where it is pulled', async () => {
  const { stdout } = await env.polyarch(['accel', 'ls', '--format', 'json']);
  const [id = ''] = /[0-9a-f]{64}/.exec(stdout) ?? [];
  await using registry = await startRegistry();
  const name = `${registry.host}/packs:1`;
  const pushed = await env.polyarch(['accel', 'push', name, id]);
  const reference = pushed.stdout.trim();
  expect(reference).toMatch(new RegExp(`^${name}@sha256:`));
  using home = temporaryFolder();
  const own = { env: { POLYARCH_HOME: home.path }, allowFailure: true };
  expect((await env.polyarch(['accel', 'pull', reference], own)).stdout).toBe(`${id}\n`);
  expect((await env.polyarch(['accel', 'verify'], own)).code).toBe(0);
  const answers = (folder: string) =>
    readdirSync(join(folder, 'requests')).filter((one) => readFileSync(join(folder, 'requests', one)).includes(id));
  expect(answers(join(home.path, 'accel'))).toEqual(answers(fixturePath('accel')));
  const { stderr } = await env.polyarch(['accel', 'pull', 'busybox'], own);
  expect(stderr).toContain('[ACCEL_UNAVAILABLE]');
});

test('a step without packs says why, once', async () => {
  env.write({ 'other/Dockerfile': 'FROM busybox\nRUN echo 1\nRUN echo 2\n' });
  const words = ['build', '--progress', 'plain', '--accel', 'exact', '--platform', 'linux/arm64', 'other'];
  const { stderr } = await env.polyarch(words);
  expect(
    stderr.match(/not accelerated: the root filesystem is no release of Debian, Ubuntu or Alpine, and has no Go/g),
  ).toHaveLength(1);
});

test('another mode is refused', async () => {
  const { code, stderr } = await env.polyarch(['build', '--accel', 'fast', '.'], { allowFailure: true });
  expect(code).not.toBe(0);
  expect(stderr).toContain('exact, compatible, off');
});

test.each([
  // Bookworm's compiler has a counterpart only once it was built from source, which takes half an hour.
  { suite: 'bookworm', base: 'golang-cgo', image: 'golang:latest', gcc: '12', counterpart: '"source":"gcc-12' },
  { suite: 'trixie', base: 'compilers-trixie', image: 'gcc:14', gcc: '14', counterpart: '' },
])('binutils, bash, Go’s tools and the compiler of $suite give the bytes of the emulated ones', async (release) => {
  const { suite, base, image, gcc, counterpart } = release;
  const compiler = (await env.polyarch(['accel', 'ls', '--format', 'json'])).stdout.includes(counterpart);
  if (!compiler) console.error(`the compiler of ${suite} is not compared: no pack of gcc-${gcc} was built here`);
  const step = `${TOOLS_STEP}${compiler ? COMPILER_STEP : ''}`;
  const dockerfile = `FROM ${image} AS work\nWORKDIR /work\nCOPY . .\nRUN mkdir /out && sh step; true\nFROM scratch\nCOPY --from=work /out /\n`;
  for (const [name, text] of Object.entries({ ...PROOF_SOURCES, step, Dockerfile: dockerfile }))
    env.write({ [`${suite}/${name}`]: text });
  const { log, files } = await build('exact', { context: suite });
  const ask = async () => (await build('off', { context: suite })).files;
  expect(files).toEqual(await emulatedAnswer(step, { base, ask }));
  if (suite === 'bookworm') expect(readFileSync(join(env.home, 'out-exact-bookworm/ran'), 'utf8')).toBe('arm64\n');
  const ran = /ran native: (.*)/
    .exec(log)?.[1]
    ?.replaceAll(/ ×\d+/g, '')
    .split(/, | and /);
  const binutils = ['as', 'ld.bfd', 'ar', 'nm', 'objdump', 'readelf', 'strip', 'objcopy'];
  const names = binutils.map((name) => `aarch64-linux-gnu-${name}`);
  // The stand-in of trixie has no bash.
  const shell = suite === 'bookworm' ? ['bash'] : [];
  expect(ran).toEqual(expect.arrayContaining([...names, ...shell, 'go', 'compile', 'asm', 'link', 'pack']));
  if (compiler) expect(ran).toEqual(expect.arrayContaining(['cc1', 'lto1', `aarch64-linux-gnu-gcc-${gcc}`]));
});
