import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checksumDatabase, moduleSum } from './go-checksums.ts';

const NAME = 'sums.test';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = Buffer.concat([Buffer.of(1), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)]);
const keyId = sha256(Buffer.from(`${NAME}\n`), key).subarray(0, 4);
const setting = `${NAME}+${keyId.toString('hex')}+${key.toString('base64')}`;
const MODULE = { path: 'golang.org/toolchain', version: 'v0.0.1-go1.25.4.linux-arm64' };

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

/** RFC 6962, section 2.1. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first !== undefined && leaves.length === 1) return first;
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)));
}

/** A database of `size` records, of which number `index` is the module's; its files by their paths. */
function database({ size, index }: { size: number; index: number }): Map<string, Buffer> {
  const record = `${MODULE.path} ${MODULE.version} h1:right=\n${MODULE.path} ${MODULE.version}/go.mod h1:other=\n`;
  const leaves = Array.from({ length: size }, (_, at) =>
    sha256(Buffer.of(0), Buffer.from(at === index ? record : `module v1.0.${at} h1:x=\n`)),
  );
  const files = new Map<string, Buffer>();
  for (let level = 0, row = leaves; row.length > 0; level++) {
    for (let at = 0; at < row.length; at += 256) {
      const tile = row.slice(at, at + 256);
      const number = String(at / 256).padStart(3, '0');
      const path = number.length > 3 ? `x${number.slice(0, -3).padStart(3, '0')}/${number.slice(-3)}` : number;
      files.set(`tile/8/${level}/${path}${tile.length < 256 ? `.p/${tile.length}` : ''}`, Buffer.concat(tile));
    }
    row = Array.from({ length: Math.floor(row.length / 256) }, (_, at) =>
      treeHash(row.slice(at * 256, at * 256 + 256)),
    );
  }
  const text = `go.sum database tree\n${size}\n${treeHash(leaves).toString('base64')}\n`;
  const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]).toString('base64');
  files.set(
    `lookup/${MODULE.path}@${MODULE.version}`,
    Buffer.from(`${index}\n${record}\n${text}\n\u2014 ${NAME} ${signature}\n`),
  );
  return files;
}

function ask(files: ReadonlyMap<string, Buffer>, keySetting = setting): Promise<string> {
  const trusted = checksumDatabase(`${keySetting} http://${NAME}`);
  if (trusted === undefined) throw new Error('a key');
  const get = async (url: string): Promise<AsyncIterable<Uint8Array>> => {
    const file = files.get(url.slice(`http://${NAME}/`.length));
    if (file === undefined) throw new Error(`${url} is not there`);
    return (async function* () {
      yield file;
    })();
  };
  return moduleSum(MODULE, { database: trusted, get });
}

describe('the sum of a module', () => {
  test.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [255, 100],
    [256, 255],
    [257, 256],
    [300, 3],
    [65_800, 65_790],
  ])('is found in a tree of %d records at %d', async (size, index) => {
    expect(await ask(database({ size, index }))).toBe('h1:right=');
  });

  test('is found when the part of a tile has become the whole one', async () => {
    const files = database({ size: 300, index: 299 });
    const part = files.get('tile/8/0/001.p/44');
    files.delete('tile/8/0/001.p/44');
    files.set('tile/8/0/001', Buffer.concat([part ?? Buffer.alloc(0), Buffer.alloc(212 * 32)]));
    expect(await ask(files)).toBe('h1:right=');
  });

  const lookup = `lookup/${MODULE.path}@${MODULE.version}`;
  const changed = (path: string, change: (text: string) => string, encoding: 'utf8' | 'latin1' = 'utf8') => {
    const files = database({ size: 300, index: 20 });
    const text = files.get(path)?.toString(encoding) ?? '';
    files.set(path, Buffer.from(change(text), encoding));
    return files;
  };
  test.each([
    ['another sum', changed(lookup, (text) => text.replace('h1:right=', 'h1:wrong='))],
    ['another number', changed(lookup, (text) => text.replace('20\n', '21\n'))],
    ['a number beyond the tree', changed(lookup, (text) => text.replace('20\n', '300\n'))],
    ['another tree', changed(lookup, (text) => text.replace('\n300\n', '\n299\n'))],
    ['no signature', changed(lookup, (text) => text.replace(/\u2014.*\n/, ''))],
    ['a changed signature', changed(lookup, (text) => text.replace(/....\n$/, 'AAA=\n'))],
    ['another module', changed(lookup, (text) => text.replaceAll('arm64', 'arm'))],
    ['nothing', changed(lookup, () => '')],
    [
      'a changed tile',
      changed('tile/8/0/000', (text) => `${text.slice(0, -1)}${text.endsWith('a') ? 'b' : 'a'}`, 'latin1'),
    ],
    ['a short tile', changed('tile/8/0/000', (text) => text.slice(32), 'latin1')],
  ])('is refused with %s', async (_name, files) => {
    await expect(ask(files)).rejects.toMatchObject({ code: 'ACCEL_UNTRUSTED' });
  });

  test('is refused when another key signed', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const bytes = Buffer.concat([Buffer.of(1), other]);
    const id = sha256(Buffer.from(`${NAME}\n`), bytes)
      .subarray(0, 4)
      .toString('hex');
    await expect(ask(database({ size: 5, index: 2 }), `${NAME}+${id}+${bytes.toString('base64')}`)).rejects.toThrow(
      'no good signature',
    );
  });
});

test.each([
  [undefined, 'https://sum.golang.org'],
  ['', 'https://sum.golang.org'],
  ['sum.golang.org', 'https://sum.golang.org'],
  ['sum.golang.org https://mirror.test', 'https://mirror.test'],
  [setting, `https://${NAME}`],
  ['off', undefined],
  ['other.test', undefined],
  [`${NAME}+00000000+${key.toString('base64')}`, undefined],
])('GOSUMDB=%s is the database at %s', (value, url) => {
  expect(checksumDatabase(value)?.url).toBe(url);
});
