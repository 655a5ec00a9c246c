import { spawn } from 'node:child_process';
import { accessSync, constants, openSync, closeSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to the child's standard input, which is closed after it; without it there is none. */
  readonly input?: string;
  /** `capture` (default) keeps the output for the result and for the error; `inherit` shows it as it comes. */
  readonly output?: 'capture' | 'inherit';
  /** A file that standard output is written to instead. */
  readonly stdoutFile?: string;
  /** Do not throw on a non-zero exit. */
  readonly allowFailure?: boolean;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws with its last lines when it fails, unless `allowFailure`. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [command = '', ...args] = argv;
  const file = options.stdoutFile === undefined ? undefined : openSync(options.stdoutFile, 'w');
  const kept = options.output === 'inherit' ? 'inherit' : 'pipe';
  try {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', file ?? kept, kept],
      signal: options.signal,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve(status ?? (signal === null ? 1 : 128)));
    });
    const result = { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
    if (code !== 0 && options.allowFailure !== true) {
      const tail = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-25).join('\n');
      throw new Error(`${argv.join(' ')}: exit status ${code}${tail === '' ? '' : `\n${tail}`}`);
    }
    return result;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The absolute path of a program on PATH (and the sbin folders, which a user's PATH may lack). */
export function findProgram(name: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** Runs `work` over the items, at most `width` at a time; results keep the items' order. */
export async function eachLimited<T, R>(
  items: readonly T[],
  options: { width: number; work: (item: T) => Promise<R> },
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await options.work(item);
  };
  await Promise.all(Array.from({ length: Math.min(options.width, items.length) }, worker));
  return results;
}
