import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { ensureBases } from '../../scripts/bases.ts';
import { projectFolder } from '../../scripts/fixtures.ts';
import { findTool, installCommand, type ToolName } from '../../scripts/install-tools.ts';
import { findProgram, run, type RunResult } from '../../scripts/process.ts';
import { keepWorkers } from '../../src/worker/worker-process.ts';
import { runInProcess } from './in-process.ts';

export { run } from '../../scripts/process.ts';
export { projectFolder } from '../../scripts/fixtures.ts';

/**
 * The host (`127.0.0.1:PORT`) of the fixture registry, with these stand-in bases in it: `busybox`, `alpine`,
 * `debian`, `golang` … as scripts/bases.ts names them. Starts and makes what is missing; it keeps running.
 */
export async function fixtureRegistry(...bases: readonly string[]): Promise<string> {
  // Said by scripts/test.ts, which made all bases: asking apt again in each file costs a minute in all.
  const ready = process.env['POLYARCH_TEST_REGISTRY'];
  if (ready !== undefined) return ready;
  return await ensureBases(bases, { log: (line) => process.stderr.write(`${line}\n`) });
}

/** A folder that is removed when the scope ends (files of foreign ids and modes too). */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'polyarch-test-'));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Writes a tree of files below a folder: path → text. A path that ends in `/` is an empty folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : join(path, '..'), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, text);
  }
}

export interface PolyarchOptions {
  /** Default: the environment's own folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Give the result of a failing command instead of throwing. */
  readonly allowFailure?: boolean;
  readonly signal?: AbortSignal;
  /** Start a process of its own, as `signal` does; else the CLI runs in the test's process. */
  readonly process?: boolean;
}

/** A person's account of its own: store, configuration and working folder are temporary. */
export interface TestEnvironment extends Disposable, AsyncDisposable {
  /** The working folder. */
  readonly folder: string;
  /** POLYARCH_HOME. */
  readonly home: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Runs the checkout's CLI, see in-process.ts. Throws with its last lines when it fails, unless `allowFailure`. */
  polyarch(args: readonly string[], options?: PolyarchOptions): Promise<RunResult>;
  /** Writes files below the working folder: path → text. */
  write(files: Readonly<Record<string, string>>): void;
}

/** `run` hands the process's streams on, the version is the bundle's, and Node reads its own variables when it starts. */
function isOfProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  const names = new Set(['run', 'version', '--version', '-v']);
  return args.some((arg) => names.has(arg)) || Object.keys(env).some((name) => name.startsWith('NODE_'));
}

/**
 * An isolated environment; `mirror` (a registry's host) stands in for docker.io. With `keepWorkers` its builds share their
 * workers: then it is disposed of asynchronously.
 */
export function testEnvironment(options: { mirror?: string; keepWorkers?: true } = {}): TestEnvironment {
  const root = temporaryFolder();
  const folder = join(root.path, 'work');
  const home = join(root.path, 'polyarch');
  for (const part of ['work', 'home', 'config', 'cache', 'data', 'run'])
    mkdirSync(join(root.path, part), { recursive: true, mode: 0o700 });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: join(root.path, 'home'),
    XDG_CONFIG_HOME: join(root.path, 'config'),
    XDG_CACHE_HOME: join(root.path, 'cache'),
    XDG_DATA_HOME: join(root.path, 'data'),
    XDG_RUNTIME_DIR: join(root.path, 'run'),
    DOCKER_CONFIG: join(root.path, 'home/.docker'),
    POLYARCH_HOME: home,
    // Compiling the CLI again for each account would cost more than most commands.
    NODE_COMPILE_CACHE: join(projectFolder, '.cache/compile'),
    NO_COLOR: '1',
  };
  for (const name of Object.keys(env))
    if (/^(?:POLYARCH_(?!HOME$)|SOURCE_DATE_EPOCH$|BUILDX_|BUILDKIT_|DOCKER_HOST$)/.test(name)) delete env[name];
  // A pack would be made of packages from the network for each of these stores.
  env['POLYARCH_ACCEL'] = 'off';
  if (options.mirror !== undefined) env['POLYARCH_REGISTRY_MIRRORS'] = `docker.io=http://${options.mirror}`;
  const workers = options.keepWorkers === true ? keepWorkers(home) : undefined;
  return {
    folder,
    home,
    env,
    polyarch: (args, more = {}) => {
      const account = { env: { ...env, ...more.env }, cwd: more.cwd ?? folder };
      const { input, signal, process: asked } = more;
      const own = asked === true || signal !== undefined || isOfProcess(args, more.env);
      if (!own) return runInProcess(args, { ...account, allowFailure: more.allowFailure === true, input: input ?? '' });
      return run([join(projectFolder, 'bin/polyarch'), ...args], {
        ...account,
        ...(input === undefined ? {} : { input }),
        ...(more.allowFailure === undefined ? {} : { allowFailure: more.allowFailure }),
        ...(more.signal === undefined ? {} : { signal: more.signal }),
      });
    },
    write: (files) => writeFiles(folder, files),
    [Symbol.dispose]: () => root[Symbol.dispose](),
    async [Symbol.asyncDispose]() {
      await workers?.[Symbol.asyncDispose]();
      root[Symbol.dispose]();
    },
  };
}

/**
 * Skips the running test, says why on standard error, and gives the tool's path when it is there. With
 * POLYARCH_REQUIRE_ALL=1 a missing tool fails the test.
 */
export function requireTool(context: TestContext, name: ToolName): string {
  return findTool(name) ?? skip(context, `${name} is not installed (${installCommand([name])})`);
}

/** As `requireTool`, for a program by its file name. */
export function requireProgram(context: TestContext, name: string): string {
  return findProgram(name) ?? skip(context, `${name} is not on PATH`);
}

/** Skips the running test with a printed reason; with POLYARCH_REQUIRE_ALL=1 it fails instead. */
export function skip(context: TestContext, reason: string): never {
  if (process.env['POLYARCH_REQUIRE_ALL'] === '1') throw new Error(`POLYARCH_REQUIRE_ALL=1, and ${reason}`);
  process.stderr.write(`SKIPPED ${context.task.name}: ${reason}\n`);
  return context.skip(reason);
}
