import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages, packagesKey } from '../../scripts/debian-packages.ts';
import { fixturePath, fixturePlatforms } from '../../scripts/fixtures.ts';
import { run } from '../../scripts/process.ts';

const APPLETS = ['sh', 'cat', 'echo', 'env', 'false', 'grep', 'hostname', 'id', 'ip', 'kill', 'ls', 'mkdir', 'mknod'];
APPLETS.push('mount', 'pwd', 'rm', 'sleep', 'stat', 'test', 'touch', 'true', 'tty', 'uname', 'unshare', 'chown', 'df');

/** A root filesystem at `folder` with Debian's static busybox of that architecture, and the users `app` and `nobody`. */
export async function makeRootfs(folder: string, debian: string): Promise<string> {
  const binary = await busyboxBinary(debian);
  for (const part of ['bin', 'etc', 'home']) mkdirSync(join(folder, part), { recursive: true });
  cpSync(binary, join(folder, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet));
  writeFileSync(
    join(folder, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\ntty:x:5:\napp:x:1000:\nextra:x:2000:app\nnogroup:x:65534:\n');
  return folder;
}

async function busyboxBinary(debian: string): Promise<string> {
  const platform = fixturePlatforms.find((one) => one.debian === debian);
  if (platform === undefined) throw new Error(`no such fixture architecture: ${debian}`);
  const packages = await debianPackages(
    { suite: platform.suite, architecture: debian },
    { packages: ['busybox-static'] },
  );
  const kept = fixturePath('busybox-binaries', `${debian}-${packagesKey(packages)}`);
  if (!existsSync(kept)) {
    mkdirSync(join(kept, '..'), { recursive: true });
    const unpacked = mkdtempSync(`${kept}-`);
    await run(['dpkg-deb', '-x', packages[0]?.file ?? '', unpacked]);
    const found = ['bin/busybox', 'usr/bin/busybox'].find((name) => existsSync(join(unpacked, name)));
    if (found === undefined) throw new Error('the package busybox-static has no busybox');
    renameSync(join(unpacked, found), kept);
    rmSync(unpacked, { recursive: true });
  }
  return kept;
}
