import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { RunResult } from '../../scripts/process.ts';
import { fixtureRegistry, projectFolder, testEnvironment, type TestEnvironment } from '../support/environment.ts';

export const TWO = 'linux/amd64,linux/arm64';

/** A person's account and its commands. */
export interface Account {
  environment(): TestEnvironment;
  /** Runs a command; it may fail. */
  cli(...args: readonly string[]): Promise<RunResult>;
  /** What a command that must not fail writes to stdout. */
  out(...args: readonly string[]): Promise<string>;
}

/** A file's own account, with docker.io's busybox, in which files are there and commands were run before its tests. */
export function account(
  files: Readonly<Record<string, string>> = {},
  commands: readonly (readonly string[])[] = [],
): Account {
  let made: TestEnvironment | undefined;
  const environment = (): TestEnvironment => {
    if (made === undefined) throw new Error('the account is made before the tests');
    return made;
  };
  beforeAll(async () => {
    made = testEnvironment({ mirror: await fixtureRegistry('busybox') });
    made.write(files);
    for (const command of commands) await made.polyarch(command);
  });
  afterAll(() => made?.[Symbol.dispose]());
  return {
    environment,
    cli: (...args) => environment().polyarch(args, { allowFailure: true }),
    out: async (...args) => (await environment().polyarch(args)).stdout,
  };
}

/** A command that failed as it should: exit status, code, texts, and no trace of a crash. */
export function expectFailure(result: RunResult, status: number, ...texts: readonly (string | RegExp)[]): void {
  expect(result.stderr).not.toMatch(/internal error|\n\s+at /);
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.code).toBe(status);
}

export interface Started {
  readonly pid: number;
  readonly output: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts the CLI without waiting for its end. */
export function start(environment: TestEnvironment, args: readonly string[]): Started {
  const child = spawn(join(projectFolder, 'bin/polyarch'), args, {
    cwd: environment.folder,
    env: environment.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => void (text += part.toString()));
  return {
    pid: child.pid ?? 0,
    output: () => text,
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal }))),
  };
}

/** Runs a shell command on a terminal of script(1)'s, 20 rows by 70 columns; types each text when its cue has appeared. */
export function onTerminal(
  environment: TestEnvironment,
  command: string,
  cues: readonly { readonly when: string; readonly type: string }[] = [],
) {
  const child = spawn('script', ['-qec', `stty rows 20 cols 70; ${command}`, '/dev/null'], {
    cwd: environment.folder,
    env: { ...environment.env, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...cues];
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
    while (left[0] !== undefined && output.includes(left[0].when)) child.stdin.write(left.shift()?.type ?? '');
  });
  return new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The checkout's command, for a shell. */
export const POLYARCH = join(projectFolder, 'bin/polyarch');
