import { globSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages, packagesKey, type DebianPackage } from '../debian-packages.ts';
import { fixturePlatforms, type FixturePlatform } from '../fixtures.ts';
import { eachLimited } from '../process.ts';
import type { BaseDefinition, BuiltContent } from './base.ts';
import { minimalPackages, tarName } from './debian.ts';
import { packTar } from './layout.ts';
import { leaveOutDocumentation } from './debian-system.ts';
import { unpackPackages } from './unpack.ts';

const withGo = [...minimalPackages, 'golang-go'];
const withC = [...withGo, 'gcc', 'libc6-dev'];

/** Parts of Go's packages that building a program never reads: two thirds of them. */
const needless = [
  'usr/share/go-*/{api,test,misc}/*',
  'usr/share/go-*/src/cmd/*',
  'usr/share/go-*/src/**/testdata',
  'usr/share/go-*/src/**/*_test.go',
  'usr/lib/go-*/pkg/linux_*/cmd',
  'usr/lib/go-*/pkg/tool/*/{pprof,trace,cover,vet,objdump,nm,addr2line,dist,doc,fix,api,test2json}',
];

interface Addition {
  readonly from: string;
  readonly suite: FixturePlatform['suite'];
  /** The packages of the image that is added to. */
  readonly below: readonly string[];
  readonly packages: readonly string[];
  /** Default: all that the suite has. */
  readonly platforms?: readonly string[];
  /** Dockerfile lines after the packages are configured. */
  readonly settings: readonly string[];
}

/** The packages that `packages` brings on top of those of `below`. */
async function added(platform: FixturePlatform, options: Addition): Promise<DebianPackage[]> {
  const target = { suite: options.suite, architecture: platform.debian };
  const there = await debianPackages(target, { packages: options.below, closure: true });
  const known = new Set(there.map((one) => one.file));
  const all = await debianPackages(target, { packages: options.packages, closure: true });
  return all.filter((one) => !known.has(one.file));
}

/** Debian packages added to another stand-in, unpacked natively and configured in a step. */
async function additionContent(options: Addition): Promise<BuiltContent> {
  const platforms = fixturePlatforms.filter(
    (one) => one.suite === options.suite && options.platforms?.includes(one.platform) !== false,
  );
  const additions = await eachLimited(platforms, {
    width: 4,
    work: async (platform) => ({ platform, packages: await added(platform, options) }),
  });
  return {
    kind: 'built',
    key: ['golang-2', ...additions.map((one) => packagesKey(one.packages))].join('\n'),
    platforms: platforms.map((one) => one.platform),
    dockerfile: [
      `FROM ${options.from}`,
      'ARG TARGETARCH TARGETVARIANT',
      'ADD $TARGETARCH$TARGETVARIANT.tar /',
      'RUN cd /var/lib/dpkg && cat added-status >> status && rm added-status' +
        ' && DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a',
      ...options.settings,
      '',
    ].join('\n'),
    makeContext: async (context) => {
      await eachLimited(additions, {
        width: 2,
        work: async ({ platform, packages }) => {
          const rootfs = join(context, '..', `rootfs-${platform.debian}`);
          mkdirSync(rootfs);
          await unpackPackages(rootfs, { packages, architecture: platform.debian, onto: true });
          leaveOut(rootfs);
          await packTar(rootfs, join(context, tarName(platform)));
          rmSync(rootfs, { recursive: true });
        },
      });
    },
  };
}

/** For programs in pure Go, on each one's own platform: no C compiler. */
function goOn(suite: FixturePlatform['suite']): Promise<BuiltContent> {
  return additionContent({
    from: `debian:${suite}`,
    suite,
    below: minimalPackages,
    packages: withGo,
    settings: [
      'ENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'RUN mkdir -p /go/src /go/bin && chmod -R 777 /go',
      'WORKDIR /go',
    ],
  });
}

export const golang: BaseDefinition = {
  repository: 'library/golang',
  tags: ['alpine', 'bookworm'],
  content: () => goOn('bookworm'),
};

/** The first Debian with Go for riscv64. */
export const golangTrixie: BaseDefinition = {
  repository: 'library/golang',
  tags: ['trixie'],
  content: () => goOn('trixie'),
};

/** With a C compiler, for stages that run on the build platform. */
export const golangCgo: BaseDefinition = {
  repository: 'library/golang',
  tags: ['1.14', 'latest'],
  content: () =>
    additionContent({
      from: 'golang:alpine',
      suite: 'bookworm',
      below: withGo,
      packages: withC,
      platforms: ['linux/amd64', 'linux/arm64'],
      settings: [],
    }),
};

/** Compilers of trixie for arm64, of which there are exact native counterparts. Nothing is configured: their steps need no more. */
export const compilersTrixie: BaseDefinition = {
  repository: 'library/gcc',
  tags: ['14'],
  content: async () => {
    const target = { suite: 'trixie', architecture: 'arm64' } as const;
    const wanted = ['base-files', 'dash', 'coreutils', 'sed', 'gcc', 'libc6-dev', 'golang-go'];
    const packages = await debianPackages(target, { packages: wanted, closure: true });
    return {
      kind: 'built',
      key: ['compilers-1', packagesKey(packages)].join('\n'),
      platforms: ['linux/arm64'],
      dockerfile: 'FROM scratch\nADD compilers.tar /\n',
      makeContext: async (context) => {
        const rootfs = join(context, '../rootfs');
        mkdirSync(rootfs);
        await unpackPackages(rootfs, { packages, architecture: target.architecture });
        leaveOut(rootfs);
        await packTar(rootfs, join(context, 'compilers.tar'));
        rmSync(rootfs, { recursive: true });
      },
    };
  },
};

function leaveOut(rootfs: string): void {
  leaveOutDocumentation(rootfs);
  for (const path of globSync(needless, { cwd: rootfs })) rmSync(join(rootfs, path), { recursive: true, force: true });
}
