import { randomUUID } from 'node:crypto';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { noEmulator } from '../emulation/create-emulation.ts';
import type { Emulation } from '../emulation/emulation.ts';
import { hostArchitecture } from '../emulation/native.ts';
import { PolyarchError } from '../util/error.ts';
import { findProgram } from '../util/find-program.ts';
import { readRan } from './accel-mounts.ts';
import { runRuntime } from './container.ts';
import type { ExecOptions, ExecResult, ExecSpec, Executor } from './executor.ts';
import { checkIds, checkUlimits, isMapped, readMappedIds } from './limits.ts';
import { type CompiledSeccomp, findCompiled } from './seccomp-cache.ts';
import { type Seccomp, defaultSeccomp } from './seccomp.ts';
import { resolveInRootfs } from './rootfs-path.ts';
import { configText, runtimeConfig } from './runtime-config.ts';
import { type ProtectedRuntime, protectRuntime } from './protected-runtime.ts';
import { readRuntimeError, runtimeErrors, runtimeFailure } from './runtime-failure.ts';
import { prepareMounts } from './step-mounts.ts';
import type { OwnStreams } from './streams.ts';
import { noteStubs } from './stubs.ts';
import { type ResolvedUser, resolveUser } from './user.ts';

export interface ExecutorOptions {
  /** A folder on a tmpfs of the worker's own; bundles and secrets lie there while a step runs. */
  readonly stateDir: string;
  readonly emulation: Emulation;
  /** PATH, for crun or runc. */
  readonly path: string | undefined;
  /** A folder that lasts, for compiled seccomp filters. Default: below `stateDir`, so for this worker only. */
  readonly cacheDir?: string;
  /** The runtime, absolute. Default: crun, else runc, along PATH. */
  readonly runtime?: string;
  /** What a program with `stdio: 'inherit'` inherits. */
  readonly streams?: OwnStreams;
}

/** Where the runtime makes its mountpoints besides the step's own. */
const RUNTIME_FOLDERS = ['/proc', '/dev', '/sys'];

/**
 * Runs steps under crun or runc, inside the worker's namespaces. After a step nothing of it is left but what it wrote
 * itself: no process, no mount, no mountpoint, no secret.
 */
export function createExecutor(options: ExecutorOptions): Executor {
  let runtime = options.runtime;
  const ids = readMappedIds();
  const seccomp = defaultSeccomp(hostArchitecture(), { singleId: ids.single });
  let compiled: string | undefined;
  let guarded: ProtectedRuntime | undefined;
  return {
    run: async (spec, execOptions = {}) => {
      execOptions.signal?.throwIfAborted();
      if (!/^[a-z0-9-]{1,64}$/.test(spec.id)) throw new Error(`not a container id: ${spec.id}`);
      if (spec.rootfs === '/') throw new Error('a step runs in a root filesystem of its own');
      const mode = await options.emulation.modeFor(spec.platform);
      if (mode.kind === 'none') throw noEmulator(spec.platform, mode);
      runtime ??= findRuntime(options.path);
      const user = resolveUser(spec.rootfs, spec.user);
      if (!ids.single) checkIds(user, ids);
      checkUlimits(spec.ulimits ?? []);
      const bundle = `${options.stateDir}/${spec.id}`;
      const root = `${options.stateDir}/runtime`;
      const compiledSeccomp =
        compiled !== undefined || seccomp === undefined || !isCrun(runtime)
          ? { data: compiled }
          : findCompiled(seccomp, {
              folder: options.cacheDir ?? `${options.stateDir}/cache`,
              runtime,
              bpf: `${root}/${spec.id}/seccomp.bpf`,
            });
      compiled = compiledSeccomp.data;
      guarded ??= isCrun(runtime)
        ? protectRuntime(runtime, `${options.stateDir}/crun-${randomUUID()}`)
        : { program: runtime, env: {} };
      mkdirSync(bundle, { mode: 0o711 });
      try {
        return await runStep(spec, execOptions, {
          bundle,
          runtime: guarded,
          crun: isCrun(runtime),
          root,
          seccomp,
          compiledSeccomp,
          user,
          emulatorEnv: mode.kind === 'private' ? mode.env : [],
          accel: mode.kind === 'private' && mode.dispatches ? spec.accel : undefined,
          singleId: ids.single,
          ttyGroup: isMapped(5, ids.gids),
          streams: options.streams,
        });
      } finally {
        rmSync(bundle, { recursive: true, force: true });
      }
    },
  };
}

