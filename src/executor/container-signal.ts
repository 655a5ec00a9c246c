import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** Signals whose default action ends a process, and that people send. */
const ENDING: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']);

/** How long the first process is watched after a signal, in ms after it. */
const LOOKS = [20, 60, 200, 1000, 3000, 10_000];

/**
 * Sends a signal to a container's first process. The kernel withholds from pid 1 a signal that it does not handle
 * (pid_namespaces(7)); here that one is ended by it all the same, as it would be elsewhere. Calls `ended` then.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals, ended: (signal: NodeJS.Signals) => void): void {
  const end = (): void => {
    ended(signal);
    kill(pid, 'SIGKILL');
  };
  if (!ENDING.has(signal)) return kill(pid, signal);
  if (!handles(readMasks(pid), signal)) return end();
  kill(pid, signal);
  for (const delay of LOOKS) {
    setTimeout(() => {
      if (waitsForItsEnd(readMasks(pid), signal)) end();
    }, delay).unref();
  }
}

interface Masks {
  readonly caught: bigint;
  readonly ignored: bigint;
  readonly blocked: bigint;
}

function handles(masks: Masks | undefined, signal: NodeJS.Signals): boolean {
  return masks !== undefined && ((masks.caught | masks.ignored) & bit(signal)) !== 0n;
}

/**
 * QEMU catches every signal; one that should end its program it sends to itself again, uncaught, with all
 * others blocked, and waits (linux-user/signal.c): as pid 1 for ever.
 */
function waitsForItsEnd(masks: Masks | undefined, signal: NodeJS.Signals): boolean {
  if (masks === undefined || handles(masks, signal)) return false;
  const others = 0x7fff_ffffn & ~bit(signal) & ~bit('SIGKILL') & ~bit('SIGSTOP');
  return (masks.blocked & (others | bit(signal))) === others;
}

function bit(signal: NodeJS.Signals): bigint {
  return 1n << BigInt(constants.signals[signal] - 1);
}

/** SigCgt, SigIgn and SigBlk of proc(5); undefined when the process is gone. */
function readMasks(pid: number): Masks | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  const mask = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return { caught: mask('SigCgt'), ignored: mask('SigIgn'), blocked: mask('SigBlk') };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
