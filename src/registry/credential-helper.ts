import { spawn } from 'node:child_process';
import { hasCode, messageOf, type PolyarchError } from '../util/error.ts';
import type { Credential } from './credentials.ts';
import { settingsFailure } from './settings-failure.ts';

export interface HelperOptions {
  /** The child's environment; its PATH finds the helper. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds it may take (it may ask a person to unlock a key ring); default 60,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** The largest answer taken from a helper, in bytes. */
const MAX_OUTPUT = 1024 * 1024;

const NONE = /credentials not found|no credentials server url|no credentials username/i;

/**
 * Asks `docker-credential-NAME get` for a server's credential (docker-credential-helpers protocol: the
 * server on standard input, JSON on standard output). Undefined when the helper knows none; fails with
 * CREDENTIAL_HELPER_FAILED, or CREDENTIAL_HELPER_MISSING when there is no such program.
 */
export async function helperGet(
  name: string,
  options: HelperOptions & { server: string },
): Promise<Credential | undefined> {
  const { code, output } = await runHelper(name, { ...options, verb: 'get', input: options.server });
  if (code !== 0) {
    if (NONE.test(output)) return undefined;
    throw helperFailed(name, `ended with ${code}${firstLine(output)}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw helperFailed(name, 'answered something that is no JSON');
  }
  if (typeof answer !== 'object' || answer === null) throw helperFailed(name, 'answered no object');
  const username = 'Username' in answer ? answer.Username : '';
  const secret = 'Secret' in answer ? answer.Secret : '';
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw helperFailed(name, 'answered no Username and Secret');
  if (username === '' && secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret };
}

/** Has the helper keep a credential. */
export async function helperStore(
  name: string,
  options: HelperOptions & { server: string; username: string; secret: string },
): Promise<void> {
  const input = JSON.stringify({ ServerURL: options.server, Username: options.username, Secret: options.secret });
  const { code, output } = await runHelper(name, { ...options, verb: 'store', input });
  if (code !== 0) throw helperFailed(name, `ended with ${code}${firstLine(output)}`);
}

/** Has the helper forget a credential; one it does not know is success. */
export async function helperErase(name: string, options: HelperOptions & { server: string }): Promise<void> {
  const { code, output } = await runHelper(name, { ...options, verb: 'erase', input: options.server });
  if (code !== 0 && !NONE.test(output)) throw helperFailed(name, `ended with ${code}${firstLine(output)}`);
}

function runHelper(
  name: string,
  options: HelperOptions & { verb: 'get' | 'store' | 'erase'; input: string },
): Promise<{ code: number | null; output: string }> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.+-]+$/.test(name)) throw helperFailed(name, 'is no valid helper name');
  const timeout = options.timeout ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [options.verb], {
      env: { ...options.env },
      stdio: ['pipe', 'pipe', 'ignore'],
      killSignal: 'SIGKILL',
      signal: options.signal,
    });
    let reason: string | undefined;
    const end = (why: string): void => {
      reason = why;
      child.kill('SIGKILL');
      // A child of its own may hold the other end open.
      child.stdout.destroy();
    };
    // Not spawn's own timeout: that one keeps the process alive when there is no such program.
    const timer = setTimeout(() => end(`gave no answer in ${timeout / 1000} s`), timeout);
    const parts: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (part: Buffer) => {
      size += part.length;
      if (size > MAX_OUTPUT) end('answers too much');
      else parts.push(part);
    });
    // A helper may answer without reading its input.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      clearTimeout(timer);
      if (options.signal?.aborted === true) reject(options.signal.reason);
      else
        reject(
          hasCode(error, 'ENOENT')
            ? helperFailed(name, 'is not on the PATH', 'CREDENTIAL_HELPER_MISSING')
            : helperFailed(name, messageOf(error)),
        );
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (reason !== undefined || signal !== null) reject(helperFailed(name, reason ?? `was ended by ${signal}`));
      else resolve({ code, output: Buffer.concat(parts).toString('utf8').trim() });
    });
    child.stdin.end(options.input);
  });
}

/** The first line of what a helper says when it fails: by the protocol an error text, never a secret. */
function firstLine(output: string): string {
  const line = output.split('\n', 1)[0]?.slice(0, 200) ?? '';
  return line === '' ? '' : `: ${line}`;
}

function helperFailed(
  name: string,
  reason: string,
  code: 'CREDENTIAL_HELPER_FAILED' | 'CREDENTIAL_HELPER_MISSING' = 'CREDENTIAL_HELPER_FAILED',
): PolyarchError {
  return settingsFailure(code, `the credential helper docker-credential-${name} ${reason}`, {
    hint: `${code === 'CREDENTIAL_HELPER_MISSING' ? 'Install' : 'Mend'} it, or change credsStore and credHelpers in Docker’s config.json.`,
  });
}