async function runStep(
  spec: ExecSpec,
  options: ExecOptions,
  step: {
    readonly bundle: string;
    readonly runtime: ProtectedRuntime;
    readonly crun: boolean;
    readonly root: string;
    readonly user: ResolvedUser;
    readonly seccomp: Seccomp | undefined;
    readonly compiledSeccomp: CompiledSeccomp;
    readonly emulatorEnv: readonly string[];
    readonly accel: string | undefined;
    readonly singleId: boolean;
    readonly ttyGroup: boolean;
    readonly streams: OwnStreams | undefined;
  },
): Promise<ExecResult> {
  makeWorkingFolder(spec, step.singleId ? { uid: 0, gid: 0 } : step.user);
  using prepared = await prepareMounts(spec, {
    folder: `${step.bundle}/files`,
    singleId: step.singleId,
    accel: step.accel,
  });
  const config = runtimeConfig(spec, { ...step, mounts: prepared.mounts });
  writeFileSync(`${step.bundle}/config.json`, configText(config));
  const stubs = noteStubs(spec.rootfs, [...RUNTIME_FOLDERS, ...prepared.mounts.map((mount) => mount.destination)]);
  const log = `${step.bundle}/log`;
  // crun would look for cgroups it may not write; runc takes an identity id map for the first user namespace.
  const cgroups = step.crun ? '--cgroup-manager=disabled' : '--rootless=true';
  // In the bundle: crun takes a path with a colon for a kind of log.
  const globals = ['--root', step.root, '--log', 'log', '--log-format', 'json', cgroups];
  try {
    const { exitCode, execFailure } = await runRuntime(
      [step.runtime.program, ...globals, 'run', '--bundle', step.bundle, spec.id],
      {
        ...options,
        inherit: spec.stdio === 'inherit' ? step.streams : undefined,
        terminal: spec.terminal === true,
        cwd: step.bundle,
        noInput: `${step.bundle}/stdin`,
        env: { XDG_RUNTIME_DIR: step.root, ...step.runtime.env },
      },
    );
    options.signal?.throwIfAborted();
    const failure = exitCode === 0 ? undefined : (runtimeErrors(execFailure ?? '') ?? readRuntimeError(log));
    if (failure !== undefined) throw runtimeFailure(failure, spec);
    const { accel } = step;
    const ranNative = accel === undefined || prepared.ran === undefined ? undefined : readRan(accel, prepared.ran);
    return ranNative === undefined ? { exitCode } : { exitCode, ranNative };
  } finally {
    rmSync(`${step.root}/${spec.id}`, { recursive: true, force: true });
    stubs.clean();
  }
}

/** Makes the working folder, and those above it, for the step's user; they stay in its result. */
function makeWorkingFolder(spec: ExecSpec, owner: { uid: number; gid: number }): void {
  for (const folder of resolveInRootfs(spec.rootfs, spec.cwd).missing) {
    mkdirSync(folder, { mode: 0o755 });
    chownSync(folder, owner.uid, owner.gid);
  }
}

function isCrun(runtime: string): boolean {
  return basename(runtime).startsWith('crun');
}

function findRuntime(path: string | undefined): string {
  const found = findProgram('crun', path) ?? findProgram('runc', path);
  if (found !== undefined) return found;
  throw new PolyarchError('PROGRAM_MISSING', 'neither crun nor runc is installed: steps cannot run without one', {
    hint: 'sudo apt-get install crun',
    details: { program: 'crun' },
  });
}
