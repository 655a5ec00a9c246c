import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptAcquireSettings, debianMirror } from '../debian-packages.ts';

/** What a container image of Debian leaves out, so that bases stay small: dpkg is told so for later packages too. */
const leftOut = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'usr/share/lintian'];

/**
 * Makes an unpacked Debian fit for containers: apt reads the archive this machine reads, the way it does
 * (proxies, certificates); no documentation; no service starts; no file of its lists stays uncompressed.
 */
export async function settleDebian(rootfs: string, suite: string): Promise<void> {
  leaveOutDocumentation(rootfs);
  const settings = await aptAcquireSettings();
  const files: Record<string, string> = {
    'etc/apt/sources.list': `deb ${await debianMirror()} ${suite} main\n`,
    'etc/apt/apt.conf.d/90container': [
      'Acquire::Languages "none";',
      'Acquire::GzipIndexes "true";',
      'APT::Install-Suggests "false";',
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };',
      'Dir::Cache::pkgcache "";',
      'Dir::Cache::srcpkgcache "";',
      ...settings,
      '',
    ].join('\n'),
    'etc/dpkg/dpkg.cfg.d/container': ['force-unsafe-io', ...leftOut.map((path) => `path-exclude /${path}/*`), ''].join(
      '\n',
    ),
    'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 101\n',
    'etc/hostname': 'localhost\n',
    'etc/resolv.conf': '',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(rootfs, name)), { recursive: true });
    writeFileSync(join(rootfs, name), text);
  }
  chmodSync(join(rootfs, 'usr/sbin/policy-rc.d'), 0o755);
  // A certificate that apt's own settings name must be there too.
  for (const setting of settings) {
    const file = /::CaInfo "([^"]+)"/i.exec(setting)?.[1];
    if (file === undefined || !existsSync(file)) continue;
    mkdirSync(dirname(join(rootfs, file)), { recursive: true });
    cpSync(file, join(rootfs, file));
  }
}

/** The one page that a package's own script (bash's) asks for. */
const kept = 'usr/share/man/man7/bash-builtins.7.gz';

/** Removes documentation and translations, as dpkg does for the packages that are installed later. */
export function leaveOutDocumentation(rootfs: string): void {
  const page = existsSync(join(rootfs, kept)) ? readFileSync(join(rootfs, kept)) : undefined;
  for (const folder of leftOut) {
    rmSync(join(rootfs, folder), { recursive: true, force: true });
    mkdirSync(join(rootfs, folder), { recursive: true });
  }
  if (page === undefined) return;
  mkdirSync(dirname(join(rootfs, kept)), { recursive: true });
  writeFileSync(join(rootfs, kept), page);
}
