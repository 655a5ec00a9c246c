import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of processes and all below them, in bytes, sampled until stopped. */
export function watchMemory(roots: () => readonly number[]): { stop: () => number } {
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, residentBytes(new Set(roots())));
  };
  const timer = setInterval(sample, 20);
  return {
    stop: () => {
      sample();
      clearInterval(timer);
      return peak;
    },
  };
}

function residentBytes(roots: ReadonlySet<number>): number {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0));
      resident.set(Number(name), Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // ended meanwhile
    }
  }
  let total = 0;
  for (const [pid, bytes] of resident) {
    for (let at = pid; at > 1; at = parents.get(at) ?? 0) {
      if (at !== pid && at === process.pid) break;
      if (!roots.has(at)) continue;
      total += bytes;
      break;
    }
  }
  return total;
}

/** The processes this one started. */
export function ownChildren(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
