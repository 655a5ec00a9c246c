import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureRecord, type ArchitectureRecord } from '../../src/emulation/architectures.ts';
import { binfmtRecord } from '../../src/emulation/create-emulation.ts';
import { emulatorEnv } from '../../src/emulation/emulator-version.ts';
import { injectDispatcher } from '../../src/emulation/inject.ts';
import { registration } from '../../src/emulation/register.ts';
import { DEFAULT_PATH } from '../../src/executor/defaults.ts';
import { type BusyboxPack, makeBusyboxPack } from '../../test/emulation/busybox-pack.ts';
import { prepareGoCommands } from '../../test/emulation/dispatcher-go-commands.ts';
import { prepareRules } from '../../test/emulation/dispatcher-rules.ts';
import { prepareUnnoticed } from '../../test/emulation/dispatcher-scenes.ts';
import { makeRootfs } from '../../test/executor/rootfs.ts';
import { arm64Package, unpack } from './machine.ts';
import { type Answer, type Proof, SETTINGS } from './proofs.ts';

/** The root filesystems in which proofs run, each with its pack: the architecture, and what is made in them. */
const PLACES: Readonly<Record<string, readonly [architecture: string, prepare?: (busybox: BusyboxPack) => void]>> = {
  rules: ['riscv64', prepareRules],
  names: ['riscv64'],
  go: ['riscv64', prepareGoCommands],
  scenes: ['riscv64', prepareUnnoticed],
  s390x: ['s390x', prepareRules],
};

/** Makes the first root filesystem of an arm64 machine: emulators, their registrations, and the places, whose packs it gives. */
export async function preparePlaces(root: string): Promise<ReadonlyMap<string, string>> {
  await makeRootfs(root, 'arm64');
  for (const name of ['emulators', 'registrations', 'scripts', 'proc', 'places']) mkdirSync(join(root, name));
  const emulators = await arm64Package('bookworm', 'qemu-user-static');
  const unpacked = await unpack(emulators.file, `${root}-emulators`);
  for (const architecture of new Set(Object.values(PLACES).map(([one]) => one))) {
    const record = architectureRecord(architecture);
    if (record === undefined) throw new Error(architecture);
    inject(record, { unpacked, root, version: /\d[\d.]*(?=\+)/.exec(emulators.version)?.[0] });
  }
  const packs = new Map<string, string>();
  for (const [name, [debian, prepare]] of Object.entries(PLACES)) {
    const place = join(root, 'places', name);
    const busybox = await makeBusyboxPack(place, debian, { host: 'arm64' });
    prepare?.(busybox);
    rmSync(join(place, `${debian}-native`), { recursive: true });
    packs.set(name, busybox.pack);
  }
  return packs;
}

/** The dispatcher in Debian's arm64 emulator, with the settings it would have, or for s390x, which has none, with SETTINGS. */
function inject(
  record: ArchitectureRecord,
  {
    unpacked,
    root,
    version,
  }: { readonly unpacked: string; readonly root: string; readonly version: string | undefined },
): void {
  const program = readFileSync(join(unpacked, `usr/bin/qemu-${record.qemu}-static`));
  const environment = record.qemu === 's390x' ? SETTINGS : emulatorEnv(record, version);
  const injection = injectDispatcher(program, { host: 'arm64', environment });
  if ('refused' in injection) throw new Error(`qemu-${record.qemu}: ${injection.refused}`);
  const place = `/emulators/qemu-${record.qemu}`;
  writeFileSync(join(root, place), injection.program, { mode: 0o755 });
  writeFileSync(join(root, 'registrations', record.qemu), registration(binfmtRecord(record, place)));
}

/** Writes the machine's first program, which runs the proofs one after the other and prints their answers. */
export function prepareProofs(root: string, proofs: readonly Proof[]): void {
  const lines = proofs.flatMap(({ place, script, user = 'root', accel = true, before }, index) => {
    writeFileSync(join(root, 'scripts', String(index)), script);
    const folder = `/places/${place}/${PLACES[place]?.[0]}`;
    const words = [index, `${folder}-rootfs`, user, accel ? `${folder}-pack` : ''];
    return [...(before === undefined ? [] : [before]), `proof ${words.join(' ')}`];
  });
  writeFileSync(join(root, 'init'), `${INIT}${lines.join('\n')}\npoweroff -f\n`, { mode: 0o755 });
}

/** As executor/accel-mounts.ts mounts a pack. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t devtmpfs none /dev
[ -e /binfmt_misc.ko ] || unxz /binfmt_misc.ko.xz
insmod /binfmt_misc.ko
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
for one in /registrations/*; do cat $one > /proc/sys/fs/binfmt_misc/register; done
proof() {
  mkdir -p $2/dev $2/proc
  mount -t proc none $2/proc
  mount -t tmpfs -o mode=755 none $2/dev
  mknod -m 666 $2/dev/null c 1 3
  cp /bin/busybox $2/dev/busybox
  : > /ran
  chmod 666 /ran
  if [ -n "$4" ]; then
    mkdir $2/dev/.accel
    mount --bind $4 $2/dev/.accel
    mount -o remount,bind,ro,nosuid,nodev $2/dev/.accel
    mount --bind /ran $2/dev/.accel/ran
  fi
  as=
  [ $3 = root ] || as="/dev/busybox su -s /bin/sh $3"
  chroot $2 /dev/busybox env -i PATH=${DEFAULT_PATH} HOME=/root \${as:-/bin/sh} -c "$(cat /scripts/$1)" < /dev/null > /output 2>&1
  echo
  for part in output ran; do echo "begin $part $1"; head -c 100000 /$part | base64; echo end; done
  [ -z "$4" ] || umount $2/dev/.accel/ran $2/dev/.accel
  umount $2/dev $2/proc
}
`;

/** By the proofs' names, what the console says of them. */
export function readAnswers(console: string, proofs: readonly Proof[]): ReadonlyMap<string, Answer> {
  const parts = new Map<string, Buffer>();
  for (const [, part = '', text = ''] of console.matchAll(/^begin (\w+ \d+)\n([\w+/=\n]*?)^end$/gm))
    parts.set(part, Buffer.from(text, 'base64'));
  const answers = new Map<string, Answer>();
  for (const [index, { name }] of proofs.entries()) {
    const [output, ran] = [parts.get(`output ${index}`), parts.get(`ran ${index}`)];
    if (output !== undefined && ran !== undefined) answers.set(name, { output: output.toString(), ran });
  }
  return answers;
}
