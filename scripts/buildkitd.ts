import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPeer } from './peers.ts';
import { findProgram, run, type RunOptions, type RunResult } from './process.ts';

/** A buildkitd that answers, and the way to drive it. */
export interface RunningBuildkitd extends AsyncDisposable {
  /** `unix://…` */
  readonly address: string;
  readonly pid: number;
  /** Runs buildctl against it. */
  buildctl(args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

export interface BuildkitdOptions {
  /** Its state, socket, configuration and log go below this folder. */
  readonly folder: string;
  /** Host of the registry that stands in for docker.io, spoken to without TLS. */
  readonly mirror: string;
  /** Other hosts spoken to without TLS. */
  readonly plain?: readonly string[];
  /** Where it is started (see emulated-namespace.ts); the host's own namespaces by default. */
  readonly enter?: (argv: readonly string[]) => string[];
}

/** Why no buildkitd can be started here, or undefined. */
export function buildkitdMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'buildkitd is started as root, and this is not root';
  if (findProgram('runc') === undefined && findProgram('crun') === undefined)
    return 'buildkitd needs runc or crun, and neither is installed';
  const missing = (['buildkitd', 'buildctl'] as const).filter((name) => findPeer(name) === undefined);
  if (missing.length === 0) return undefined;
  return `${missing.join(' and ')} are not built: node scripts/start.mjs scripts/peers.ts, with a Go as test/peers/go.mod names it`;
}

/** Starts buildkitd with its OCI worker, and waits until it answers. Throws, with the place of its log, when it does not. */
export async function startBuildkitd(options: BuildkitdOptions): Promise<RunningBuildkitd> {
  const daemon = findPeer('buildkitd');
  const client = findPeer('buildctl');
  if (daemon === undefined || client === undefined) throw new Error(buildkitdMissing());
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const address = `unix://${join(folder, 'socket')}`;
  const config = join(folder, 'buildkitd.toml');
  writeFileSync(
    config,
    [
      'insecure-entitlements = ["network.host", "security.insecure"]',
      '[registry."docker.io"]',
      `  mirrors = ["${options.mirror}"]`,
      ...[options.mirror, ...(options.plain ?? [])].flatMap((host) => [`[registry."${host}"]`, '  http = true']),
      '',
    ].join('\n'),
  );
  const runtime = findProgram('runc') === undefined ? ['--oci-worker-binary', 'crun'] : [];
  const flags = ['--config', config, '--addr', address, '--root', join(folder, 'root'), '--oci-worker-net=host'];
  // It ends with this process, however that ends.
  const argv = ['setpriv', '--pdeathsig', 'TERM', daemon, ...flags, ...runtime, '--containerd-worker=false'];
  const [command = '', ...args] = options.enter?.(argv) ?? argv;
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const buildctl = (argv: readonly string[], more: RunOptions = {}): Promise<RunResult> =>
    run([client, '--addr', address, ...argv], more);
  for (let tries = 0; (await buildctl(['debug', 'workers'], { allowFailure: true })).code !== 0; tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`buildkitd did not start: see ${join(folder, 'log')}`);
    await sleep(100);
  }
  return {
    address,
    pid: child.pid ?? 0,
    buildctl,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      removeCgroups();
    },
  };
}

/** Takes away the empty control groups that buildkitd leaves, of cgroup v1 (below each controller) and v2. */
function removeCgroups(): void {
  const root = '/sys/fs/cgroup';
  for (const folder of [root, ...readdirSync(root).map((name) => join(root, name))]) {
    try {
      rmdirSync(join(folder, 'buildkit'));
    } catch {
      // there is none, or it is another's
    }
  }
}
