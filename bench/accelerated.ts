import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBases } from '../scripts/bases.ts';
import { openEmulatedNamespace } from '../scripts/emulated-namespace.ts';
import { fixturePath, projectFolder } from '../scripts/fixtures.ts';
import { run } from '../scripts/process.ts';
import { startRegistry } from '../scripts/registry.ts';
import { makeStandIn } from '../scripts/stand-in.ts';
import { goProgram, gzipSource, sqliteSource } from './accel-sources.ts';
import { startBuildkit } from './buildkit.ts';
import type { Contender } from './contender.ts';
import { openDisk } from './disk.ts';
import { polyarchContender } from './polyarch.ts';
import { leaveOutRunning, race } from './race.ts';
import type { Row, Suite } from './report.ts';
import type { Workload } from './workloads.ts';

/** Emulated steps with native tools, against the same step of this machine's own platform and against QEMU alone. */
export async function raceAccelerated(filter: string): Promise<Suite> {
  await using disk = await openDisk();
  const { folder } = disk;
  await using registry = await startRegistry({ folder: join(folder, 'registry') });
  await using namespace = await openEmulatedNamespace();
  const mirror = await ensureBases(['debian', 'golang'], { log: (line) => console.error(line) });
  const where = { mirror, registry: registry.host, folder, namespace };
  const bases = await pushBases({ mirror, registry: registry.host });
  const contenders: Contender[] = [
    await polyarchContender({ ...where, name: 'native' }),
    await polyarchContender({ ...where, name: 'polyarch', packs: bases.packs }),
    await polyarchContender({ ...where, name: QEMU_ALONE, flags: ['--accel=off'] }),
  ];
  await using buildkit = await startBuildkit(where);
  const [buildctl] = buildkit?.contenders ?? [];
  if (buildctl !== undefined) contenders.push({ ...buildctl, once: true });
  const workloads = (await makeWorkloads(folder, bases)).filter(({ name }) => name.includes(filter));
  leaveOutRunning();
  const rows: Row[] = [];
  for (const workload of workloads) {
    const other = workload.name === NOTHING ? buildctl?.name : QEMU_ALONE;
    const chosen = contenders.filter(({ name }) => name !== other);
    rows.push({ workload, results: await race(workload, chosen) });
  }
  return {
    title: 'Emulated steps with native tools',
    about:
      'A whole build with that one step, nothing cached; native is the same Dockerfile for linux/amd64, and the factors are of it. buildkitd emulates with the same QEMU; it ran once. QEMU alone is polyarch with `--accel=off`.',
    rows,
    contenders,
    base: 'native',
    left: buildctl === undefined ? ['buildctl (Go, or the modules, are missing)'] : [],
  };
}

const QEMU_ALONE = 'QEMU alone';
/** The row of a step of which nothing can run native. */
const NOTHING = 'a step of perl, which stays emulated, arm64';

const C_PLATFORMS = ['linux/amd64', 'linux/arm64'];

/** Images at the bench's registry that steps begin with. */
interface Bases {
  /** With gcc and make. */
  readonly compilersTrixie: string;
  readonly compilersBookworm: string;
  /** With apt's lists. */
  readonly bookworm: string;
  readonly trixie: string;
  /** The packs with bookworm's compiler, built from source: 20 minutes at the first time. */
  readonly packs: string;
}

