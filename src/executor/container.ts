import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { sendSignal } from './container-signal.ts';
import type { ExecOptions } from './executor.ts';
import { descendants, killOrphans } from './processes.ts';
import { emptyInput, forwardedInput, outputStream, type OwnStreams, type Stream } from './streams.ts';

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
  options: ExecOptions & {
    /** The streams that the program inherits; else it has no input, and output goes to `onOutput`. */
    readonly inherit: OwnStreams | undefined;
    readonly terminal: boolean;
    readonly cwd: string;
    /** A free name for the empty file that is stdin where there is no other. */
    readonly noInput: string;
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<RuntimeEnd> {
  const [program, ...args] = command;
  let execFailure = '';
  const streams = openStreams(options, (data) => {
    const failed = data.subarray(0, EXEC_FAILURE.length).toString('latin1') === EXEC_FAILURE;
    if (failed) execFailure = data.toString();
    return failed;
  });
  const child = spawn(program, args, {
    stdio: streams.stdio,
    // Away from a Ctrl-C that the terminal sends to every process in the foreground; a terminal of its own needs the foreground.
    detached: options.inherit !== undefined && !options.terminal,
    cwd: options.cwd,
    env: { ...options.env },
  });
  streams.started();
  let endedBy: NodeJS.Signals | undefined;
  options.onStart?.((signal) => {
    const first = child.pid === undefined ? undefined : descendants(child.pid)[0];
    if (first !== undefined) sendSignal(first, signal, (ending) => (endedBy = ending));
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
      child.on('close', (code, signal) => {
        // Its container would go on, and keep the streams open.
        if (signal !== null) killOrphans();
        const ended = endedBy ?? signal;
        resolve(ended === null ? (code ?? 0) : 128 + constants.signals[ended]);
      });
    });
    await streams.ended;
    return execFailure === '' ? { exitCode } : { exitCode, execFailure };
  } finally {
    clearInterval(again);
    options.signal?.removeEventListener('abort', abort);
  }
}

interface Streams {
  readonly stdio: StdioOptions;
  /** To be called once the runtime has them. */
  started(): void;
  /** Resolves when all output is delivered. */
  readonly ended: Promise<unknown>;
}

/**
 * A terminal is the runtime's to pass on. Else a program gets pipes, this process's own ones or new ones: it sees no
 * terminal, as with Docker, and no file of the machine changes its owner. `failed` tells the runtime's own last word
 * from the program's stderr.
 */
function openStreams(
  options: ExecOptions & {
    readonly inherit: OwnStreams | undefined;
    readonly terminal: boolean;
    readonly noInput: string;
  },
  failed: (data: Buffer) => boolean,
): Streams {
  const { inherit } = options;
  if (inherit !== undefined && options.terminal)
    return { stdio: 'inherit', started: () => {}, ended: Promise.resolve() };
  const forward: ExecOptions['onOutput'] =
    inherit === undefined
      ? options.onOutput
      : (stream, data) => void (stream === 1 ? inherit.stdout : inherit.stderr).write(data);
  const own = (fd: 0 | 1) => inherit !== undefined && fstatSync(fd).isFIFO();
  const input = own(0)
    ? undefined
    : ((inherit === undefined ? undefined : forwardedInput(inherit)) ?? emptyInput(options.noInput));
  const output = own(1) ? undefined : outputStream((data) => forward?.(1, data));
  const errors = outputStream((data) => (failed(data) ? undefined : forward?.(2, data)));
  const opened: readonly (Stream | undefined)[] = [input, output, errors];
  return {
    stdio: [input?.fd ?? 'inherit', output?.fd ?? 'inherit', errors.fd],
    started: () => {
      for (const stream of opened) stream?.close();
    },
    ended: Promise.all([output?.ended, errors.ended]).finally(() => input?.stop?.()),
  };
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
