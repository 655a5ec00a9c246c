import { digestOf } from '../../oci/digest.ts';
import type { ExecOp, Mount, Op as PbOp } from '../../pb/ops.ts';
import type { ContentKey, Op, OpContext } from '../../solver/vertex.ts';
import { PolyarchError } from '../../util/error.ts';
import type { ExecStep, StepMount } from '../protocol.ts';
import { type Ref, SCRATCH } from '../ref.ts';
import { contentKey } from './content-key.ts';
import { LogTail } from './log-tail.ts';
import { platformOf } from './platform.ts';
import type { StepContext } from './step-context.ts';
import { stepFailed } from './step-failure.ts';

/** What a step's machine is called unless told otherwise, as BuildKit has it. */
const HOSTNAME = 'buildkitsandbox';

const NETWORK = { UNSET: 'default', HOST: 'host', NONE: 'none' } as const;
const SHARING = { SHARED: 'shared', PRIVATE: 'private', LOCKED: 'locked' } as const;

/** A RUN: one process on its mounts, each writable one with an output giving a result. */
export function execOp(op: PbOp, exec: ExecOp, steps: StepContext): Op<Ref> {
  const meta = exec.meta;
  if (meta === undefined) throw new PolyarchError('LLB_INVALID', 'an exec op has no meta');
  const platform = platformOf(op) ?? steps.buildPlatform;
  return {
    async cacheMap() {
      // Before the cache is asked: what is not allowed is not taken from there either.
      checkAllowed(exec, steps.allowed);
      // As in BuildKit: neither proxies nor the addresses of hosts count, nor which cache is mounted.
      const { proxyEnv: _, extraHosts, ...counted } = meta;
      const mounts = exec.mounts.map((m) => [
        m.input,
        m.dest,
        m.mountType,
        m.output,
        m.readonly,
        contentInput(m) ? '' : m.selector,
        m.secretOpt,
        m.SSHOpt,
        m.TmpfsOpt?.size,
      ]);
      const definition = {
        op: 'exec',
        meta: counted,
        hosts: extraHosts.map(({ Host }) => Host),
        mounts,
        network: exec.network,
        security: exec.security,
        secrets: exec.secretenv,
        platform,
        // Only such a result may differ from the emulated one.
        ...(steps.accelLevel === 'compatible' ? { accel: steps.accelLevel } : {}),
      };
      return {
        digest: digestOf(JSON.stringify(definition)),
        inputs: op.inputs.map((_input, i) =>
          inputKey(
            exec.mounts.filter((mount) => mount.input === i),
            steps,
          ),
        ),
      };
    },

    async execute(inputs, context) {
      const mounts = await Promise.all(exec.mounts.map((mount) => stepMount(mount, inputs, steps, context)));
      const secretEnv = await Promise.all(exec.secretenv.map((secret) => secretVariable(secret, steps)));
      const step: ExecStep = {
        spec: {
          args: meta.args,
          env: [...proxyVariables(meta.proxyEnv), ...meta.env, ...secretEnv.flat()],
          cwd: meta.cwd === '' ? '/' : meta.cwd,
          ...(meta.user === '' ? {} : { user: meta.user }),
          hostname: meta.hostname === '' ? HOSTNAME : meta.hostname,
          platform,
          network: NETWORK[exec.network],
          security: exec.security === 'INSECURE' ? 'insecure' : 'sandbox',
          extraHosts: meta.extraHosts.map(({ Host, IP }) => ({ host: Host, ip: IP })),
          ulimits: meta.ulimit.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
          ...(meta.cgroupParent === '' ? {} : { cgroupParent: meta.cgroupParent }),
          ...shmSize(exec.mounts),
        },
        mounts: mounts.flat(),
        ...(steps.accelLevel === undefined ? {} : { accelLevel: steps.accelLevel }),
        accept: meta.validExitCodes.length === 0 ? [0] : meta.validExitCodes,
      };
      const tail = new LogTail();
      const worker = await steps.worker();
      const began = Date.now();
      const { exitCode, outputs, fullDisk } = await worker.call('exec', step, {
        signal: context.signal,
        onEvent: ({ stream, data }) => {
          tail.add(data);
          context.progress({ kind: 'log', vertex: context.vertex, stream, data, time: Date.now() });
        },
      });
      if (!step.accept.includes(exitCode)) {
        const log = tail.text();
        throw stepFailed(meta.args, { exitCode, platform, log, ...(fullDisk === undefined ? {} : { fullDisk }) });
      }
      steps.timed({ vertex: context.vertex, args: meta.args, cwd: meta.cwd, platform }, Date.now() - began);
      return outputsOf(exec, inputs, outputs);
    },
  };
}

/** Inputs seen only through read-only mounts count by their content there. */
function contentInput(mount: Mount): boolean {
  return mount.dest !== '/' && mount.readonly && mount.mountType === 'BIND';
}

function inputKey(mounts: readonly Mount[], steps: StepContext): ContentKey<Ref> | undefined {
  if (mounts.length === 0 || !mounts.every(contentInput)) return undefined;
  return contentKey(
    mounts.map((mount) => ({ path: mount.selector === '' ? '/' : mount.selector, followLinks: true })),
    steps,
  );
}

