import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settleDebian } from './bases/debian-system.ts';
import { minimalPackages, tarName } from './bases/debian.ts';
import { packTar } from './bases/layout.ts';
import { unpackPackages } from './bases/unpack.ts';
import { debianPackages } from './debian-packages.ts';
import { fixturePlatforms, projectFolder } from './fixtures.ts';
import { run } from './process.ts';

/** A minimal trixie for platforms that the fixture registry has only bookworm for, kept as `name` in the store of `env`. */
export async function makeStandIn(
  name: string,
  { platforms, env }: { readonly platforms: readonly string[]; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const polyarch = join(projectFolder, 'bin/polyarch');
  const known = await Promise.all(
    platforms.map((platform) => run([polyarch, 'inspect', '--platform', platform, name], { env, allowFailure: true })),
  );
  if (known.every(({ code }) => code === 0)) return;
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
  try {
    const context = join(folder, 'context');
    mkdirSync(context);
    for (const platform of fixturePlatforms.filter((one) => platforms.includes(one.platform))) {
      const architecture = platform.debian;
      const packages = await debianPackages(
        { suite: 'trixie', architecture },
        { packages: minimalPackages, closure: true },
      );
      const rootfs = join(folder, architecture);
      mkdirSync(rootfs);
      await unpackPackages(rootfs, { packages, architecture });
      await settleDebian(rootfs, 'trixie');
      await packTar(rootfs, join(context, tarName(platform)));
      rmSync(rootfs, { recursive: true });
    }
    const configure = 'RUN DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a';
    const add = 'ARG TARGETARCH TARGETVARIANT\nADD $TARGETARCH$TARGETVARIANT.tar /';
    writeFileSync(join(context, 'Dockerfile'), `FROM scratch\n${add}\n${configure}\nCMD ["bash"]\n`);
    await run([polyarch, 'build', '--accel', 'off', '--platform', platforms.join(','), '-t', name, context], { env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
