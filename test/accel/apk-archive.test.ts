import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeApkRepository } from '../../scripts/apk-repository.ts';
import { newSigner } from '../../scripts/prove-alpine/repository.ts';
import { apkIndex, readSignedIndex } from '../../src/accel/apk-index.ts';
import { isApk, readApkData } from '../../src/accel/apk-package.ts';
import { PolyarchError } from '../../src/util/error.ts';
import { temporaryFolder } from '../support/environment.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const [signer, stranger] = [newSigner(), newSigner()];
writeApkRepository(
  folder.path,
  [
    {
      name: 'tool',
      version: '1.2-r3',
      depends: ['so:libanswer.so.1', '/bin/sh', '!other', 'named>=2'],
      files: [{ path: 'bin/tool', mode: 0o755, content: Buffer.from('program') }],
    },
    { name: 'answer-libs', version: '4-r0', provides: ['so:libanswer.so.1=1.0', 'cmd:x=4'], files: [] },
  ],
  { architecture: 'aarch64', signer },
);
const index = readFileSync(join(folder.path, 'aarch64/APKINDEX.tar.gz'));
const apk = join(folder.path, 'aarch64/tool-1.2-r3.apk');
const keysOf = ({ key, name }: typeof signer) => new Map([[name, key]]);
const read = (bytes: Buffer, keys = keysOf(signer)) => readSignedIndex(bytes, { keys, name: 'the index' });

/** Damages of all sorts: cut short, a byte changed, something before or behind. */
function damages(bytes: Buffer): Buffer[] {
  const places = Array.from({ length: 60 }, (_, at) => Math.floor((at * bytes.length) / 60));
  return [
    ...places.map((at) => bytes.subarray(0, at)),
    ...places.map((at) => Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 0x10 : byte)))),
    Buffer.concat([bytes, Buffer.from('x')]),
    Buffer.concat([bytes, bytes]),
  ];
}

test('an index is read with what it says of packages, of its own architecture only', async () => {
  const texts = [{ text: await read(index), archive: 'http://h/aarch64/' }];
  const found = apkIndex(texts, 'aarch64').versions('tool');
  expect(found).toMatchObject([
    { version: '1.2-r3', filename: 'tool-1.2-r3.apk', depends: ['answer-libs', '/bin/sh', 'named'] },
  ]);
  expect(apkIndex(texts, 'x86_64').versions('tool')).toEqual([]);
  const [, control = ''] = found[0]?.digest.split(':') ?? [];
  expect(await isApk(apk, control)).toBe(true);
  expect(await isApk(apk, '0'.repeat(40))).toBe(false);
  const paths: string[] = [];
  for await (const { entry } of readApkData(apk)) paths.push(entry.path);
  expect(paths).toEqual(['bin/tool']);
});

test('an index that another key of that name signed, or none that is known, is refused', async () => {
  await expect(read(index, keysOf({ ...stranger, name: signer.name }))).rejects.toMatchObject({
    code: 'ACCEL_UNTRUSTED',
  });
  await expect(read(index, new Map())).rejects.toThrow(`it names ${signer.name}`);
});

test('a damaged index is refused, wherever the damage is', async () => {
  const whole = await read(index);
  const taken: unknown[] = [];
  for (const [at, bytes] of damages(index).entries()) {
    const text = await read(bytes).catch((error: unknown) => error);
    const isRefused = text instanceof PolyarchError && /^(ACCEL_UNTRUSTED|ARCHIVE_|COMPRESSION_)/.test(text.code);
    // A gzip member's header has a time and a system that nobody reads.
    if (!isRefused && text !== whole) taken.push([at, text]);
  }
  expect(taken).toEqual([]);
});

test('a damaged package is another one, wherever the damage is but in the signature, which does not count', async () => {
  const control =
    apkIndex([{ text: await read(index), archive: '' }], 'aarch64')
      .versions('tool')[0]
      ?.digest.slice(4) ?? '';
  const bytes = readFileSync(apk);
  const damaged = join(folder.path, 'damaged.apk');
  const taken: number[] = [];
  for (const [at, variant] of damages(bytes).entries()) {
    writeFileSync(damaged, variant);
    if (await isApk(damaged, control)) taken.push(at);
  }
  // Of 60 places in 700 bytes, the first 30 are the signature's.
  expect(taken.filter((at) => at < 60 || at >= 105)).toEqual([]);
});
