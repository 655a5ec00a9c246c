import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import type { ExecOptions } from './executor.ts';

/** How crun, logging as JSON, says on the container's stderr that exec failed: its log is out of reach by then. */
const EXEC_FAILURE = '{"msg":"exec container process';

/** How long a killed container may take before it is killed again, in milliseconds. */
const KILL_AGAIN = 500;

export interface RuntimeEnd {
  /** 128 + n after signal n. */
  readonly exitCode: number;
  /** The runtime's last word when the program could not be executed. */
  readonly execFailure?: string;
}

/**
 * Runs an OCI runtime in the foreground until its container has ended and all its output is delivered. An abort kills every process of the container and still waits for the end.
 */
export async function runRuntime(
  command: readonly [string, ...string[]],
  options: ExecOptions & { readonly inherit: boolean; readonly terminal: boolean; readonly env: Readonly<Record<string, string>> },
): Promise<RuntimeEnd> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: stdioOf(options),
    // Away from a Ctrl-C that the terminal sends to every process in the foreground; a terminal of its own needs the foreground.
    detached: options.inherit && !options.terminal,
    env: { ...options.env },
  });
  const forward = options.inherit ? writeThrough : options.onOutput;
  child.stdout?.on('data', (data: Buffer) => forward?.(1, data));
  options.onStart?.((signal) => sendSignal(child, signal));
  let execFailure = '';
  child.stderr?.on('data', (data: Buffer) => {
    if (data.subarray(0, EXEC_FAILURE.length).toString('latin1') === EXEC_FAILURE) execFailure = data.toString();
    else forward?.(2, data);
  });
  let again: NodeJS.Timeout | undefined;
  const abort = (): void => {
    killContainer(child);
    again ??= setInterval(() => killContainer(child), KILL_AGAIN);
  };
  if (options.signal?.aborted === true) abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]));
    });
    return execFailure === '' ? { exitCode } : { exitCode, execFailure };
  } finally {
    clearInterval(again);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** Without a terminal of its own a program sees none: this process's own is put behind a pipe, as Docker does. */
function stdioOf(options: { readonly inherit: boolean; readonly terminal: boolean }): StdioOptions {
  if (!options.inherit) return ['ignore', 'pipe', 'pipe'];
  return options.terminal ? 'inherit' : ['inherit', isatty(1) ? 'pipe' : 'inherit', 'pipe'];
}

function writeThrough(stream: 1 | 2, data: Uint8Array): void {
  (stream === 1 ? process.stdout : process.stderr).write(data);
}

/**
 * Sends a signal through the runtime to the container's first process. The kernel withholds from pid 1 a signal that
 * it does not handle (pid_namespaces(7)); here that one is ended by it all the same, as it would be elsewhere.
 */
function sendSignal(runtime: ChildProcess, signal: NodeJS.Signals): void {
  const first = runtime.pid === undefined ? undefined : descendants(runtime.pid)[0];
  if (first === undefined) return;
  const handled = handles(first, signal);
  try {
    process.kill(first, handled || !ENDING.has(signal) ? signal : 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Signals whose default action ends a process, and that people send. */
const ENDING: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']);

/** Whether a process catches or ignores a signal (proc(5), SigCgt and SigIgn). */
function handles(pid: number, signal: NodeJS.Signals): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const masks = [...status.matchAll(/^Sig(?:Cgt|Ign):\s*([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
    return masks.some((mask) => (mask & (1n << BigInt(constants.signals[signal] - 1))) !== 0n);
  } catch {
    return false;
  }
}

/**
 * Kills the runtime's children, the first of which is pid 1 of the container: the kernel then ends all the others.
 * The runtime is held still meanwhile, so that it starts none; without children it is killed itself.
 */
function killContainer(runtime: ChildProcess): void {
  const { pid } = runtime;
  if (pid === undefined || runtime.exitCode !== null || runtime.signalCode !== null) return;
  runtime.kill('SIGSTOP');
  const children = descendants(pid);
  for (const child of children) {
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  runtime.kill(children.length > 0 ? 'SIGCONT' : 'SIGKILL');
}

/** The processes below `pid` in this pid namespace, deepest last (proc(5), /proc/pid/task/tid/children). */
function descendants(pid: number): readonly number[] {
  let children: number[];
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    children = text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
