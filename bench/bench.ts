import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBases } from '../scripts/bases.ts';
import { projectFolder } from '../scripts/fixtures.ts';
import { installTools, toolSets, ToolsMissing } from '../scripts/install-tools.ts';
import { ensurePeers, benchPeers } from '../scripts/peers.ts';
import { startRegistry } from '../scripts/registry.ts';
import { buildahContender } from './buildah.ts';
import { startBuildkit } from './buildkit.ts';
import type { Contender } from './contender.ts';
import { openDisk, type Disk } from './disk.ts';
import { openEmulatedNamespace } from '../scripts/emulated-namespace.ts';
import { ownChildren, watchMemory } from './memory.ts';
import { polyarchContender } from './polyarch.ts';
import { report, type Result, type Row } from './report.ts';
import { makeWorkloads, pushLarge, type Workload } from './workloads.ts';

const say = (line: string): void => console.error(line);

async function bench(filter: string): Promise<void> {
  try {
    await installTools(toolSets.bench, { log: say });
  } catch (error) {
    if (!(error instanceof ToolsMissing)) throw error;
    say(error.message);
  }
  const mirror = await ensureBases(['busybox'], { log: say });
  await ensurePeers(benchPeers, { log: say });
  await using stack = new AsyncDisposableStack();
  const [disk, ofPolyarch, ofBuildkit, ofBuildah] = await openDisks(stack);
  const { folder } = disk;
  const registry = stack.use(disposable(await startRegistry({ folder: join(folder, 'registry') })));
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
  for (const pid of ownChildren()) standing.add(pid);
  const rows: Row[] = [];
  for (const workload of workloads) rows.push({ workload, results: await race(workload, contenders) });
  const text = await report(rows, { contenders, left, ownDisks: ofPolyarch.own });
  console.log(text);
  if (filter === '') writeFileSync(join(projectFolder, 'docs/benchmarks.md'), text);
}

/** One for contexts and the registry, one for each contender's store. */
async function openDisks(stack: AsyncDisposableStack): Promise<[Disk, Disk, Disk, Disk]> {
  const open = async (): Promise<Disk> => stack.use(await openDisk());
  return [await open(), await open(), await open(), await open()];
}

function disposable<T extends { stop(): Promise<void> }>(resource: T): T & AsyncDisposable {
  return { ...resource, [Symbol.asyncDispose]: () => resource.stop() };
}

/**
 * Times the contenders in turn, round by round, so that a slow moment of the machine hits all; each round begins
 * with another one, so that none always runs in the wake of the same.
 */
async function race(workload: Workload, contenders: readonly Contender[]): Promise<Map<string, Result | Error>> {
  const times = new Map<string, number[]>(contenders.map((one) => [one.name, []]));
  const memory = new Map<string, number>();
  const failures = new Map<string, Error>();
  say(workload.name);
  for (let round = -1; round < workload.runs; round++) {
    const first = (round + 1) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      if (failures.has(contender.name)) continue;
      try {
        if (round === -1 || workload.prepareEach === true) await workload.prepare?.(contender);
        // Watching costs time, so the round that is watched is not timed.
        const watch = workload.memory === true && round < 0 ? watchMemory(() => memoryRoots(contender)) : undefined;
        const began = performance.now();
        await contender.build(workload.build(contender, round));
        const seconds = (performance.now() - began) / 1000;
        const peak = watch?.stop();
        if (peak !== undefined) memory.set(contender.name, peak);
        // The first round warms the file cache, and is not counted.
        if (round >= 0) times.get(contender.name)?.push(seconds);
      } catch (error) {
        failures.set(contender.name, error instanceof Error ? error : new Error(String(error)));
        say(`  ${contender.name} failed: ${String(error).split('\n').slice(-3).join(' | ')}`);
      }
    }
  }
  return new Map(
    contenders.map(({ name }): [string, Result | Error] => {
      const failure = failures.get(name);
      const peak = memory.get(name);
      if (failure !== undefined) return [name, failure];
      return [name, { seconds: median(times.get(name) ?? []), ...(peak === undefined ? {} : { memory: peak }) }];
    }),
  );
}

/** All the children of this process but the daemons, and the contender's own daemon. */
function memoryRoots(contender: Contender): number[] {
  const children = ownChildren().filter((pid) => !standing.has(pid));
  return contender.daemonPid === undefined ? children : [...children, contender.daemonPid];
}

/** Children that stay for the whole bench: registry, namespace, buildkitd. */
const standing = new Set<number>();

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

// In a mount namespace of its own, so that the disks are gone with the last process whatever happens.
const again = 'POLYARCH_BENCH_MOUNTS';
if (process.getuid?.() === 0 && process.env[again] === undefined) {
  const { status } = spawnSync('unshare', ['--mount', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [again]: 'own' },
  });
  process.exitCode = status ?? 1;
} else await bench(process.argv[2] ?? '');
