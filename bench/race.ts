import type { Racer } from './contender.ts';
import { ownChildren, watchMemory } from './memory.ts';
import type { Result } from './report.ts';
import type { Workload } from './workloads.ts';

/**
 * Times the contenders in turn, round by round, so that a slow moment of the machine hits all; each round begins
 * with another one, so that none always runs in the wake of the same.
 */
export async function race<C extends Racer>(
  workload: Workload<C>,
  contenders: readonly C[],
): Promise<Map<string, Result | Error>> {
  const times = new Map<string, number[]>(contenders.map((one) => [one.name, []]));
  const memory = new Map<string, number>();
  const failures = new Map<string, Error>();
  console.error(workload.name);
  for (let round = -1; round < workload.runs; round++) {
    const first = (round + 1) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      if (failures.has(contender.name) || (contender.once === true && round !== 0)) continue;
      try {
        if (round === -1 || contender.once === true || workload.prepareEach === true)
          await workload.prepare?.(contender);
        // Watching costs time, so the round that is watched is not timed.
        const watch = workload.memory === true && round < 0 ? watchMemory(() => memoryRoots(contender)) : undefined;
        const began = performance.now();
        await workload.run(contender, round);
        const seconds = (performance.now() - began) / 1000;
        const peak = watch?.stop();
        if (peak !== undefined) memory.set(contender.name, peak);
        // The first round warms the file cache, and is not counted.
        if (round >= 0) times.get(contender.name)?.push(seconds);
      } catch (error) {
        failures.set(contender.name, error instanceof Error ? error : new Error(String(error)));
        console.error(`  ${contender.name} failed: ${String(error).split('\n').slice(-3).join(' | ')}`);
      }
    }
  }
  return new Map(
    contenders.map(({ name }): [string, Result | Error] => {
      const failure = failures.get(name);
      const peak = memory.get(name);
      if (failure !== undefined) return [name, failure];
      // For one who does not wait for the table.
      console.error(`  ${name}: ${(times.get(name) ?? []).map((one) => one.toFixed(2)).join(' ')}`);
      return [name, { seconds: median(times.get(name) ?? []), ...(peak === undefined ? {} : { memory: peak }) }];
    }),
  );
}

/** All the children of this process but the daemons, and the contender's own daemon. */
function memoryRoots(contender: Racer): number[] {
  const children = ownChildren().filter((pid) => !standing.has(pid));
  return contender.daemonPid === undefined ? children : [...children, contender.daemonPid];
}

/** Children that stay for the whole bench: registry, namespace, buildkitd. */
const standing = new Set<number>();

/** What runs now is nobody's memory. */
export function leaveOutRunning(): void {
  for (const pid of ownChildren()) standing.add(pid);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
