import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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

/** Waits until something is so. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1500) throw new Error(`${what} did not come in 30 s`);
    await sleep(20);
  }
}

/** Files of a store where blobs lie while they are written. */
export function ingests({ home }: TestEnvironment): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((path) => /(^|\/)ingest\/.+/.test(path));
}

/** A blob of the store is there. */
export function hasBlob({ home }: TestEnvironment, digest: string): boolean {
  const [, hex = ''] = digest.split(':');
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).some((path) => path.endsWith(`blobs/sha256/${hex}`));
}

/** A failure with its code, the object named and a mend, and no trace of a crash. */
export function expectFailure(result: RunResult, code: string, ...texts: readonly (string | RegExp)[]): void {
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr).not.toMatch(/internal error|\n\s+at /);
}
