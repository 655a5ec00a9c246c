import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { PolyarchError, messageOf } from '../util/error.ts';
import { findProgram } from '../util/find-program.ts';
import { readHostBinfmt } from '../emulation/host-binfmt.ts';
import { namespaceFailure, readNamespaceFacts } from './launch-failure.ts';
import { planIdmap, readIdmapSources, writeIdmap, type Idmap } from './launch-idmap.ts';
import { FACTS_VARIABLE, type WorkerFacts } from './launch-facts.ts';

export interface LaunchOptions {
  /** The Node to run, absolute. */
  readonly node: string;
  /** The worker's module, absolute. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** Options for Node itself, e.g. `--disable-warning=ExperimentalWarning`. */
  readonly execArgv?: readonly string[];
  /** The worker's whole environment; its PATH is where unshare and newuidmap are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `auto` (the default) takes the best id map to be had, `single` the least. */
  readonly mode?: 'auto' | 'single';
  /** Where the worker's stdin, stdout and stderr go. Default: ignore, inherit, inherit. */
  readonly stdio?: readonly [WorkerStream, WorkerStream, WorkerStream];
  readonly signal?: AbortSignal;
}

/** `inherit`, `ignore`, or a file descriptor of this process. */
export type WorkerStream = 'inherit' | 'ignore' | number;

export interface LaunchedWorker {
  /**
   * Has `send`, 'message' and 'disconnect' (serialization `advanced`). `kill('SIGKILL')` ends the worker and all it
   * started; 'exit' tells the worker's own exit status.
   */
  readonly child: ChildProcess;
  readonly idmap: Idmap;
  /** Why the id map is not a better one, with the mend. */
  readonly idmapReason?: string;
}

/**
 * Waits for word that the namespaces are there (and for their id map), puts stderr in its place, becomes Node.
 * Descriptor 2 is the parent's socket until then, so what unshare complains about reaches the parent.
 */
const HANDSHAKE = `echo >&2; IFS= read -r ${FACTS_VARIABLE} <&2 || exit 125; export ${FACTS_VARIABLE}; exec 2>&4 4>&-; exec "$@"`;

/**
 * Starts Node inside new user, mount, pid, ipc, uts and cgroup namespaces, as pid 1 with every capability there,
 * a fresh /proc and mounts that nothing outside sees. Resolves when the namespaces are made and Node is starting.
 *
 * The worker and everything it started die with this process, however it dies: the kernel kills unshare with its
 * parent (PR_SET_PDEATHSIG), the worker with unshare, and every process of a pid namespace with its pid 1.
 */
export async function launchWorker(options: LaunchOptions): Promise<LaunchedWorker> {
  options.signal?.throwIfAborted();
  const path = options.env['PATH'];
  const setpriv = requireProgram('setpriv', path);
  const unshare = requireProgram('unshare', path);
  const shell = requireProgram('sh', path);
  const plan = planIdmap(readIdmapSources({ path }), { single: options.mode === 'single' });
  const args = ['--pdeathsig', 'KILL', unshare, '--user', '--mount', '--pid', '--ipc', '--uts', '--cgroup', '--fork'];
  args.push('--keep-caps', '--kill-child=KILL', '--mount-proc', '--propagation', 'private', '--');
  args.push(shell, '-c', HANDSHAKE, 'polyarch-worker', options.node, ...(options.execArgv ?? []), options.entry);
  const [stdin, stdout, stderr] = options.stdio ?? ['ignore', 'inherit', 'inherit'];
  const child = spawn(setpriv, [...args, ...(options.args ?? [])], {
    stdio: [stdin, stdout, 'pipe', 'ipc', stderr === 'inherit' ? 2 : stderr],
    env: { ...options.env },
    serialization: 'advanced',
  });
  const abort = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await namespacesReady(child);
    if (child.pid === undefined) throw new Error('a started process has an id');
    const written = await writeIdmap(child.pid, plan);
    const facts: WorkerFacts = { idmap: written.idmap, hostBinfmt: readHostBinfmt() };
    // Node types it as readable only; a 'pipe' is a socket pair, open both ways.
    (child.stderr as Duplex).end(`${JSON.stringify(facts)}\n`);
    return {
      child,
      idmap: written.idmap,
      ...(written.reason === undefined ? {} : { idmapReason: written.reason }),
    };
  } catch (error) {
    child.kill('SIGKILL');
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

/** Resolves when the child says that it is inside; rejects with the reason when it ends before. */
function namespacesReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.on('error', (error) => {
      reject(new PolyarchError('WORKER_START', `the worker did not start: ${messageOf(error)}`, { cause: error }));
    });
    child.stderr?.on('error', () => {
      // The child ended while being told to go on: 'exit' says why.
    });
    child.stderr?.on('data', (data: Buffer) => {
      if (data[0] === 0x0a && complaint === '') resolve();
      else if (complaint.length < 4096) complaint += data.toString();
    });
    child.once('close', () => reject(namespaceFailure(complaint, readNamespaceFacts())));
  });
}

function requireProgram(name: string, path: string | undefined): string {
  const found = findProgram(name, path);
  if (found !== undefined) return found;
  throw new PolyarchError('PROGRAM_MISSING', `the program ${name} is not installed: steps cannot run without it`, {
    hint: name === 'sh' ? 'sudo apt-get install dash' : 'sudo apt-get install util-linux',
    details: { program: name },
  });
}
