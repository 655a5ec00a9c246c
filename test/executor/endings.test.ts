import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { step } from './client.ts';
import type { Plan } from './driver.ts';
import { makeRootfs } from './rootfs.ts';

const DRIVER = fileURLToPath(new URL('driver.ts', import.meta.url));

/** Process ids whose command line has that word. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1000) throw new Error('waited for ten seconds');
    await sleep(10);
  }
}

/** A driver whose step sleeps, with a child, for an odd number of seconds that marks its processes. */
async function sleeping(folder: string, seconds: string): Promise<ChildProcess> {
  const rootfs = await makeRootfs(join(folder, 'rootfs'), 'amd64');
  const plan: Plan = {
    folder,
    specs: [step({ rootfs, args: ['sh', '-c', `sleep ${seconds} & sleep ${seconds}; :`] })],
  };
  const child = spawn(process.execPath, [DRIVER, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await until(() => processesWith(seconds).length === 2);
  return child;
}

const marks = (folder: string): string =>
  [
    ...readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(folder)),
    ...processesWith(folder),
  ].join();

test('when the parent is killed, everything dies and nothing stays mounted', async () => {
  using folder = temporaryFolder();
  const child = await sleeping(folder.path, '86101');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until(() => processesWith('86101').length === 0 && processesWith(join(folder.path, 'state')).length === 0);
  expect(marks(folder.path)).toBe('');
  expect(readdirSync(join(folder.path, 'state'))).toEqual([]);
});

test('when the worker is killed, its steps die with it', async () => {
  using folder = temporaryFolder();
  const child = await sleeping(folder.path, '86102');
  let output = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  const worker = processesWith(join(folder.path, 'state'))
    .map(Number)
    .toSorted((a, b) => b - a)[0];
  if (worker === undefined) throw new Error('no worker runs');
  process.kill(worker, 'SIGKILL');
  await once(child, 'exit');
  expect(processesWith('86102')).toEqual([]);
  expect(output).toContain('the worker ended');
});

test('Ctrl-C ends the step, and the parent says so', async (context) => {
  const script = requireProgram(context, 'script');
  using folder = temporaryFolder();
  const rootfs = await makeRootfs(join(folder.path, 'rootfs'), 'amd64');
  const plan: Plan = {
    folder: folder.path,
    specs: [step({ rootfs, args: ['sh', '-c', 'sleep 86103 & sleep 86103; :'] })],
  };
  const driver = [process.execPath, DRIVER, JSON.stringify(plan)].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const terminal = spawn(script, ['-qec', driver.join(' '), '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  terminal.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await until(() => processesWith('86103').length === 2);
  terminal.stdin.write('\u0003');
  await once(terminal, 'close');
  expect(output).toContain('AbortError');
  expect(processesWith('86103')).toEqual([]);
});

test('a step with the terminal reads from it', async (context) => {
  const script = requireProgram(context, 'script');
  using folder = temporaryFolder();
  const rootfs = await makeRootfs(join(folder.path, 'rootfs'), 'amd64');
  const args = ['sh', '-c', 'tty; read line; echo "read $line"; exit 4'];
  const plan: Plan = {
    folder: folder.path,
    inherit: true,
    specs: [step({ rootfs, args, stdio: 'inherit', terminal: true })],
  };
  const driver = [process.execPath, DRIVER, JSON.stringify(plan)].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const terminal = spawn(script, ['-qec', driver.join(' '), '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  terminal.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await until(() => output.includes('/dev/pts/0'));
  terminal.stdin.write('hello\r');
  await once(terminal, 'close');
  expect(output).toContain('read hello');
  expect(output).toContain('"exitCode":4');
});
