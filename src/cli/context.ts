import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { PolyarchError } from '../util/error.ts';
import type { ProcessSignals, TakenSignals } from './signals.ts';

/** What a command is given of the process: its environment, streams and cancellation. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The running program's file; the worker is the same one. */
  readonly program: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** Where the store is: `POLYARCH_HOME`, else `$XDG_DATA_HOME/polyarch`. */
  readonly home: string;
  /** `$XDG_CONFIG_HOME/polyarch`. */
  readonly configHome: string;
  /** Hands the process's signals to something that it runs. */
  takeSignals(): TakenSignals;
  /** One line on stderr. */
  notice(text: string): void;
}

/** What of a process a command is given. */
export type CliProcess = Pick<NodeJS.Process, 'env' | 'argv' | 'stdin' | 'stdout' | 'stderr' | 'cwd'>;

export function cliContext(process: CliProcess, signals: Pick<ProcessSignals, 'signal' | 'take'>): CliContext {
  const { env, stdout, stderr } = process;
  const base = env['HOME'] ?? homedir();
  const cwd = workingFolder(process);
  return {
    env,
    cwd,
    program: realpathSync(process.argv[1] ?? ''),
    // Getters: opening stdin costs a millisecond, and most commands never read it.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    signal: signals.signal,
    takeSignals: () => signals.take(),
    home: resolve(cwd, env['POLYARCH_HOME'] || join(env['XDG_DATA_HOME'] || join(base, '.local', 'share'), 'polyarch')),
    configHome: resolve(cwd, env['XDG_CONFIG_HOME'] || join(base, '.config'), 'polyarch'),
    notice: (text) => void stderr.write(`${text}\n`),
  };
}

function workingFolder(process: CliProcess): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new PolyarchError('CWD_GONE', 'the working folder is not there any more', {
      hint: 'cd to another one',
      cause: error,
    });
  }
}
