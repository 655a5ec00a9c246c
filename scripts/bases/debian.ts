import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  debianPackages,
  debianMirror,
  packagesKey,
  aptAcquireSettings,
  type DebianPackage,
} from '../debian-packages.ts';
import { fixturePlatforms, type FixturePlatform } from '../fixtures.ts';
import { eachLimited } from '../process.ts';
import type { BaseDefinition, BuiltContent } from './base.ts';
import { settleDebian } from './debian-system.ts';
import { packTar } from './layout.ts';
import { unpackPackages } from './unpack.ts';

/** The packages of a minimal Debian that can install more. `usr-is-merged` stands for usrmerge, which needs perl. */
export const minimalPackages = ['?priority(required)', 'apt', 'usr-is-merged', 'debian-archive-keyring'];

/** A platform's part of a base: what Dockerfiles add as `NAME-$TARGETARCH$TARGETVARIANT.tar`. */
export function tarName(platform: FixturePlatform): string {
  return `${platform.platform.split('/').slice(1).join('')}.tar`;
}

function minimalDebian(platform: FixturePlatform, suite: string): Promise<DebianPackage[]> {
  return debianPackages({ suite, architecture: platform.debian }, { packages: minimalPackages, closure: true });
}

/**
 * A minimal Debian: unpacked natively for every platform, and configured by the packages' own scripts in a
 * step of a polyarch build, emulated where the platform is foreign.
 */
async function debianContent(suite: string, platforms: readonly FixturePlatform[]): Promise<BuiltContent> {
  const systems = await eachLimited(platforms, {
    width: 4,
    work: async (platform) => ({ platform, packages: await minimalDebian(platform, suite) }),
  });
  const keys = systems.map((one) => packagesKey(one.packages));
  return {
    kind: 'built',
    key: ['debian-1', suite, await debianMirror(), ...(await aptAcquireSettings()), ...keys].join('\n'),
    platforms: platforms.map((one) => one.platform),
    dockerfile: [
      'FROM scratch',
      'ARG TARGETARCH TARGETVARIANT',
      'ADD $TARGETARCH$TARGETVARIANT.tar /',
      'RUN DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a && rm -rf /var/log/* /var/cache/debconf/*-old',
      'CMD ["bash"]',
      '',
    ].join('\n'),
    makeContext: async (context) => {
      await eachLimited(systems, {
        width: 2,
        work: async ({ platform, packages }) => {
          const rootfs = join(context, '..', `rootfs-${platform.debian}`);
          mkdirSync(rootfs);
          await unpackPackages(rootfs, { packages, architecture: platform.debian });
          await settleDebian(rootfs, suite);
          await packTar(rootfs, join(context, tarName(platform)));
          rmSync(rootfs, { recursive: true });
        },
      });
    },
  };
}

export const debian: BaseDefinition = {
  repository: 'library/debian',
  tags: ['bookworm', 'bookworm-slim', 'latest'],
  content: () =>
    debianContent(
      'bookworm',
      fixturePlatforms.filter((one) => one.suite === 'bookworm'),
    ),
};

/** The first Debian with riscv64. */
export const trixie: BaseDefinition = {
  repository: 'library/debian',
  tags: ['trixie', 'trixie-slim'],
  content: () =>
    debianContent(
      'trixie',
      fixturePlatforms.filter((one) => one.suite === 'trixie'),
    ),
};
