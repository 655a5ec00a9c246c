import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixturePath } from './fixtures.ts';
import { findProgram } from './process.ts';
import { lock } from '../src/util/lock.ts';

/** A registry that answers. */
export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly pid: number;
  /** Ends the process. The data stays. */
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Where the blobs are kept, and the registry's own config and log. */
  readonly folder: string;
  /** A free one when not given. */
  readonly port?: number;
  /** Keep it running when this process ends. */
  readonly background?: boolean;
  /** Lines added to Docker distribution's configuration file (version 0.1), e.g. an `auth:` section. */
  readonly extraConfig?: string;
}

/** A port of the loopback interface that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts Debian's docker-registry on the loopback interface and waits until it answers. */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const program = findProgram('docker-registry') ?? findProgram('registry');
  if (program === undefined) throw new Error('docker-registry is not installed: apt-get install docker-registry');
  const port = options.port ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  mkdirSync(options.folder, { recursive: true });
  const configFile = join(options.folder, `config-${port}.yml`);
  writeFileSync(
    configFile,
    [
      'version: 0.1',
      'log: { level: warn, accesslog: { disabled: true } }',
      `storage: { filesystem: { rootdirectory: ${JSON.stringify(join(options.folder, 'data'))} }, delete: { enabled: true } }`,
      `http: { addr: ${JSON.stringify(host)}, secret: polyarch }`,
      options.extraConfig ?? '',
    ].join('\n'),
  );
  const log = openSync(join(options.folder, 'registry.log'), 'a');
  const child = spawn(program, ['serve', configFile], {
    detached: options.background === true,
    stdio: ['ignore', log, log],
    // OTEL_…: newer releases try to send traces without it.
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  closeSync(log);
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true;
      resolve();
    };
    child.once('exit', finish);
    child.once('error', finish);
  });
  if (options.background === true) child.unref();
  else process.once('exit', () => child.kill());
  const deadline = Date.now() + 20_000;
  while (!(await answers(host))) {
    if (ended || Date.now() > deadline) {
      child.kill();
      throw new Error(`docker-registry did not start on ${host}: see ${join(options.folder, 'registry.log')}`);
    }
    await sleep(50);
  }
  const stop = async (): Promise<void> => {
    if (!ended) child.kill();
    await end;
    rmSync(configFile, { force: true });
  };
  return { host, pid: child.pid ?? 0, stop, [Symbol.asyncDispose]: stop };
}

async function answers(host: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.ok || response.status === 401;
  } catch {
    return false;
  }
}

interface RegistryRecord {
  readonly host: string;
  readonly pid: number;
}

const folder = fixturePath('registry');
const recordFile = join(folder, 'running.json');

/** The fixture registry that runs now, if any. */
export async function runningFixtureRegistry(): Promise<RegistryRecord | undefined> {
  if (!existsSync(recordFile)) return undefined;
  // Written by ensureFixtureRegistry below.
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as RegistryRecord;
  return isRegistry(record.pid) && (await answers(record.host)) ? record : undefined;
}

function isRegistry(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, 'utf8').includes(join(folder, 'config-'));
}

/**
 * The registry that holds the stand-in bases, started in the background when it does not run. Its port is
 * the last one, when that is free, so that names stay the same.
 */
export async function ensureFixtureRegistry(): Promise<RegistryRecord> {
  const running = await runningFixtureRegistry();
  if (running !== undefined) return running;
  using _held = await lock(`${folder}.lock`);
  const raced = await runningFixtureRegistry();
  if (raced !== undefined) return raced;
  const portFile = join(folder, 'port');
  const last = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : undefined;
  let started: RunningRegistry;
  try {
    started = await startRegistry({ folder, background: true, ...(last === undefined ? {} : { port: last }) });
  } catch (error) {
    if (last === undefined) throw error;
    started = await startRegistry({ folder, background: true });
  }
  const record = { host: started.host, pid: started.pid };
  writeFileSync(recordFile, JSON.stringify(record));
  writeFileSync(portFile, started.host.split(':')[1] ?? '');
  return record;
}

/** Ends the fixture registry; true when one ran. */
export async function stopFixtureRegistry(): Promise<boolean> {
  const running = await runningFixtureRegistry();
  rmSync(recordFile, { force: true });
  if (running === undefined) return false;
  process.kill(running.pid);
  for (let waited = 0; isRegistry(running.pid) && waited < 5000; waited += 50) await sleep(50);
  return true;
}

if (import.meta.main) {
  const command = process.argv[2];
  if (command === 'start') console.log((await ensureFixtureRegistry()).host);
  else if (command === 'stop') console.log((await stopFixtureRegistry()) ? 'stopped' : 'was not running');
  else if (command === 'status') console.log((await runningFixtureRegistry())?.host ?? 'not running');
  else {
    console.error('usage: npm run registry -- start|stop|status');
    process.exitCode = 2;
  }
}
