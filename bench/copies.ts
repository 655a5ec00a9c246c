import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../scripts/process.ts';
import { startRegistry } from '../scripts/registry.ts';
import type { Racer } from './contender.ts';
import { openDisk } from './disk.ts';
import { writeLayout } from './images.ts';
import { polyarchProgram } from './polyarch.ts';
import { leaveOutRunning, race } from './race.ts';
import type { Row, Suite } from './report.ts';
import type { Workload } from './workloads.ts';

/** A program that copies images between registries, whole. */
interface Copier extends Racer {
  readonly version: string;
  copy(from: string, to: string): Promise<void>;
  /** Makes it as it is on a fresh machine, where nothing is known of any registry. */
  forget(): void;
}

/** Layers whose copies are to take the same memory, in MiB. */
const SIZES = [10, 256, 1024];

const SIX = ['amd64', 'arm64', '386', 'ppc64le', 's390x', 'riscv64'];

/** Promoting and copying images, against skopeo; the rows whose name has the filter in it. */
export async function raceCopies(filter: string): Promise<Suite> {
  await using disk = await openDisk();
  const { folder } = disk;
  await using registry = await startRegistry({ folder: join(folder, 'registry') });
  await using other = await startRegistry({ folder: join(folder, 'other') });
  const polyarch = await polyarchCopier(join(folder, 'polyarch'));
  const skopeo = await skopeoCopier(join(folder, 'skopeo'));
  const contenders = skopeo === undefined ? [polyarch] : [polyarch, skopeo];
  const workloads = copies(registry.host, other.host).filter(({ name }) => name.includes(filter));
  const images = {
    six: { architectures: SIX, layers: 8, bytes: 3_000_000 },
    ...Object.fromEntries(
      SIZES.map((size) => [`${size}`, { architectures: ['amd64'], layers: 1, bytes: size * 2 ** 20 }]),
    ),
  };
  for (const [name, image] of workloads.length === 0 ? [] : Object.entries(images)) {
    const layout = join(folder, name);
    await writeLayout(layout, image);
    await polyarch.copy(`oci-layout://${layout}:1`, `${registry.host}/bench/${name}:1`);
    rmSync(layout, { recursive: true });
  }
  leaveOutRunning();
  const rows: Row[] = [];
  for (const workload of workloads) rows.push({ workload, results: await race(workload, contenders) });
  return {
    title: 'Images between registries',
    about:
      'Docker distribution of Debian, over plain http. The six platforms have eight layers of 3 MB each. Nothing is known of the registries, as on a fresh machine.',
    rows,
    contenders,
    left: skopeo === undefined ? ['skopeo (not installed)'] : [],
  };
}

function copies(registry: string, other: string): readonly Workload<Copier>[] {
  const forget = (copier: Copier): Promise<void> => Promise.resolve(copier.forget());
  const fresh = { prepare: forget, prepareEach: true };
  const from = (name: string): string => `${registry}/bench/${name}:1`;
  const elsewhere = (copier: Copier, name: string): string => `${other}/bench/${copier.name}-${name}`;
  return [
    {
      ...fresh,
      name: 'promote six platforms within a repository',
      runs: 11,
      run: (copier, round) => copier.copy(from('six'), `${registry}/bench/six:${copier.name}-${round}`),
    },
    {
      ...fresh,
      name: 'promote six platforms to another repository of the registry',
      runs: 7,
      run: (copier, round) => copier.copy(from('six'), `${registry}/bench/${copier.name}-${round}:1`),
    },
    {
      ...fresh,
      name: 'copy six platforms, 144 MB, to another registry',
      runs: 5,
      run: (copier, round) => copier.copy(from('six'), `${elsewhere(copier, 'six')}-${round}:1`),
    },
    ...SIZES.map((size) => ({
      ...fresh,
      name: `copy a layer of ${size} MiB to another registry`,
      runs: 3,
      memory: true,
      run: (copier: Copier, round: number) =>
        copier.copy(from(`${size}`), `${elsewhere(copier, `${size}`)}-${round}:1`),
    })),
  ];
}

async function polyarchCopier(home: string): Promise<Copier> {
  const program = await polyarchProgram();
  const env = { ...process.env, POLYARCH_HOME: home };
  return {
    name: 'polyarch',
    version: (await run([...program, '--version'], { env })).stdout.trim(),
    copy: async (from, to) => {
      await run([...program, 'promote', '--quiet', from, to], { env });
    },
    forget: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Undefined where there is none. */
async function skopeoCopier(home: string): Promise<Copier | undefined> {
  const program = findProgram('skopeo');
  if (program === undefined) return undefined;
  // Where it remembers which repositories have a blob. Root's is at a fixed place: this mount namespace has a disk of its own there.
  const root = process.getuid?.() === 0;
  const cache = join(root ? '/var/lib' : home, 'containers/cache');
  mkdirSync(cache, { recursive: true });
  if (root) await run(['mount', '-t', 'tmpfs', 'tmpfs', cache]);
  const env = { ...process.env, XDG_DATA_HOME: home };
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  return {
    name: 'skopeo',
    version: (await run([program, '--version'])).stdout.trim().replace(/^skopeo version /, ''),
    copy: async (from, to) => {
      await run([program, 'copy', '--quiet', '--all', ...plain, `docker://${from}`, `docker://${to}`], { env });
    },
    forget: () => rmSync(join(cache, 'blob-info-cache-v1.boltdb'), { force: true }),
  };
}
