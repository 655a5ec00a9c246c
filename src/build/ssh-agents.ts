import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, existsSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PolyarchError, messageOf } from '../util/error.ts';

/** Runs an agent, and takes it and its folder away when told to end or when polyarch dies, however that happens. */
const KEEPER = `trap 'kill "$agent" 2>/dev/null; rm -rf "$1"; exit' TERM INT HUP; ssh-agent -D -a "$1/agent" & agent=$!; wait "$agent"`;

/** ssh agents of a build: the person's own by its socket, or one that is started for key files and ends with the build. */
export class SshAgents implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #started: { child: ChildProcess; folder: string }[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** A socket as it is; for key files, that of a new agent which holds them. Fails with SSH_AGENT. */
  async socketFor(paths: readonly string[]): Promise<string> {
    const [first] = paths;
    if (first === undefined) throw new Error('an ssh input has a path');
    const stat = statSync(first, { throwIfNoEntry: false });
    if (stat === undefined) {
      throw new PolyarchError('SSH_AGENT', `--ssh: ${first} is neither a socket nor a key file`, {
        hint: 'start an agent (eval "$(ssh-agent)"; ssh-add), or name a key: --ssh default=FILE',
      });
    }
    return stat.isSocket() ? first : this.#start(paths);
  }

  async #start(keys: readonly string[]): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'polyarch-ssh-'));
    const socket = join(folder, 'agent');
    const env = { ...this.#env, SSH_AUTH_SOCK: socket };
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'sh', '-c', KEEPER, 'polyarch-ssh-agent', folder], {
      stdio: 'ignore',
      env,
    });
    this.#started.push({ child, folder });
    const failed = new Promise<never>((_resolve, reject) => {
      child.once('error', (error) =>
        reject(
          new PolyarchError('SSH_AGENT', `ssh-agent does not start: ${messageOf(error)}`, {
            hint: 'apt-get install util-linux openssh-client',
          }),
        ),
      );
      child.once('exit', (code) =>
        reject(
          new PolyarchError(
            'SSH_AGENT',
            `ssh-agent ended with status ${code}`,
            code === 127 ? { hint: 'apt-get install openssh-client' } : {},
          ),
        ),
      );
    });
    failed.catch(() => {});
    const added = (async () => {
      for (let i = 0; i < 200 && !existsSync(socket); i++) await sleep(10);
      await promisify(execFile)('ssh-add', ['-q', ...keys], {
        env: { ...env, SSH_ASKPASS_REQUIRE: 'never' },
        timeout: 30_000,
      }).catch((error: unknown) => {
        throw new PolyarchError('SSH_AGENT', `ssh-add does not take the key: ${messageOf(error)}`, {
          hint: 'a key with a passphrase has to be in an agent of your own',
        });
      });
    })();
    await Promise.race([added, failed]);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, folder } of this.#started) {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
