import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const projectFolder: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where bases, packages, peers and the fixture registry are kept between runs, outside the checkout. */
export const fixturesFolder: string =
  process.env['POLYARCH_FIXTURES'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'polyarch-fixtures');

/** A path below the fixtures folder. */
export function fixturePath(...parts: readonly string[]): string {
  return join(fixturesFolder, ...parts);
}

/** A platform that Debian builds packages for. */
export interface FixturePlatform {
  readonly platform: string;
  readonly debian: string;
  /** The first Debian release, from bookworm on, that has the architecture. */
  readonly suite: 'bookworm' | 'trixie';
}

export const fixturePlatforms: readonly FixturePlatform[] = [
  { platform: 'linux/amd64', debian: 'amd64', suite: 'bookworm' },
  { platform: 'linux/arm64', debian: 'arm64', suite: 'bookworm' },
  { platform: 'linux/arm/v7', debian: 'armhf', suite: 'bookworm' },
  { platform: 'linux/386', debian: 'i386', suite: 'bookworm' },
  { platform: 'linux/ppc64le', debian: 'ppc64el', suite: 'bookworm' },
  { platform: 'linux/s390x', debian: 's390x', suite: 'bookworm' },
  { platform: 'linux/riscv64', debian: 'riscv64', suite: 'trixie' },
];
