import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, run, type RunResult } from '../../scripts/process.ts';

/** Docker with a store and a socket of its own. */
export interface DockerDaemon extends AsyncDisposable {
  /** `unix://…`, for DOCKER_HOST. */
  readonly host: string;
  /** Runs Docker's CLI against it. */
  docker(...args: readonly string[]): Promise<RunResult>;
}

/** Starts Debian's dockerd, without a network of its own; a text says why it cannot. */
export async function startDockerDaemon(): Promise<DockerDaemon | string> {
  const daemon = findProgram('dockerd');
  const client = findProgram('docker');
  if (daemon === undefined || client === undefined)
    return 'dockerd or docker is not installed (apt-get install docker.io)';
  if (process.getuid?.() !== 0) return 'dockerd needs root';
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-dockerd-'));
  const host = `unix://${join(folder, 'docker.sock')}`;
  // An older one would put its key into /etc/docker.
  const older = Number(/version (\d+)/.exec((await run([daemon, '--version'])).stdout)?.[1]) < 23;
  const config = join(folder, 'daemon.json');
  writeFileSync(config, JSON.stringify(older ? { 'deprecated-key-path': join(folder, 'key.json') } : {}));
  const flags = ['--iptables=false', '--bridge=none', '--ip-forward=false', '--storage-driver=vfs'];
  const places = [
    '--config-file',
    config,
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '-p',
    join(folder, 'pid'),
  ];
  const child = spawn(daemon, [...flags, ...places, '-H', host], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const env = { ...process.env, DOCKER_HOST: host };
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(10_000).then(() => child.kill('SIGKILL'))]);
    await ended;
    // What it left mounted would keep the folder.
    const left = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .flatMap((line) => line.split(' ')[1] ?? []);
    for (const place of left.filter((path) => path.startsWith(`${folder}/`)).toReversed())
      execFileSync('umount', ['-l', place]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  for (let i = 0; i < 150; i++) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const version = await run([client, 'version'], { env, allowFailure: true });
    if (version.code === 0) {
      return { host, docker: (...args) => run([client, ...args], { env }), [Symbol.asyncDispose]: close };
    }
    await sleep(100);
  }
  await close();
  return `dockerd does not start here: ${log.trim().split('\n').at(-1) ?? ''}`;
}
