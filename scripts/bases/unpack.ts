import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DebianPackage } from '../debian-packages.ts';
import { run } from '../process.ts';

/** Folders that are links into /usr on a merged-/usr system, which bookworm and later are. */
const merged = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/**
 * Unpacks packages of any architecture into an empty folder and leaves dpkg's database as `dpkg --unpack`
 * would: every package "unpacked", its conffiles waiting as `.dpkg-new`. Nothing of the packages is run, so
 * it goes at the machine's own speed; what stays for the foreign system is `dpkg --configure -a`.
 * `onto` makes an addition to a system that exists: its stanzas go to `added-status` in dpkg's folder.
 */
export async function unpackPackages(
  rootfs: string,
  options: { packages: readonly DebianPackage[]; architecture: string; onto?: boolean },
): Promise<void> {
  for (const folder of merged) {
    mkdirSync(join(rootfs, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(rootfs, folder));
  }
  const database = join(rootfs, 'var/lib/dpkg');
  for (const folder of ['info', 'updates', 'triggers', 'alternatives', 'parts'])
    mkdirSync(join(database, folder), { recursive: true });
  const stanzas: string[] = [];
  for (const one of options.packages) stanzas.push(await unpack(rootfs, one));
  if (options.onto === true) {
    writeFileSync(join(database, 'added-status'), `${stanzas.join('\n')}\n`);
    // The system has these links; a folder or link of the addition must not take their place.
    for (const folder of merged) rmSync(join(rootfs, folder));
    return;
  }
  writeFileSync(join(database, 'info/format'), '1\n');
  writeFileSync(join(database, 'arch'), `${options.architecture}\n`);
  writeFileSync(join(database, 'status'), `${stanzas.join('\n')}\n`);
  for (const empty of ['available', 'diversions', 'statoverride']) writeFileSync(join(database, empty), '');
  // What base-passwd's preinst does on an empty system.
  for (const name of ['passwd', 'group']) {
    const master = join(rootfs, 'usr/share/base-passwd', `${name}.master`);
    if (existsSync(master)) cpSync(master, join(rootfs, 'etc', name));
  }
}

async function unpack(rootfs: string, one: DebianPackage): Promise<string> {
  const control = join(rootfs, 'var/lib/dpkg/unpacking');
  rmSync(control, { recursive: true, force: true });
  mkdirSync(control);
  const script = [
    'dpkg-deb --fsys-tarfile "$1" | tar -C "$2" --keep-directory-symlink --numeric-owner -xpvf -',
    'dpkg-deb --ctrl-tarfile "$1" | tar -C "$3" -xf -',
  ];
  const listed = await run([
    'bash',
    '-ec',
    `set -o pipefail; ${script.join('; ')}`,
    'unpack',
    one.file,
    rootfs,
    control,
  ]);
  const files = listed.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\.\/?/, '/').replace(/(?<=.)\/$/, ''))
    .map((line) => (line === '/' ? '/.' : line));
  const fields = readFileSync(join(control, 'control'), 'utf8').trimEnd();
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'mi').exec(fields)?.[1];
  const suffix = field('Multi-Arch') === 'same' ? `:${field('Architecture') ?? ''}` : '';
  const info = join(rootfs, 'var/lib/dpkg/info', `${one.name}${suffix}`);
  writeFileSync(`${info}.list`, `${files.join('\n')}\n`);
  const conffiles: string[] = [];
  for (const name of readdirSync(control)) {
    if (name === 'control') continue;
    if (name === 'conffiles') conffiles.push(...readConffiles(join(control, name)));
    renameSync(join(control, name), `${info}.${name}`);
  }
  for (const file of conffiles) renameSync(join(rootfs, file), join(rootfs, `${file}.dpkg-new`));
  rmSync(control, { recursive: true });
  const [first = '', ...rest] = fields.split('\n');
  const listing = conffiles.length === 0 ? [] : ['Conffiles:', ...conffiles.map((file) => ` ${file} newconffile`)];
  return [first, 'Status: install ok unpacked', ...rest, ...listing, ''].join('\n');
}

function readConffiles(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('/'));
}
