import type { Platform } from '../oci/platform.ts';
import { compareUtf8 } from '../pb/writer.ts';
import { type Network, type State, type VertexOptions, metadataOf, withOutput } from './state.ts';
import type { ExecVertex, Output } from './vertex.ts';

export interface RunOptions extends VertexOptions {
  /** The program and its arguments. */
  readonly args: readonly string[];
  readonly mounts?: readonly RunMount[];
  readonly secrets?: readonly RunSecret[];
  readonly ssh?: readonly RunSsh[];
  /** Not part of the cache key. */
  readonly proxy?: ProxyEnv;
  /** Default: the state's. */
  readonly network?: Network;
  readonly insecure?: boolean;
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent?: string;
  /** CDI names. */
  readonly devices?: readonly { readonly name: string; readonly optional: boolean }[];
  readonly readonlyRoot?: boolean;
}

export type RunMount =
  | {
      readonly kind: 'bind';
      readonly target: string;
      readonly source: State;
      /** A path in the source; default all. */
      readonly selector?: string;
      readonly readonly?: boolean;
      /** Writable, but what is written is lost. */
      readonly discard?: boolean;
    }
  | {
      readonly kind: 'cache';
      readonly target: string;
      /** What an empty cache starts with. */
      readonly source: State;
      readonly selector?: string;
      readonly readonly?: boolean;
      readonly id: string;
      readonly sharing: 'shared' | 'private' | 'locked';
    }
  /** `size` in bytes; without it, the system's default. */
  | { readonly kind: 'tmpfs'; readonly target: string; readonly size?: number; readonly readonly?: boolean };

export interface RunSecret {
  readonly id: string;
  /** The file; none when only `env` is wanted. */
  readonly target?: string;
  /** The variable. */
  readonly env?: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export interface RunSsh {
  readonly id: string;
  /** Default: `/run/buildkit/ssh_agent.N`. */
  readonly target?: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export interface ProxyEnv {
  readonly http: string;
  readonly https: string;
  readonly ftp: string;
  readonly no: string;
  readonly all: string;
}

/** A step as it is marshalled, apart from what is mounted from other vertices. */
export interface ExecSettings {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly directory: string;
  readonly user: string;
  readonly hostname: string;
  readonly network: Network;
  readonly insecure: boolean;
  readonly cgroupParent: string;
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly devices: readonly { readonly name: string; readonly optional: boolean }[];
  readonly secrets: readonly RunSecret[];
  readonly ssh: readonly (RunSsh & { readonly target: string })[];
  readonly proxy?: ProxyEnv;
}

export interface ExecMount {
  readonly kind: 'bind' | 'cache' | 'tmpfs';
  readonly target: string;
  readonly source: Output | undefined;
  readonly selector: string;
  readonly readonly: boolean;
  /** What is written to it is an output of the vertex. */
  readonly output: boolean;
  readonly cache?: { readonly id: string; readonly sharing: 'shared' | 'private' | 'locked' };
  readonly size?: number;
}

/** Runs a command on the state's filesystem; gives that filesystem afterwards, with the state's settings. */
export function run(state: State, options: RunOptions): State {
  const root: ExecMount = {
    kind: 'bind',
    target: '/',
    source: state.output,
    selector: '',
    readonly: options.readonlyRoot === true,
    output: options.readonlyRoot !== true,
  };
  const mounts = [root, ...(options.mounts ?? []).map(mountOf)].toSorted((a, b) => compareUtf8(a.target, b.target));
  const vertex: ExecVertex = {
    kind: 'exec',
    settings: settingsOf(state, options),
    mounts,
    metadata: metadataOf(options),
    ...platformOf(state.platform),
  };
  if (!root.output) return state;
  const index = mounts.filter((mount) => mount.output).indexOf(root);
  return withOutput(state, { kind: 'vertex', vertex, index });
}

function platformOf(platform: Platform | undefined): { platform?: Platform } {
  return platform === undefined ? {} : { platform };
}

function mountOf(mount: RunMount): ExecMount {
  const { target } = mount;
  if (mount.kind === 'tmpfs') {
    const size = mount.size ?? 0;
    const readonly = mount.readonly === true;
    return { kind: 'tmpfs', target, source: undefined, selector: '', readonly, output: false, size };
  }
  const readonly = mount.readonly === true;
  const common = { target, source: mount.source.output, selector: mount.selector ?? '', readonly };
  if (mount.kind === 'bind') return { kind: 'bind', ...common, output: !readonly && mount.discard !== true };
  return { kind: 'cache', ...common, output: false, cache: { id: mount.id, sharing: mount.sharing } };
}

function settingsOf(state: State, options: RunOptions): ExecSettings {
  const ssh = (options.ssh ?? []).map((one, index) => ({
    ...one,
    target: one.target ?? `/run/buildkit/ssh_agent.${index}`,
  }));
  const env = [...state.env].map(([key, value]) => `${key}=${value}`);
  if (ssh[0] !== undefined && !state.env.has('SSH_AUTH_SOCK')) env.push(`SSH_AUTH_SOCK=${ssh[0].target}`);
  return {
    args: options.args,
    env,
    directory: state.directory,
    user: state.user,
    hostname: state.hostname,
    network: options.network ?? state.network,
    insecure: options.insecure === true,
    cgroupParent: options.cgroupParent ?? '',
    extraHosts: options.extraHosts ?? [],
    ulimits: options.ulimits ?? [],
    devices: options.devices ?? [],
    secrets: options.secrets ?? [],
    ssh,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
  };
}
