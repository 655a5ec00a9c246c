import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hostArchitecture } from '../../src/emulation/native.ts';
import { makeRootfs } from '../../test/executor/rootfs.ts';
import { type DebianPackage, debianPackages } from '../debian-packages.ts';
import { run } from '../process.ts';

/** A kernel of Debian's for arm64. */
export interface Kernel {
  readonly suite: string;
  /** The package that depends on the newest one. */
  readonly package: string;
}

/** Of pages of 4 KiB, which nearly all have, and of 16 KiB. */
export const KERNELS: readonly Kernel[] = [
  { suite: 'bookworm', package: 'linux-image-cloud-arm64' },
  { suite: 'trixie', package: 'linux-image-arm64-16k' },
];

/** One of Debian's packages for arm64. */
export async function arm64Package(suite: string, name: string): Promise<DebianPackage> {
  const [found] = await debianPackages({ suite, architecture: 'arm64' }, { packages: [name] });
  if (found === undefined) throw new Error(`no package ${name} for arm64`);
  return found;
}

/** Gives the folder into which the package was unpacked. */
export async function unpack(file: string, into: string): Promise<string> {
  mkdirSync(into, { recursive: true });
  await run(['dpkg-deb', '-x', file, into]);
  return into;
}

/** What was booted, and all that it wrote to its console. */
export interface Booted {
  readonly kernel: string;
  readonly console: string;
}

/**
 * Boots a kernel until it powers off, in `folder`, which is removed afterwards. `root` is its first root filesystem, into which
 * binfmt_misc.ko or binfmt_misc.ko.xz is put.
 */
export async function bootArm64(
  kernel: Kernel,
  options: { readonly folder: string; readonly root: string; readonly signal?: AbortSignal },
): Promise<Booted> {
  const { folder, root } = options;
  try {
    const meta = await arm64Package(kernel.suite, kernel.package);
    const { stdout: depends } = await run(['dpkg-deb', '-f', meta.file, 'Depends']);
    const image = await arm64Package(kernel.suite, depends.split(' ')[0] ?? '');
    const unpacked = await unpack(image.file, join(folder, 'kernel'));
    const found = (await run(['find', unpacked, '-name', 'vmlinuz-*', '-o', '-name', 'binfmt_misc.ko*'])).stdout.trim();
    const [start = '', module = ''] = found.split('\n').toSorted((a, b) => b.indexOf('/boot/') - a.indexOf('/boot/'));
    await run(['cp', module, root]);
    const initramfs = await archive(root, folder);
    await run(['rm', join(root, basename(module))]);

    const machine = [
      '-M',
      'virt',
      '-cpu',
      'max,pauth-impdef=on',
      '-m',
      '1G',
      '-nodefaults',
      '-nic',
      'none',
      '-no-reboot',
    ];
    const streams = ['-display', 'none', '-serial', 'stdio', '-append', 'console=ttyAMA0 loglevel=3 panic=-1'];
    const emulator = await systemEmulator(join(folder, 'emulator'));
    const { stdout } = await run([...emulator, ...machine, '-kernel', start, '-initrd', initramfs, ...streams], {
      allowFailure: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return { kernel: `${image.name} ${image.version}`, console: stdout.replaceAll('\r\n', '\n') };
  } finally {
    await run(['rm', '-rf', folder]);
  }
}

/** The folder's files as the kernel unpacks them; root's, therefore packed as root of a namespace. */
async function archive(root: string, folder: string): Promise<string> {
  const native = join(await makeRootfs(join(folder, 'native'), hostArchitecture()), 'bin/busybox');
  const list = (await run(['find', '.'], { cwd: root })).stdout;
  const file = join(folder, 'initramfs');
  await run(['unshare', '-r', native, 'cpio', '-o', '-H', 'newc'], { cwd: root, input: list, stdoutFile: file });
  return file;
}

/** qemu-system-aarch64 with its libraries, in a folder of its own. */
async function systemEmulator(folder: string): Promise<readonly string[]> {
  const target = { suite: 'bookworm', architecture: hostArchitecture() };
  const packages = await debianPackages(target, { packages: ['qemu-system-arm'], closure: true });
  for (const { name, file } of packages) if (/^(?:lib|zlib1g|qemu-system-arm)/.test(name)) await unpack(file, folder);
  const [libraries = ''] = readdirSync(join(folder, 'lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(folder, 'lib', name));
  const loader = readdirSync(libraries).find((name) => /^ld-linux-.*\.so/.test(name)) ?? '';
  const path = `${libraries}:${libraries.replace(join(folder, 'lib'), join(folder, 'usr/lib'))}`;
  return [join(libraries, loader), '--library-path', path, join(folder, 'usr/bin/qemu-system-aarch64')];
}
