import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestEnvironment } from '../support/environment.ts';
import { projectFolder } from '../support/environment.ts';

export interface BuildEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stderr: string;
}

export interface RunningBuild {
  readonly child: ChildProcess;
  readonly ended: Promise<BuildEnd>;
  /** Resolves when stderr has the pattern, or the build ended. */
  said(pattern: RegExp): Promise<void>;
}

/** Starts the checkout's CLI, to be interrupted. */
export function startPolyarch(
  environment: TestEnvironment,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: number | 'pipe' } = {},
): RunningBuild {
  // The script becomes Node (exec), so signals reach it.
  const child = spawn(join(projectFolder, 'bin/polyarch'), args, {
    cwd: environment.folder,
    env: { ...environment.env, ...options.env },
    stdio: [options.stdin ?? 'ignore', 'ignore', 'pipe'],
    // A process group of its own, as a shell gives each command.
    detached: true,
  });
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<BuildEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined, stderr }));
  });
  const said = (pattern: RegExp): Promise<void> =>
    Promise.race([
      ended.then(() => undefined),
      new Promise<void>((resolve) => {
        const look = () => {
          if (pattern.test(stderr)) resolve();
        };
        listeners.add(look);
        look();
      }),
    ]);
  return { child, ended, said };
}
