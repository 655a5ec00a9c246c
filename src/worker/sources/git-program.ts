import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PolyarchError, hasCode, messageOf } from '../../util/error.ts';
import type { GitSource } from './git-source.ts';

export interface GitEnvironment {
  /** PATH, and the proxy variables where there are any; nothing else of the person's reaches git. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The value of a build secret; undefined when it was not given. */
  readonly secret: (id: string) => Promise<Uint8Array | undefined>;
  /** The socket of a forwarded ssh agent. */
  readonly sshSocket: (id: string) => Promise<string | undefined>;
}

const PASSED_ON = [
  'PATH',
  ...['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]),
];

/** Settings that no repository and no person can change; hooks, background work and other protocols are off. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.autocrlf', 'false'],
  ['core.logAllRefUpdates', 'false'],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'master'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['transfer.fsckObjects', 'false'],
  ['safe.directory', '*'],
];

export interface RunOptions {
  readonly cwd?: string;
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly index?: string;
  /** Allow fetching from a folder of this machine: only ever one of our own. */
  readonly ownFolder?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs git for one source, with its credentials in the environment, never in arguments or in a file. */
export class GitProgram {
  readonly #env: Readonly<Record<string, string>>;
  readonly #settings: readonly (readonly [string, string])[];
  readonly #secrets: readonly string[];

  private constructor(
    env: Readonly<Record<string, string>>,
    settings: readonly (readonly [string, string])[],
    secrets: readonly string[],
  ) {
    this.#env = env;
    this.#settings = settings;
    this.#secrets = secrets;
  }

  static async open(
    source: GitSource,
    environment: GitEnvironment & { readonly knownHostsFile?: string },
  ): Promise<GitProgram> {
    const header = await authorization(source, environment);
    const settings =
      header === undefined || source.scope === undefined
        ? []
        : [[`http.${source.scope}.extraHeader`, `Authorization: ${header}`] as const];
    const socket = source.sshId === undefined ? undefined : await environment.sshSocket(source.sshId);
    const passed = PASSED_ON.flatMap((name) =>
      environment.env[name] === undefined ? [] : [[name, environment.env[name]]],
    );
    const hosts =
      environment.knownHostsFile === undefined
        ? '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'
        : `-o UserKnownHostsFile=${environment.knownHostsFile}`;
    const env = {
      ...Object.fromEntries(passed),
      ...(socket === undefined ? {} : { SSH_AUTH_SOCK: socket }),
      GIT_SSH_COMMAND: `ssh -F /dev/null -o BatchMode=yes ${hosts}`,
      GIT_SSH_VARIANT: 'ssh',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '/bin/false',
      SSH_ASKPASS: '/bin/false',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_LFS_SKIP_SMUDGE: '1',
      HOME: '/dev/null',
      LC_ALL: 'C',
    };
    const secrets =
      header === undefined
        ? []
        : [
            header,
            header.replace(/^\w+ /, ''),
            ...(source.credentials === undefined ? [] : [source.credentials.password]),
          ];
    return new GitProgram(
      env,
      settings,
      secrets.filter((secret) => secret !== ''),
    );
  }

  /**
   * What git printed.
   *
   * @throws PolyarchError PROGRAM_MISSING, GIT_FAILED with git's own words
   */
  async run(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const settings = [...SETTINGS, ...this.#settings];
    const configuration = Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    );
    const child = withUmask(() =>
      spawn('git', args, {
        cwd: options.cwd ?? '/',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...this.#env,
          ...configuration,
          GIT_CONFIG_COUNT: String(settings.length),
          GIT_ALLOW_PROTOCOL: options.ownFolder === true ? 'file' : 'http:https:ssh:git',
          ...(options.gitDir === undefined ? {} : { GIT_DIR: options.gitDir }),
          ...(options.workTree === undefined ? {} : { GIT_WORK_TREE: options.workTree }),
          ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
        },
        signal: options.signal,
      }),
    );
    let output = '';
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4000)));
    try {
      const [code, killed] = await once(child, 'close');
      if (code === 0) return output;
      throw this.#failure(args, words.trim() || `it ended with ${code ?? killed}`);
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason;
      if (error instanceof PolyarchError) throw error;
      if (hasCode(error, 'ENOENT')) {
        throw new PolyarchError(
          'PROGRAM_MISSING',
          'git is not installed, and the build takes files from a git repository',
          {
            hint: 'install it, for instance with: apt-get install git',
            cause: error,
          },
        );
      }
      throw this.#failure(args, messageOf(error));
    }
  }

  #failure(args: readonly string[], words: string): PolyarchError {
    let shown = words;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, '***');
    return new PolyarchError('GIT_FAILED', `git ${args.find((arg) => !arg.startsWith('-')) ?? ''} failed: ${shown}`);
  }
}

/** Secrets for the host before those for all hosts, a whole header before a token (BuildKit's order), then the address's own. */
async function authorization(source: GitSource, environment: GitEnvironment): Promise<string | undefined> {
  if (source.scope === undefined) return undefined;
  for (const suffix of [`.${source.host}`, '']) {
    for (const [name, isToken] of [
      [source.headerSecret, false],
      [source.tokenSecret, true],
    ] as const) {
      const value = name === undefined ? undefined : await environment.secret(`${name}${suffix}`);
      if (value === undefined) continue;
      const text = Buffer.from(value).toString('utf8').trim();
      return isToken ? basic('x-access-token', text) : text;
    }
  }
  return source.credentials === undefined ? undefined : basic(source.credentials.user, source.credentials.password);
}

function basic(user: string, password: string): string {
  return `basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A checkout's modes must not depend on the person's umask. */
function withUmask<T>(start: () => T): T {
  const umask = process.umask(0o022);
  try {
    return start();
  } finally {
    process.umask(umask);
  }
}
