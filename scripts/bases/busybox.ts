import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianPackages, packagesKey } from '../debian-packages.ts';
import { fixturePlatforms, type FixturePlatform } from '../fixtures.ts';
import { eachLimited, run } from '../process.ts';
import type { BaseDefinition, PackedContent } from './base.ts';
import type { BaseImage } from './layout.ts';

const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A root filesystem of Debian's static busybox with a link for each of its applets. The applets' names come
 * from the amd64 binary, which this machine or QEMU can run; Debian builds all architectures from one config.
 */
async function makeRootfs(
  folder: string,
  options: { binary: string; applets: readonly string[]; alpine: boolean },
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  for (const part of [
    'bin',
    'sbin',
    'etc',
    'dev',
    'proc',
    'sys',
    'root',
    'tmp',
    'run',
    'home',
    'usr/bin',
    'usr/sbin',
    'usr/local/bin',
    'usr/local/sbin',
    'usr/lib',
    'lib',
    'var/tmp',
    'var/log',
    'var/cache',
    'var/spool',
    'opt',
    'mnt',
    'srv',
  ])
    mkdirSync(join(folder, part), { recursive: true });
  chmodSync(join(folder, 'root'), 0o700);
  for (const shared of ['tmp', 'var/tmp']) chmodSync(join(folder, shared), 0o1777);
  cpSync(options.binary, join(folder, 'bin/busybox'));
  chmodSync(join(folder, 'bin/busybox'), 0o755);
  for (const applet of options.applets) {
    const link = join(folder, applet);
    mkdirSync(dirname(link), { recursive: true });
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync('/bin/busybox', link);
  }
  const users = [
    'root:x:0:0:root:/root:/bin/sh',
    'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
    'www-data:x:33:33:www-data:/var/www:/bin/false',
    'nobody:x:65534:65534:nobody:/home:/bin/false',
  ];
  const groups = [
    'root:x:0:',
    'daemon:x:1:',
    'adm:x:4:',
    'tty:x:5:',
    'www-data:x:33:',
    'users:x:100:',
    'nogroup:x:65534:',
  ];
  const files: Record<string, string> = {
    'etc/passwd': `${users.join('\n')}\n`,
    'etc/group': `${groups.join('\n')}\n`,
    'etc/shadow': 'root:*:::::::\nnobody:*:::::::\n',
    'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'etc/shells': '/bin/sh\n/bin/ash\n',
    'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
  };
  if (options.alpine)
    files['etc/os-release'] =
      'NAME="Alpine stand-in"\nID=polyarch-standin\nPRETTY_NAME="busybox stand-in for alpine, without apk"\n';
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  chmodSync(join(folder, 'etc/shadow'), 0o640);
}

/** Debian's busybox-static for every platform, unpacked. */
async function busyboxPackages(): Promise<{ platform: FixturePlatform; key: string; file: string }[]> {
  return eachLimited(fixturePlatforms, {
    width: 4,
    work: async (platform) => {
      const target = { suite: platform.suite, architecture: platform.debian };
      const packages = await debianPackages(target, { packages: ['busybox-static'] });
      return { platform, key: packagesKey(packages), file: packages[0]?.file ?? '' };
    },
  });
}

async function content(alpine: boolean): Promise<PackedContent> {
  const packages = await busyboxPackages();
  return {
    kind: 'packed',
    // Docker Hub holds both families of media types, so the stand-ins do too.
    family: alpine ? 'docker' : 'oci',
    key: [alpine ? 'alpine-1' : 'busybox-1', ...packages.map((one) => one.key)].join(' '),
    makeImages: async (work) => {
      const applets = await appletNames(work, packages);
      const images: BaseImage[] = [];
      for (const { platform, file } of packages) {
        const unpacked = join(work, platform.debian);
        await run(['dpkg-deb', '-x', file, unpacked]);
        const binary = ['bin/busybox', 'usr/bin/busybox']
          .map((name) => join(unpacked, name))
          .find((name) => existsSync(name));
        if (binary === undefined) throw new Error(`${file} holds no busybox`);
        const rootfs = join(work, `${platform.debian}-rootfs`);
        await makeRootfs(rootfs, { binary, applets, alpine });
        const config = { Env: [searchPath], Cmd: [alpine ? '/bin/sh' : 'sh'] };
        images.push({ platform: platform.platform, rootfs, config });
      }
      return images;
    },
  };
}

async function appletNames(
  work: string,
  packages: readonly { platform: FixturePlatform; file: string }[],
): Promise<string[]> {
  const host = {
    x64: 'amd64',
    arm64: 'arm64',
    ia32: 'i386',
    ppc64: 'ppc64el',
    s390x: 's390x',
    riscv64: 'riscv64',
    arm: 'armhf',
  };
  const own = packages.find((one) => one.platform.debian === host[process.arch as keyof typeof host]);
  if (own === undefined) throw new Error(`Debian has no busybox for this machine (${process.arch})`);
  const folder = join(work, 'own');
  await run(['dpkg-deb', '-x', own.file, folder]);
  const binary = ['bin/busybox', 'usr/bin/busybox'].map((name) => join(folder, name)).find((name) => existsSync(name));
  const listed = await run([binary ?? '', '--list-full']);
  return listed.stdout
    .split('\n')
    .filter((name) => name !== '' && name !== 'bin/busybox' && !name.startsWith('linuxrc'));
}

export const busybox: BaseDefinition = {
  repository: 'library/busybox',
  tags: ['latest', '1.35', 'stable'],
  content: () => content(false),
};

export const alpine: BaseDefinition = {
  repository: 'library/alpine',
  tags: ['latest', '3.7', '3.20'],
  content: () => content(true),
};