/** Made once and kept. */
async function pushBases(options: { mirror: string; registry: string }): Promise<Bases> {
  const env = {
    ...process.env,
    POLYARCH_HOME: fixturePath('bench', 'store'),
    POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${options.mirror}`,
  };
  await makeStandIn('debian:trixie-stand-in', { platforms: C_PLATFORMS, env });
  const polyarch = join(projectFolder, 'bin/polyarch');
  const push = async (name: string, base: string, step: string): Promise<string> => {
    const context = fixturePath('bench', name);
    const image = `${options.registry}/bench/${name}:1`;
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'Dockerfile'), `FROM ${base}\nENV DEBIAN_FRONTEND=noninteractive\nRUN ${step}\n`);
    await run([polyarch, 'build', '--platform', C_PLATFORMS.join(','), '-t', image, '--push', context], { env });
    return image;
  };
  const install = 'apt-get update && apt-get install -y --no-install-recommends gcc make libc6-dev';
  const source = ['--from-source', 'gcc-12@12.2.0-14+deb12u1', '--release', 'bookworm', '--platform', 'linux/arm64'];
  const pack = (await run([polyarch, 'accel', 'make', ...source], { env })).stdout.trim();
  const packs = `${options.registry}/bench/packs:1`;
  await run([polyarch, 'accel', 'push', packs, pack], { env });
  return {
    packs,
    compilersTrixie: await push('compilers', 'debian:trixie-stand-in', install),
    compilersBookworm: await push('compilers-bookworm', 'debian:bookworm', install),
    bookworm: await push('lists-bookworm', 'debian:bookworm', 'apt-get update'),
    trixie: await push('lists-trixie', 'debian:trixie-stand-in', 'apt-get update'),
  };
}

async function makeWorkloads(folder: string, bases: Bases): Promise<readonly Workload[]> {
  const context = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'Dockerfile'), `${lines.join('\n')}\n`);
    return path;
  };
  const source = await sqliteSource();
  const sqlite = (name: string, base: string): string => {
    const path = context(`sqlite-${name}`, [
      `FROM ${base}`,
      'COPY sqlite3.c /',
      'RUN gcc -O2 -c /sqlite3.c -o /sqlite3.o',
    ]);
    copyFileSync(source, join(path, 'sqlite3.c'));
    return path;
  };
  const gzip = context('gzip', [
    `FROM ${bases.compilersTrixie}`,
    'ADD gzip.tar.xz /source',
    'RUN cd /source/* && ./configure && make',
  ]);
  copyFileSync(await gzipSource(), join(gzip, 'gzip.tar.xz'));
  const go = context('go', [
    'FROM golang:bookworm',
    'WORKDIR /src',
    'COPY module .',
    'RUN CGO_ENABLED=0 go build -o /gojq ./cmd/gojq',
  ]);
  cpSync(await goProgram(), join(go, 'module'), { recursive: true });
  const perl = 'my $x = 0; for my $i (1 .. 4e6) { $x += $i % 7 } system("perl", "-e", "1") for 1 .. 40; print $x';
  const nothing = context('nothing', [`FROM ${bases.compilersTrixie}`, `RUN ${JSON.stringify(['perl', '-e', perl])}`]);
  const install = 'RUN apt-get install -y gcc make';
  const bookworm = context('apt-bookworm', [`FROM ${bases.bookworm}`, install]);
  const trixie = context('apt-trixie', [`FROM ${bases.trixie}`, install]);
  const row = (name: string, where: string, foreign: string, runs: number): Workload => ({
    name,
    runs,
    run: (contender) => {
      const platforms = [contender.name === 'native' ? 'linux/amd64' : foreign];
      return contender.build({ context: where, platforms, noCache: true });
    },
  });
  return [
    row('compile sqlite3 -O2, arm64, trixie', sqlite('trixie', bases.compilersTrixie), 'linux/arm64', 3),
    row('compile sqlite3 -O2, arm64, bookworm', sqlite('bookworm', bases.compilersBookworm), 'linux/arm64', 3),
    row('configure and make gzip, arm64, trixie', gzip, 'linux/arm64', 3),
    row('go build, arm64', go, 'linux/arm64', 3),
    row('go build, arm/v7', go, 'linux/arm/v7', 3),
    row('apt-get install gcc make, bookworm, arm64', bookworm, 'linux/arm64', 3),
    row('apt-get install gcc make, trixie, arm64', trixie, 'linux/arm64', 3),
    row(NOTHING, nothing, 'linux/arm64', 5),
  ];
}
