import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TestEnvironment } from '../support/environment.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';

/** What a build must leave as it was: the machine's binfmt_misc, and its mounts as far as they are a build's. */
export function machineState(): Readonly<Record<string, string>> {
  // Others may mount their own meanwhile: dockerd for one.
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const state: Record<string, string> = {
    mounts: mounts.filter((line) => /polyarch-test-|^overlay .*userxattr|binfmt_misc|mqueue/.test(line)).join('\n'),
  };
  const names = existsSync(BINFMT) ? readdirSync(BINFMT).toSorted() : [];
  for (const name of names) state[name] = name === 'register' ? '' : readFileSync(join(BINFMT, name), 'utf8');
  return state;
}

export interface RunningProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose command line holds the text: a store's folder, or a word of a step's own command. */
export function processesWith(...texts: readonly string[]): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = readOr(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      return texts.some((text) => command.includes(text)) ? [{ pid: Number(name), command }] : [];
    });
}

/** The worker of the store in `home`: process 1 of its namespaces. */
export function workerOf(home: string): number | undefined {
  return processesWith(`worker-process ${home}`).find(({ pid }) =>
    /^NSpid:\s+\d+\s+1$/m.test(readOr(`/proc/${pid}/status`)),
  )?.pid;
}

/**
 * Fails when anything of the environment's builds still runs, when the store holds half-made things that nobody owns,
 * or when temporary files were left. Processes get two seconds to end when a build was killed.
 */
export async function expectNothingLeft(
  environment: TestEnvironment,
  options: { readonly words?: readonly string[]; readonly killed?: boolean } = {},
): Promise<void> {
  const texts = [environment.home, ...(options.words ?? [])];
  for (let tries = options.killed === true ? 200 : 0; tries > 0 && processesWith(...texts).length > 0; tries--)
    await sleep(10);
  expect(processesWith(...texts)).toEqual([]);
  if (options.killed === true) return;
  // A hook in `runtime` ends with its container, wherever it is; the next build takes its file away.
  expect(leftovers(environment.home).filter((path) => !path.startsWith('runtime/'))).toEqual([]);
}

/** Half-made things in a store: work folders, ingests, temporary files, bundles. */
export function leftovers(home: string): string[] {
  const folders = ['run', 'tmp', 'snapshots/.work', 'content/ingest'];
  const places = ['sources', 'sources/http', 'sources/git', 'uploads', 'runtime', 'cache-mounts'];
  const unfinished = places.flatMap((folder) =>
    listOr(join(home, folder))
      .filter((name) => /\.new|\.(stat|json|bpf)\./.test(name))
      .map((name) => `${folder}/${name}`),
  );
  return [...folders.flatMap((folder) => listOr(join(home, folder)).map((name) => `${folder}/${name}`)), ...unfinished];
}

function listOr(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
