/** Signals that end polyarch, and its exit status then (128 + number). */
const ENDING = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** What else is passed on to a process that polyarch runs. */
const PASSED = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** A process that lets so many signals pass is ended, as by Docker's CLI. */
const PATIENCE = 3;

/** Signals go to a process that polyarch runs, until this is disposed of. */
export interface TakenSignals extends Disposable {
  /** Says how. Until then a signal cancels. */
  forward(send: (name: NodeJS.Signals) => void): void;
}

export interface ProcessSignals {
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** The exit status that the signal asks for; undefined when there was none. */
  status(): number | undefined;
  take(): TakenSignals;
}

/** Turns the process's signals into cancellation. A second one does not wait for the clean-up. */
export function processSignals(process: NodeJS.Process): ProcessSignals {
  const abort = new AbortController();
  let status: number | undefined;
  let send: ((name: NodeJS.Signals) => void) | undefined;
  let passed = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (send !== undefined && ++passed < PATIENCE) return send(name);
      if (status !== undefined) process.exit(ENDING[name]);
      status = ENDING[name];
      abort.abort(new Error(`canceled by ${name}`));
    });
  }
  return {
    signal: abort.signal,
    status: () => status,
    take() {
      const listeners = PASSED.map((name) => [name, () => send?.(name)] as const);
      return {
        forward(to) {
          send = to;
          for (const [name, listener] of listeners) process.on(name, listener);
        },
        [Symbol.dispose]() {
          send = undefined;
          for (const [name, listener] of listeners) process.off(name, listener);
        },
      };
    },
  };
}
