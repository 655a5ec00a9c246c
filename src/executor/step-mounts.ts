import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { accelMounts } from './accel-mounts.ts';
import type { ExecMount, ExecSpec } from './executor.ts';
import { hostsFile, resolvConf } from './network-files.ts';
import { resolveInRootfs } from './rootfs-path.ts';
import type { RuntimeMount } from './runtime-config.ts';
import { openSshSocket } from './ssh-socket.ts';

/** A step's mounts made ready in its bundle; disposing of them ends what serves them. */
export interface PreparedMounts extends Disposable {
  readonly mounts: readonly RuntimeMount[];
  /** The file that tells what ran native, where there is a pack. */
  readonly ran: string | undefined;
}

const APT_FOLDER = '/etc/apt/apt.conf.d';
const FILE_OPTIONS = ['rbind', 'nosuid', 'noexec', 'nodev'];

/**
 * Writes the files and opens the sockets that a step's mounts need into `folder`, which lies on a tmpfs. The network
 * files come first: a step's own mount over them wins.
 */
export async function prepareMounts(
  spec: ExecSpec,
  options: { readonly folder: string; readonly singleId: boolean; readonly accel: string | undefined },
): Promise<PreparedMounts> {
  const { folder } = options;
  mkdirSync(folder, { mode: 0o711 });
  const closers: Disposable[] = [];
  const file = (name: string, content: string | Uint8Array, mode: number): string => {
    const path = `${folder}/${name}`;
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    return path;
  };
  const mounts: RuntimeMount[] = [
    bind(file('resolv.conf', resolvConf(), 0o644), '/etc/resolv.conf', [...FILE_OPTIONS, 'ro']),
    bind(file('hosts', hostsFile(spec), 0o644), '/etc/hosts', [...FILE_OPTIONS, 'ro']),
  ];
  if (options.singleId && resolveInRootfs(spec.rootfs, APT_FOLDER).missing.length === 0) {
    // apt checks that it became its sandbox user, which no process can where one id is mapped.
    const setting = file('apt.conf', 'APT::Sandbox::User "root";\n', 0o644);
    mounts.push(bind(setting, `${APT_FOLDER}/99polyarch-single-id`, [...FILE_OPTIONS, 'ro']));
  }
  for (const [index, mount] of spec.mounts.entries()) {
    switch (mount.kind) {
      case 'bind':
        mounts.push(bind(mount.source, mount.target, mount.readonly ? ['rbind', 'ro'] : ['rbind']));
        break;
      case 'tmpfs':
        mounts.push({
          destination: mount.target,
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nosuid', 'nodev', ...(mount.size > 0 ? [`size=${mount.size}`] : [])],
        });
        break;
      case 'secret': {
        const path = file(`secret-${index}`, mount.data, 0o600);
        own(path, mount);
        mounts.push(bind(path, mount.target, [...FILE_OPTIONS, 'ro']));
        break;
      }
      case 'ssh': {
        const path = `${folder}/ssh-${index}`;
        closers.push(await openSshSocket(path, { ...mount, agent: mount.socket }));
        mounts.push(bind(path, mount.target, [...FILE_OPTIONS, 'ro']));
        break;
      }
    }
  }
  const ran = options.accel === undefined ? undefined : file('ran', '', 0o666);
  if (options.accel !== undefined && ran !== undefined) mounts.push(...accelMounts(options.accel, ran));
  return {
    mounts,
    ran,
    [Symbol.dispose]: () => {
      for (const closer of closers) closer[Symbol.dispose]();
    },
  };
}

function bind(source: string, destination: string, options: readonly string[]): RuntimeMount {
  return { destination, type: 'bind', source, options };
}

function own(path: string, mount: Extract<ExecMount, { kind: 'secret' }>): void {
  chmodSync(path, mount.mode);
  try {
    chownSync(path, mount.uid, mount.gid);
  } catch {
    // Not mapped here: then no process of the step has that id.
  }
}
