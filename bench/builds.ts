import { join } from 'node:path';
import { ensureBases } from '../scripts/bases.ts';
import { openEmulatedNamespace } from '../scripts/emulated-namespace.ts';
import { benchPeers, ensurePeers } from '../scripts/peers.ts';
import { startRegistry } from '../scripts/registry.ts';
import { buildahContender } from './buildah.ts';
import { startBuildkit } from './buildkit.ts';
import type { Contender } from './contender.ts';
import { openDisk, type Disk } from './disk.ts';
import { polyarchContender } from './polyarch.ts';
import { leaveOutRunning, race } from './race.ts';
import type { Suite, Row } from './report.ts';
import { makeWorkloads, pushLarge } from './workloads.ts';

/** Builds, against buildkitd and buildah; the rows whose name has the filter in it. */
export async function raceBuilds(filter: string): Promise<Suite> {
  const log = (line: string): void => console.error(line);
  const mirror = await ensureBases(['busybox'], { log });
  await ensurePeers(benchPeers, { log });
  await using stack = new AsyncDisposableStack();
  const [disk, ofPolyarch, ofBuildkit, ofBuildah] = await openDisks(stack);
  const { folder } = disk;
  const registry = stack.use(await startRegistry({ folder: join(folder, 'registry') }));
  const namespace = stack.use(await openEmulatedNamespace());
  const where = { mirror, registry: registry.host, namespace };
  const contenders: Contender[] = [stack.use(await polyarchContender({ ...where, folder: ofPolyarch.folder }))];
  const left: string[] = [];
  const buildkit = await startBuildkit({ ...where, folder: ofBuildkit.folder });
  if (buildkit === undefined) left.push('buildctl and buildx (Go, or the modules, are missing)');
  else contenders.push(...stack.use(buildkit).contenders);
  const buildah = await buildahContender({ ...where, folder: ofBuildah.folder });
  if (buildah === undefined) left.push('buildah (not installed)');
  else contenders.push(stack.use(buildah));

  const workloads = (await makeWorkloads(folder, registry.host)).filter((one) => one.name.includes(filter));
  const [own] = contenders;
  if (own !== undefined) await pushLarge(folder, { registry: registry.host, builder: own });
  leaveOutRunning();
  const rows: Row[] = [];
  for (const workload of workloads) rows.push({ workload, results: await race(workload, contenders) });
  const ownDisk = ofPolyarch.own ? 'an ext4 of its own' : 'the same disk';
  return {
    title: 'Builds',
    about: `buildkitd was warm, with QEMU registered in a namespace of its own, polyarch has no daemon. Each store lay on ${ownDisk}.`,
    rows,
    contenders,
    left,
  };
}

/** One for contexts and the registry, one for each contender's store. */
async function openDisks(stack: AsyncDisposableStack): Promise<[Disk, Disk, Disk, Disk]> {
  const open = async (): Promise<Disk> => stack.use(await openDisk());
  return [await open(), await open(), await open(), await open()];
}
