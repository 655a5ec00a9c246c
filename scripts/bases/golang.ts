import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages, packagesKey } from '../debian-packages.ts';
import { fixturePlatforms } from '../fixtures.ts';
import { eachLimited } from '../process.ts';
import type { BaseDefinition, BuiltContent } from './base.ts';
import { minimalDebian, tarName } from './debian.ts';
import { packTar } from './layout.ts';
import { unpackPackages } from './unpack.ts';

const suite = 'bookworm';

/** Debian's Go on top of the stand-in for debian:bookworm, laid out as the golang images are. */
async function golangContent(options: {
  packages: readonly string[];
  platforms: readonly string[];
}): Promise<BuiltContent> {
  const platforms = fixturePlatforms.filter((one) => options.platforms.includes(one.platform));
  const additions = await eachLimited(platforms, {
    width: 4,
    work: async (platform) => {
      const system = new Set((await minimalDebian(platform, suite)).map((one) => one.file));
      const target = { suite, architecture: platform.debian };
      const all = await debianPackages(target, { packages: [...options.packages, 'usr-is-merged'], closure: true });
      return { platform, packages: all.filter((one) => !system.has(one.file)) };
    },
  });
  return {
    kind: 'built',
    key: ['golang-1', ...additions.map((one) => packagesKey(one.packages))].join('\n'),
    platforms: platforms.map((one) => one.platform),
    dockerfile: [
      'FROM debian:bookworm',
      'ARG TARGETARCH TARGETVARIANT',
      'ADD $TARGETARCH$TARGETVARIANT.tar /',
      'RUN cd /var/lib/dpkg && cat added-status >> status && rm added-status' +
        ' && DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a && mkdir -p /go/src /go/bin && chmod -R 777 /go',
      'ENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'WORKDIR /go',
      '',
    ].join('\n'),
    makeContext: async (context) => {
      await eachLimited(additions, {
        width: 2,
        work: async ({ platform, packages }) => {
          const rootfs = join(context, '..', `rootfs-${platform.debian}`);
          mkdirSync(rootfs);
          await unpackPackages(rootfs, { packages, architecture: platform.debian, onto: true });
          await packTar(rootfs, join(context, tarName(platform)));
        },
      });
    },
  };
}

/** For programs in pure Go, on their own platform: no C compiler. */
export const golang: BaseDefinition = {
  repository: 'library/golang',
  tags: ['alpine'],
  content: () => golangContent({ packages: ['golang-go'], platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] }),
};

/** With a C compiler, for stages that run on the build platform. */
export const golangCgo: BaseDefinition = {
  repository: 'library/golang',
  tags: ['1.14', 'latest'],
  content: () =>
    golangContent({ packages: ['golang-go', 'gcc', 'libc6-dev'], platforms: ['linux/amd64', 'linux/arm64'] }),
};
