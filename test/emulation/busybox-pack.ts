import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccelRule, listFile, writeAccelMap } from '../../src/emulation/accel-map.ts';
import { programKey } from '../../src/emulation/program-key.ts';
import { makeRootfs } from '../executor/rootfs.ts';

/**
 * A root filesystem whose busybox runs native, and the pack that says so. Busybox tells how it runs: `uname -m` is this
 * machine's when native. No real pack may have it, therefore.
 */
export interface BusyboxPack {
  readonly rootfs: string;
  readonly pack: string;
}

const APPLETS = ['basename', 'chroot', 'tr', 'readlink', 'wc', 'cp', 'chmod', 'ln', 'sort', 'head', 'ulimit'];

/**
 * In the root filesystem, besides busybox in /bin: `/plain/*`, `/compiler/*`, `/linker/*`, `/python/*`, `/apk/*` and `/names/*`, copies that the map
 * knows by that rule; `/command/bin/go` and `/local/bin/go`, which it knows as go commands; `/content/*`, which has no build-id; `/changed/*`, the same with one other byte; `/lost/*`, whose native
 * tool is not in the pack; `/foreign/*`, which the map does not know; and two plugins in /lib, of which it knows `known.so`.
 * `host` is the machine that the pack is for, this one by default.
 */
export async function makeBusyboxPack(
  folder: string,
  debian: string,
  { host = process.arch === 'x64' ? 'amd64' : 'arm64' }: { readonly host?: 'amd64' | 'arm64' } = {},
): Promise<BusyboxPack> {
  const rootfs = await makeRootfs(join(folder, `${debian}-rootfs`), debian);
  const native = await makeRootfs(join(folder, `${debian}-native`), host);
  const pack = join(folder, `${debian}-pack`);
  for (const made of [join(pack, 'bin'), join(rootfs, 'lib'), join(rootfs, 'tmp')])
    mkdirSync(made, { recursive: true });
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
  copyFileSync(join(native, 'bin/busybox'), join(pack, 'bin/busybox'));

  const busybox: Buffer = readFileSync(join(rootfs, 'bin/busybox'));
  let variants = 0;
  const variant = (place: string, base = busybox): string => {
    const file = join(rootfs, place);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, Buffer.concat([base, Buffer.alloc(16 * ++variants)]));
    chmodSync(file, 0o755);
    return file;
  };
  const applets = (name: string, base = busybox): string => {
    const file = variant(`${name}/busybox`, base);
    for (const applet of ['echo', 'uname']) symlinkSync('busybox', join(rootfs, name, applet));
    return file;
  };
  const key = (file: string): NonNullable<ReturnType<typeof programKey>> => {
    const found = programKey(file);
    if (found === undefined) throw new Error(`${file} has no key`);
    return found;
  };
  const ruled = (name: string, ...rules: readonly AccelRule[]) => {
    const tool = `bin/${name}`;
    copyFileSync(join(pack, 'bin/busybox'), join(pack, tool));
    return { key: key(applets(name)), tool, rules };
  };
  const names = ruled('names', 'names');
  mkdirSync(join(pack, 'names'));
  renameSync(join(pack, names.tool), join(pack, 'names/busybox'));
  symlinkSync('busybox', join(rootfs, 'names/other'));
  writeFileSync(join(pack, 'names/busybox.names'), 'names\nother-uname\nuname\nunamely\n');
  const command = (name: string, ...rules: readonly AccelRule[]) => {
    const tool = `bin/go-${name}`;
    copyFileSync(join(pack, 'bin/busybox'), join(pack, tool));
    const { place, text } = listFile(tool, {
      kind: 'environment',
      lines: ['GOARCH=arm64', 'GOARM=6', 'CGO_ENABLED=gcc'],
    });
    writeFileSync(join(pack, place), text);
    return { key: key(variant(`${name}/bin/go`)), tool, rules };
  };
  const anonymous = withoutBuildId(busybox, key(join(rootfs, 'bin/busybox')).bytes);
  const changed = Buffer.from(anonymous);
  changed.fill(changed[changed.length >> 1] === 0 ? 1 : 0, changed.length >> 1, (changed.length >> 1) + 1);
  const content = applets('content', anonymous);
  variants--;
  const other = applets('changed', changed);
  if (Buffer.compare(key(content).bytes, key(other).bytes) !== 0)
    throw new Error('one byte in the middle changes the key');
  applets('foreign');
  writeAccelMap(pack, [
    { key: key(join(rootfs, 'bin/busybox')), tool: 'bin/busybox' },
    ruled('plain'),
    ruled('compiler', 'compiler'),
    ruled('linker', 'linker-plugin'),
    ruled('python', 'python-compile'),
    ruled('go', 'go-tool'),
    ruled('apk', 'apk'),
    command('command', 'go-command'),
    command('local', 'go-command', 'go-local'),
    { ...names, tool: 'names/busybox' },
    { key: key(content), tool: 'bin/busybox' },
    { key: key(applets('lost')), tool: 'bin/nowhere' },
    { key: key(variant('lib/known.so')), tool: 'lib/native-plugin.so' },
  ]);
  variant('lib/other.so');
  return { rootfs, pack };
}

/** The same program with another type in the note that holds its build-id. */
function withoutBuildId(program: Buffer, key: Uint8Array): Buffer {
  const at = program.indexOf(key.subarray(2, 22));
  if (key[0] !== 1 || key[1] !== 20 || at < 16) throw new Error('busybox has no build-id');
  const copy = Buffer.from(program);
  copy.fill(0xff, at - 8, at - 4);
  return copy;
}