function checkAllowed(exec: ExecOp, allowed: ReadonlySet<string>): void {
  const asked = [
    exec.network === 'HOST' ? 'network.host' : '',
    exec.security === 'INSECURE' ? 'security.insecure' : '',
  ];
  for (const entitlement of asked.filter((name) => name !== '' && !allowed.has(name))) {
    throw new PolyarchError('NOT_ALLOWED', `the step asks for ${entitlement}, which this build does not allow`, {
      hint: `add --allow ${entitlement}`,
      details: { word: `--${entitlement.replace('.', '=')}` },
    });
  }
  if (exec.cdiDevices.some((device) => !device.optional)) {
    throw new PolyarchError(
      'NO_DEVICE',
      `the step asks for the device ${exec.cdiDevices[0]?.name}; this engine has no devices`,
      { hint: 'build it on a BuildKit builder that has the device', details: { word: exec.cdiDevices[0]?.name ?? '' } },
    );
  }
}

async function stepMount(
  mount: Mount,
  inputs: readonly Ref[],
  steps: StepContext,
  context: OpContext,
): Promise<StepMount[]> {
  const target = mount.dest;
  const selector = mount.selector === '' ? '/' : mount.selector;
  const layers = async () =>
    steps.materialize(mount.input < 0 ? SCRATCH : (inputs[mount.input] ?? SCRATCH), context.signal);
  switch (mount.mountType) {
    case 'BIND': {
      const output =
        mount.output >= 0 && !mount.readonly ? { output: { index: mount.output, layerId: steps.newLayerId() } } : {};
      return [{ kind: 'layers', target, layers: await layers(), selector, readonly: mount.readonly, ...output }];
    }
    case 'CACHE': {
      const sharing = SHARING[mount.cacheOpt?.sharing ?? 'SHARED'];
      return [
        {
          kind: 'cache',
          target,
          id: mount.cacheOpt?.ID ?? target,
          sharing,
          readonly: mount.readonly,
          layers: await layers(),
          selector,
        },
      ];
    }
    case 'TMPFS':
      // /dev/shm has its size from the runtime, see shmSize.
      return target === '/dev/shm' ? [] : [{ kind: 'tmpfs', target, size: mount.TmpfsOpt?.size ?? 0 }];
    case 'SECRET': {
      const { ID = '', uid = 0, gid = 0, mode = 0o400, optional = false } = mount.secretOpt ?? {};
      const data = await steps.secret(ID);
      if (data !== undefined) return [{ kind: 'secret', target, data, uid, gid, mode }];
      if (optional) return [];
      throw missing('secret', ID, `--secret id=${ID},src=FILE`);
    }
    case 'SSH': {
      const { ID = '', uid = 0, gid = 0, mode = 0o600, optional = false } = mount.SSHOpt ?? {};
      const socket = await steps.sshSocket(ID);
      if (socket !== undefined) return [{ kind: 'ssh', target, socket, uid, gid, mode }];
      if (optional) return [];
      throw missing('ssh agent', ID, `--ssh ${ID === '' ? 'default' : ID}`);
    }
  }
}

function missing(what: string, id: string, flag: string): PolyarchError {
  return new PolyarchError('SECRET_MISSING', `the step needs the ${what} ${JSON.stringify(id)}, which was not given`, {
    hint: `add ${flag}`,
    details: { word: [`id=${id}`, id] },
  });
}

function shmSize(mounts: readonly Mount[]): { shmSize?: number } {
  const size = mounts.find((mount) => mount.dest === '/dev/shm')?.TmpfsOpt?.size;
  return size === undefined || size === 0 ? {} : { shmSize: size };
}

async function secretVariable(
  secret: { ID: string; name: string; optional: boolean },
  steps: StepContext,
): Promise<string[]> {
  const data = await steps.secret(secret.ID);
  if (data !== undefined) return [`${secret.name}=${Buffer.from(data).toString()}`];
  if (secret.optional) return [];
  throw missing('secret', secret.ID, `--secret id=${secret.ID},src=FILE`);
}

/** Proxy settings reach the process but neither the cache key nor the image. */
function proxyVariables(proxy: NonNullable<ExecOp['meta']>['proxyEnv']): string[] {
  if (proxy === undefined) return [];
  const values = {
    http_proxy: proxy.httpProxy,
    https_proxy: proxy.httpsProxy,
    ftp_proxy: proxy.ftpProxy,
    no_proxy: proxy.noProxy,
    all_proxy: proxy.allProxy,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === '' ? [] : [`${name.toUpperCase()}=${value}`, `${name}=${value}`],
  );
}

function outputsOf(
  exec: ExecOp,
  inputs: readonly Ref[],
  made: Readonly<Record<number, { readonly id: string }>>,
): Ref[] {
  const results: Ref[] = [];
  for (const mount of exec.mounts) {
    // BuildKit's frontends leave the output of secrets and sockets at 0.
    if (mount.output < 0 || mount.mountType !== 'BIND') continue;
    const input = mount.input < 0 ? SCRATCH : (inputs[mount.input] ?? SCRATCH);
    const layer = made[mount.output];
    results[mount.output] =
      layer === undefined || input.kind === 'folder'
        ? input
        : { kind: 'layers', layers: [...input.layers, { ...layer, created: Date.now() }] };
  }
  return results;
}
