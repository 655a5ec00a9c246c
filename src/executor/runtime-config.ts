import {
  ALL_CAPABILITIES,
  DEFAULT_CAPABILITIES,
  DEFAULT_HOSTNAME,
  DEFAULT_PATH,
  DEFAULT_SHM_SIZE,
  MASKED_PATHS,
  READONLY_PATHS,
} from './defaults.ts';
import type { ExecSpec } from './executor.ts';
import { COMPILED_ANNOTATION, type CompiledSeccomp } from './seccomp-cache.ts';
import type { Seccomp } from './seccomp.ts';
import type { ResolvedUser } from './user.ts';

/** OCI runtime spec 1.0, config.md "Mounts". */
export interface RuntimeMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** The part of the OCI runtime spec's config.json that a step needs. */
export interface RuntimeConfig {
  readonly ociVersion: string;
  readonly process: Readonly<Record<string, unknown>>;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly RuntimeMount[];
  readonly linux: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hooks?: Readonly<Record<string, unknown>>;
}

export interface RuntimeConfigOptions {
  readonly user: ResolvedUser;
  /** The step's own mounts, in order; one with the destination of a default mount takes its place. */
  readonly mounts: readonly RuntimeMount[];
  /** Added to the environment for the emulator, out of the program's sight. */
  readonly emulatorEnv: readonly string[];
  /** The filter of system calls of a sandboxed step. */
  readonly seccomp: Seccomp | undefined;
  readonly compiledSeccomp: CompiledSeccomp;
  /** One id is mapped: no other user, no groups, changes of owner pretended. */
  readonly singleId: boolean;
  /** True when group 5 (tty) is mapped. */
  readonly ttyGroup: boolean;
}

/** Makes the config.json of a step's container, with Docker's defaults and BuildKit's sandbox. */
export function runtimeConfig(spec: ExecSpec, options: RuntimeConfigOptions): RuntimeConfig {
  const insecure = spec.security === 'insecure';
  const capabilities = insecure ? ALL_CAPABILITIES : DEFAULT_CAPABILITIES;
  const seccomp = insecure ? undefined : options.seccomp;
  const user = options.singleId ? { uid: 0, gid: 0, groups: [] } : options.user;
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: spec.terminal === true,
      user: { uid: user.uid, gid: user.gid, ...additionalGroups(user, options.singleId) },
      args: spec.args,
      env: [...defaultEnv(spec, options.user), ...options.emulatorEnv],
      cwd: spec.cwd,
      // Not inheritable nor ambient: a program run by another user than root starts without any.
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: false,
      ...(spec.ulimits === undefined || spec.ulimits.length === 0 ? {} : { rlimits: spec.ulimits.map(rlimit) }),
    },
    root: { path: spec.rootfs, readonly: spec.readonlyRootfs === true },
    hostname: spec.hostname ?? DEFAULT_HOSTNAME,
    mounts: mergeMounts(defaultMounts(spec, options), options.mounts),
    linux: {
      namespaces: [
        { type: 'pid' },
        { type: 'mount' },
        { type: 'ipc' },
        { type: 'uts' },
        ...(spec.network === 'none' ? [{ type: 'network' }] : []),
      ],
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(insecure ? {} : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
    },
    ...(seccomp === undefined ? {} : compiled(options.compiledSeccomp)),
  };
}

function compiled({ data, hook }: CompiledSeccomp): object {
  if (data !== undefined) return { annotations: { [COMPILED_ANNOTATION]: data } };
  return hook === undefined ? {} : { hooks: { poststart: [hook] } };
}

const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', '/dev/tty'];

/** The primary group is one of the supplementary ones too, as BuildKit has it. */
function additionalGroups(user: { gid: number; groups: readonly number[] }, singleId: boolean): object {
  if (singleId) return {};
  return { additionalGids: [...new Set([user.gid, ...user.groups])] };
}

function defaultEnv(spec: ExecSpec, user: ResolvedUser): readonly string[] {
  const has = (name: string): boolean => spec.env.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has('PATH') ? [] : [`PATH=${DEFAULT_PATH}`]),
    ...spec.env,
    ...(has('HOME') ? [] : [`HOME=${user.home}`]),
    ...(spec.terminal === true && !has('TERM') ? ['TERM=xterm'] : []),
  ];
}

function rlimit({ name, soft, hard }: { name: string; soft: number; hard: number }): object {
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: limitValue(soft), hard: limitValue(hard) };
}

function limitValue(limit: number): number | string {
  return limit < 0 ? INFINITY_MARK : limit;
}

/** Stands for RLIM_INFINITY, which a JavaScript number cannot hold; no argument or variable can hold a NUL. */
const INFINITY_MARK = '\0infinity';

/** The text of config.json. */
export function configText(config: RuntimeConfig): string {
  return JSON.stringify(config).replaceAll(JSON.stringify(INFINITY_MARK), String(2n ** 64n - 1n));
}

function defaultMounts(spec: ExecSpec, options: RuntimeConfigOptions): readonly RuntimeMount[] {
  const shm = spec.shmSize === undefined || spec.shmSize === 0 ? DEFAULT_SHM_SIZE : spec.shmSize;
  const tty = options.ttyGroup ? ['gid=5'] : [];
  return [
    mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    // In a user namespace device nodes cannot be made, only bound.
    ...DEVICES.map((device) => mount(device, 'bind', ['bind', 'nosuid', 'noexec'], device)),
    mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...tty]),
    mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shm}`], 'shm'),
    mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    // A new sysfs belongs to a network namespace; all of the machine's is read-only, what is mounted in it too.
    spec.security === 'insecure'
      ? mount('/sys', 'bind', ['rbind', 'nosuid', 'noexec', 'nodev'], '/sys')
      : mount('/sys', 'bind', ['rbind', 'nosuid', 'noexec', 'nodev', 'rro'], '/sys'),
  ];
}

function mount(destination: string, type: string, options: readonly string[], source = type): RuntimeMount {
  return { destination, type, source, options };
}

function mergeMounts(defaults: readonly RuntimeMount[], own: readonly RuntimeMount[]): readonly RuntimeMount[] {
  const merged = new Map(defaults.map((one) => [one.destination, one]));
  for (const one of own) merged.set(one.destination, one);
  return [...merged.values()];
}
