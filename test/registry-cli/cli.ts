import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RunResult } from '../../scripts/process.ts';
import { projectFolder, type TestEnvironment } from '../support/environment.ts';
import { registryMissing } from '../support/registry.ts';

/** Why these tests cannot run here, said once a file. */
export const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED the command line against registries: ${missing}\n`);

export interface Watched extends RunResult {
  readonly signal: NodeJS.Signals | null;
  /** The largest VmHWM seen of the CLI's own process, in MiB. */
  readonly peak: number;
}

export interface Watching {
  readonly pid: number;
  readonly ended: Promise<Watched>;
  kill(): void;
}

/** Starts the CLI and watches its memory. */
export function watch(
  environment: TestEnvironment,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Watching {
  const child = spawn(join(projectFolder, 'bin/polyarch'), args, {
    cwd: environment.folder,
    env: { ...environment.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  let [stdout, stderr, peak] = ['', '', 0];
  child.stdout.on('data', (part: Buffer) => void (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => void (stderr += part.toString()));
  const timer = setInterval(() => void (peak = Math.max(peak, peakOf(pid))), 50);
  const ended = new Promise<Watched>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      resolve({ code: code ?? 128, signal, stdout, stderr, peak });
    });
  });
  return { pid, ended, kill: () => void process.kill(pid, 'SIGKILL') };
}

function peakOf(pid: number): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    // It ended.
    return 0;
  }
}

/** Waits until something is so while a command runs. */
export async function until(running: Watching, condition: () => boolean): Promise<void> {
  let ended: Watched | undefined;
  void running.ended.then((result) => (ended = result));
  for (let tries = 0; !condition(); tries++) {
    if (ended !== undefined) throw new Error(`it ended before that, with ${ended.code}:\n${ended.stderr}`);
    if (tries > 1500) throw new Error('it did not come in 30 s');
    await sleep(20);
  }
}

/** Files of a store that are blobs still being written. */
export function ingests({ home }: TestEnvironment): { readonly name: string; readonly size: number }[] {
  return filesBelow(home)
    .filter((path) => /(^|\/)ingest\/.+/.test(path))
    .map((name) => ({ name, size: statSync(join(home, name), { throwIfNoEntry: false })?.size ?? 0 }));
}

/** A blob of the store is there. */
export function hasBlob({ home }: TestEnvironment, digest: string): boolean {
  return filesBelow(home).some((path) => path.endsWith(`blobs/${digest.replace(':', '/')}`));
}

/** Paths below a folder; none when it is not there. */
export function filesBelow(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}

/** A failure with its code, the object named and a mend, and no trace of a crash. */
export function expectFailure(result: RunResult, code: string, ...texts: readonly (string | RegExp)[]): void {
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr).not.toMatch(/internal error|\n\s+at /);
}
