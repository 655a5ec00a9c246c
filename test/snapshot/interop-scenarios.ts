import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createWriteStream } from 'node:fs';
import { compressLayer } from '../../src/archive/compress-layer.ts';
import { decompress } from '../../src/archive/decompress.ts';
import { readTar } from '../../src/archive/reader.ts';
import { fsPath } from '../../src/archive/text.ts';
import { diffTree } from '../../src/snapshot/diff.ts';
import { openSnapshotter } from '../../src/snapshot/snapshotter.ts';
import { lsetxattr, setTimes } from '../../src/snapshot/syscalls.ts';
import { tarOfTree } from '../../src/snapshot/tree-pack.ts';
import { unpackLayer } from '../../src/snapshot/unpack.ts';
import { smallTar } from './hostile.ts';
import type { Members } from './hostile.ts';
import { listTree } from './tree.ts';

/** A tree of the machine's own programs and zone files, and of everything that is odd. */
function makeTree(root: string): string {
  const tree = join(root, 'tree');
  mkdirSync(tree);
  for (const [from, to] of [
    ['/usr/lib/apt', 'programs'],
    ['/usr/share/zoneinfo/America', 'zoneinfo'],
  ] as const) {
    if (existsSync(from))
      cpSync(from, join(tree, to), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  const at = (name: string) => join(tree, name);
  mkdirSync(at('odd'));
  writeFileSync(at(`odd/${'long'.repeat(60)}`), 'long');
  mkdirSync(at(`odd/${'deep/'.repeat(60)}`), { recursive: true });
  writeFileSync(at(`odd/${'deep/'.repeat(60)}file`), 'deep');
  symlinkSync('target/'.repeat(40), at('odd/long-link'));
  writeFileSync(at('odd/grüße 😀'), 'utf-8');
  writeFileSync(fsPath(at('odd/latin-\uDCE9')), 'latin-1');
  writeFileSync(at('odd/empty'), '');
  linkSync(at('odd/empty'), at('odd/zz-hardlink'));
  writeFileSync(at('odd/new\nline'), 'x');
  const sparse = openSync(at('odd/sparse'), 'w');
  for (let part = 0; part < 40; part++) writeSync(sparse, `part ${part}`, part * 100_000);
  truncateSync(at('odd/sparse'), 4_500_000);
  lsetxattr(at('odd/empty'), 'user.note', { value: Buffer.from('a\0=\n') });
  lsetxattr(at('odd/new\nline'), 'security.capability', {
    value: Buffer.from('0100000200040000000000000000000000000000', 'hex'),
  });
  execFileSync('mkfifo', [at('odd/fifo')]);
  execFileSync('chown', ['12:34', at('odd/empty'), at('odd/fifo')]);
  execFileSync('chmod', ['6711', at('odd/empty')]);
  setTimes(at('odd/empty'), 1_234_567_890, 987_654_321);
  setTimes(at('odd/fifo'), -10, 5);
  return tree;
}

const TAR = ['--warning=no-timestamp', '--numeric-owner', '--xattrs', '--xattrs-include=*'];

/** GNU tar writes, both unpack; both ways back are compared. */
export async function againstGnuTar(root: string, format: string, sparse: readonly string[]) {
  const tree = makeTree(root);
  const tar = join(root, 'gnu.tar');
  execFileSync('tar', [...TAR, `--format=${format}`, ...sparse, '--sort=name', '-C', tree, '-cf', tar, '.']);
  const [ours, theirs, back] = ['ours', 'theirs', 'back'].map((name) => join(root, name)) as [string, string, string]; // three names in, three out
  for (const folder of [ours, theirs, back]) mkdirSync(folder);
  const unpacked = await unpackLayer(createReadStream(tar), ours);
  execFileSync('tar', [...TAR, '-C', theirs, '-xpf', tar]);

  const again = join(root, 'again.tar');
  await pipeline(diffTree(ours), createWriteStream(again));
  execFileSync('tar', [...TAR, '-C', back, '-xpf', again]);
  return {
    digest:
      unpacked.digest ===
      `sha256:${createHash('sha256')
        .update(execFileSync('cat', [tar], { maxBuffer: 2 ** 31 }))
        .digest('hex')}`,
    ours: difference(listTree(ours), listTree(theirs)),
    count: listTree(ours).length,
    holes: Number(execFileSync('du', ['-k', join(ours, 'odd/sparse')], { encoding: 'utf8' }).split('\t')[0]),
    // Layers hold whole seconds.
    back: difference(listTree(back, { times: 'seconds' }), listTree(ours, { times: 'seconds' })),
    entries: difference(await entries(createReadStream(again)), await entries(createReadStream(tar))),
    same: difference(await entries(tarOfTree(ours)), await entries(createReadStream(again))),
  };
}

/** Lines that only one has. */
function difference(one: readonly string[], two: readonly string[]): string[] {
  const [left, right] = [new Set(one), new Set(two)];
  return [
    ...one.filter((line) => !right.has(line)).map((line) => `- ${line}`),
    ...two.filter((line) => !left.has(line)).map((line) => `+ ${line}`),
  ];
}

async function entries(tar: AsyncIterable<Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  const linked = new Map<string, readonly string[]>();
  for await (const { entry, body } of readTar(tar)) {
    const hash = createHash('sha256');
    for await (const part of body) hash.update(part);
    const path = entry.path.replace(/^\.\//, '').replace(/\/$/, '');
    if (path === '') continue;
    const xattrs = [...entry.xattrs].map(([name, value]) => `${name}=${value.toString('hex')}`).toSorted();
    const content =
      entry.type === 'file'
        ? [hash.digest('hex').slice(0, 12), ...xattrs]
        : entry.type === 'symlink'
          ? [entry.linkname]
          : xattrs;
    // Which of several names is the file itself depends on the order, and GNU tar sorts otherwise.
    const same = entry.type === 'hardlink' ? (linked.get(entry.linkname.replace(/^\.\//, '')) ?? []) : content;
    linked.set(path, same);
    const type = entry.type === 'hardlink' ? 'file' : entry.type;
    found.push([path, type, entry.mode.toString(8), entry.uid, entry.gid, entry.mtime, ...same].join(' '));
  }
  return found.toSorted();
}

/** An OCI layout of the layers, for umoci, and the merged view of the same layers. */
export async function layoutAndView(root: string, layers: readonly Members[]) {
  const blobs = join(root, 'layout/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (content: string | Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hex), content);
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
  };
  await using snapshots = openSnapshotter({ root: join(root, 'snapshots') });
  const chain = [];
  const descriptors = [];
  const diffIds: string[] = [];
  for (const [index, members] of layers.entries()) {
    const packed = compressLayer(smallTar(members), { type: 'gzip' });
    const parts: Buffer[] = [];
    for await (const part of packed.blob) parts.push(part);
    const { diffId, mediaType } = packed.digests();
    descriptors.push(put(Buffer.concat(parts), mediaType));
    diffIds.push(diffId);
    const layer = { id: `layer${index}` };
    if (
      (await snapshots.unpack(
        layer,
        decompress(
          (async function* () {
            yield* parts;
          })(),
        ),
      )) !== diffId
    )
      throw new Error('another diffID');
    chain.push(layer);
  }
  const config = put(
    JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
    'application/vnd.oci.image.config.v1+json',
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = put(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: descriptors }), type);
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'test' } };
  writeFileSync(join(root, 'layout/index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(root, 'layout/oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await using view = await snapshots.view(chain);
  return listTree(view.path);
}

export function list(folder: string): string[] {
  return listTree(folder);
}
