import type { Init } from '../pb/codec.ts';
import type { CacheSharingOpt, ExecOp, Mount, NetMode } from '../pb/ops.ts';
import type { ExecMount, ExecSettings } from './exec.ts';
import { NO_INPUT, type OpInputs } from './op-inputs.ts';
import type { Network } from './state.ts';
import type { ExecVertex } from './vertex.ts';

const NETWORKS: Readonly<Record<Network, NetMode>> = { default: 'UNSET', host: 'HOST', none: 'NONE' };
const SHARING: Readonly<Record<'shared' | 'private' | 'locked', CacheSharingOpt>> = {
  shared: 'SHARED',
  private: 'PRIVATE',
  locked: 'LOCKED',
};
/** Stands for an output that is lost. */
const NO_OUTPUT = -1;

export function execOp(vertex: ExecVertex, inputs: OpInputs): Init<ExecOp> {
  const { settings } = vertex;
  let outputs = 0;
  const mounts = vertex.mounts.map((mount) => mountOp(mount, { inputs, output: mount.output ? outputs++ : NO_OUTPUT }));
  return {
    meta: metaOf(settings),
    mounts: [...mounts, ...secretMounts(settings), ...sshMounts(settings)],
    network: NETWORKS[settings.network],
    security: settings.insecure ? 'INSECURE' : 'SANDBOX',
    secretenv: settings.secrets.flatMap(({ id, env, optional }) =>
      env === undefined ? [] : [{ ID: id, name: env, optional }],
    ),
    cdiDevices: settings.devices,
  };
}

function metaOf(settings: ExecSettings): NonNullable<Init<ExecOp>['meta']> {
  const { proxy } = settings;
  return {
    args: settings.args,
    env: settings.env,
    cwd: settings.directory,
    user: settings.user,
    hostname: settings.hostname,
    cgroupParent: settings.cgroupParent,
    removeMountStubsRecursive: true,
    extraHosts: settings.extraHosts.map(({ host, ip }) => ({ Host: host, IP: ip })),
    ulimit: settings.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ...(proxy === undefined
      ? {}
      : {
          proxyEnv: {
            httpProxy: proxy.http,
            httpsProxy: proxy.https,
            ftpProxy: proxy.ftp,
            noProxy: proxy.no,
            allProxy: proxy.all,
          },
        }),
  };
}

function mountOp(mount: ExecMount, at: { inputs: OpInputs; output: number }): Init<Mount> {
  const common = {
    input: at.inputs.add(mount.source),
    dest: mount.target,
    readonly: mount.readonly,
    output: at.output,
    selector: mount.selector,
  };
  if (mount.kind === 'tmpfs') return { ...common, mountType: 'TMPFS', TmpfsOpt: { size: mount.size ?? 0 } };
  if (mount.cache === undefined) return common;
  const { id, sharing } = mount.cache;
  return { ...common, mountType: 'CACHE', cacheOpt: { ID: id, sharing: SHARING[sharing] } };
}

function secretMounts(settings: ExecSettings): Init<Mount>[] {
  return settings.secrets.flatMap(({ id, target, uid, gid, mode, optional }) =>
    target === undefined
      ? []
      : [{ input: NO_INPUT, dest: target, mountType: 'SECRET', secretOpt: { ID: id, uid, gid, mode, optional } }],
  );
}

function sshMounts(settings: ExecSettings): Init<Mount>[] {
  return settings.ssh.map(({ id, target, uid, gid, mode, optional }) => ({
    input: NO_INPUT,
    dest: target,
    mountType: 'SSH',
    SSHOpt: { ID: id, uid, gid, mode, optional },
  }));
}
