import { readFileSync } from 'node:fs';

/** The processes below `pid` in this pid namespace, deepest last. */
export function descendants(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

/**
 * Kills containers whose runtime was killed (by the kernel, where memory was short): their first processes became
 * children of this one, process 1 of the worker's namespaces. Their other processes end with them.
 */
export function killOrphans(): void {
  const own = namespaceDepth(process.pid);
  for (const child of childrenOf(process.pid)) {
    if (namespaceDepth(child) <= own) continue;
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** proc(5), /proc/pid/task/tid/children. */
function childrenOf(pid: number): readonly number[] {
  return readOr(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** In how many pid namespaces, from this one on, a process is (proc(5), NSpid in /proc/pid/status). */
function namespaceDepth(pid: number): number {
  return (
    /^NSpid:(.*)$/m
      .exec(readOr(`/proc/${pid}/status`))?.[1]
      ?.trim()
      .split(/\s+/).length ?? 0
  );
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
