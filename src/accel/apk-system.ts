import type { Release } from './root-system.ts';

/** What apk knows of a root filesystem, besides its packages. */
export interface ApkSystem {
  /** Addresses of repositories, each ending in `/`, below which the architectures' folders are. */
  readonly repositories: readonly string[];
  /** Texts of public keys by their names; not trusted. */
  readonly keys: ReadonlyMap<string, string>;
}

/** The release of a VERSION_ID: `3.20.3` is of v3.20, `3.21.0_alpha20240923` of edge. */
export function alpineRelease(version: string): Release | undefined {
  if (/_(alpha|beta|pre)/.test(version)) return { distribution: 'alpine', codename: 'edge' };
  const [, branch] = /^(\d+\.\d+)(\.|$|_rc)/.exec(version) ?? [];
  return branch === undefined ? undefined : { distribution: 'alpine', codename: `v${branch}` };
}

/** The versions of the installed packages by name (apk's database has the fields of its index). */
export function parseApkInstalled(text: string): ReadonlyMap<string, string> {
  const installed = new Map<string, string>();
  for (const paragraph of text.split('\n\n')) {
    const [, name] = /^P:(.+)$/m.exec(paragraph) ?? [];
    const [, version] = /^V:(.+)$/m.exec(paragraph) ?? [];
    if (name !== undefined && version !== undefined) installed.set(name, version);
  }
  return installed;
}

/** The http and https repositories of an /etc/apk/repositories; one with a tag (`@edge …`) is for what is asked of it only. */
export function parseRepositories(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => /^https?:\/\/\S+$/.test(line) && URL.canParse(line))
    .map((line) => line.replace(/\/*$/, '/'));
}
