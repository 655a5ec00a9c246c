import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import { canonicalDomain } from './hosts.ts';
import { settingsFailure } from './settings-failure.ts';

export interface DockerConfigOptions {
  /** The folder of `config.json`: DOCKER_CONFIG, else `~/.docker`. */
  readonly folder: string;
  /** Environment for credential helpers; DOCKER_AUTH_CONFIG in it is a configuration read before the file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds a credential helper may take; default 60,000. */
  readonly helperTimeout?: number;
  /** Told once when a configured helper is not installed (a config.json copied from another machine): its hosts go without. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** The key Docker keeps Docker Hub's credential under. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/**
 * Credentials as Docker keeps them: `credHelpers`, then `credsStore`, then `auths` of config.json. The file is
 * read at the first question and once. Fails with DOCKER_CONFIG_INVALID on a file that cannot be read.
 */
export function dockerCredentials(options: DockerConfigOptions): CredentialSource {
  let inline: DockerConfig | undefined;
  let config: DockerConfig | undefined;
  const warned = new Set<string>();
  return {
    async credentialFor(host, { signal } = {}) {
      const given = options.env['DOCKER_AUTH_CONFIG'];
      if (given !== undefined && given !== '') {
        inline ??= parseConfig(given, 'DOCKER_AUTH_CONFIG');
        const found = fromAuths(inline, host);
        if (found !== undefined) return found;
      }
      config ??= readConfig(join(options.folder, 'config.json'));
      const helper = helperFor(config, host);
      if (helper !== undefined) {
        const found = await askHelper(helper, host, { ...options, warned, signal });
        if (found !== undefined) return found;
      }
      return fromAuths(config, host);
    },
  };
}

async function askHelper(
  helper: string,
  host: string,
  options: DockerConfigOptions & { warned: Set<string>; signal: AbortSignal | undefined },
): Promise<Credential | undefined> {
  try {
    const { helperGet } = await import('./credential-helper.ts');
    return await helperGet(helper, { ...helperOptions(options), server: serverKey(host) });
  } catch (error) {
    if (!hasCode(error, 'CREDENTIAL_HELPER_MISSING')) throw error;
    if (!options.warned.has(helper)) options.onWarning?.(`${messageOf(error)}: ${host} is asked without credentials`);
    options.warned.add(helper);
    return undefined;
  }
}

/** Where a credential is kept. */
export interface KeptCredential {
  /** The helper that has it; undefined when config.json does. */
  readonly helper: string | undefined;
  /** The config.json. */
  readonly file: string;
}

/** Keeps a credential for a host: in its helper or store when one is configured, else in config.json (mode 0600). */
export async function storeCredential(
  host: string,
  credential: Credential,
  options: DockerConfigOptions,
): Promise<KeptCredential> {
  const file = join(options.folder, 'config.json');
  return locked(file, options, async () => {
    const config = readConfig(file);
    const key = serverKey(host);
    const helper = helperFor(config, host);
    const auths = { ...config.auths };
    removeHost(auths, host);
    if (helper === undefined) auths[key] = authOf(credential);
    else {
      const [username, secret] =
        credential.kind === 'password' ? [credential.username, credential.password] : ['<token>', credential.token];
      const { helperStore } = await import('./credential-helper.ts');
      await helperStore(helper, { ...helperOptions(options), server: key, username, secret });
      // Docker lists the hosts that its store knows.
      auths[key] = {};
    }
    writeConfig(file, { ...config.raw, auths });
    return { helper, file };
  });
}

/** Forgets a host's credential; true when there was one in config.json. */
export async function eraseCredential(host: string, options: DockerConfigOptions): Promise<boolean> {
  const file = join(options.folder, 'config.json');
  if (!existsSync(file)) return false;
  return locked(file, options, async () => {
    const config = readConfig(file);
    const helper = helperFor(config, host);
    if (helper !== undefined) {
      const { helperErase } = await import('./credential-helper.ts');
      await helperErase(helper, { ...helperOptions(options), server: serverKey(host) });
    }
    const auths = { ...config.auths };
    const found = removeHost(auths, host);
    if (found) writeConfig(file, { ...config.raw, auths });
    return found;
  });
}

/** Two of polyarch do not lose each other's change. */
async function locked<T>(file: string, { signal }: DockerConfigOptions, body: () => Promise<T>): Promise<T> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const { withTransientLock } = await import('../content/transient-lock.ts');
    return await withTransientLock(`${file}.polyarch-lock`, body, { signal });
  } catch (error) {
    if (error instanceof PolyarchError || signal?.aborted === true) throw error;
    throw unwritable(file, error);
  }
}

interface DockerConfig {
  /** The whole file, so that what we do not know is kept when it is written. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore: string | undefined;
}

function readConfig(path: string): DockerConfig {
  try {
    return parseConfig(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return parseConfig('{}', path);
    if (error instanceof PolyarchError) throw error;
    throw invalid(path, messageOf(error));
  }
}

function parseConfig(text: string, path: string): DockerConfig {
  let root: unknown;
  try {
    root = JSON.parse(text.trim() === '' ? '{}' : text);
  } catch {
    // The parser's message quotes the text, which holds secrets.
    throw invalid(path, 'it is no JSON');
  }
  const raw = recordOf(root);
  if (raw === undefined) throw invalid(path, 'it is no JSON object');
  const store = raw['credsStore'];
  return {
    raw,
    auths: recordOf(raw['auths']) ?? {},
    credHelpers: recordOf(raw['credHelpers']) ?? {},
    credsStore: typeof store === 'string' && store !== '' ? store : undefined,
  };
}

/** Written beside and moved into place; a symbolic link stays one. */
function writeConfig(path: string, content: unknown): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const temporary = `${target}.${randomUUID()}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(content, undefined, '\t')}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(temporary, 0o600);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): PolyarchError {
  return settingsFailure('DOCKER_CONFIG_INVALID', `cannot write ${path}: ${messageOf(error)}`, { cause: error });
}

function helperFor(config: DockerConfig, host: string): string | undefined {
  for (const [key, name] of Object.entries(config.credHelpers)) {
    if (hostOfKey(key) === canonicalDomain(host) && typeof name === 'string' && name !== '') return name;
  }
  return config.credsStore;
}

function fromAuths(config: DockerConfig, host: string): Credential | undefined {
  const entries = Object.entries(config.auths).filter(([key]) => hostOfKey(key) === canonicalDomain(host));
  // The exact key wins over other spellings of the host.
  const exact = entries.find(([key]) => key === serverKey(host));
  for (const [, value] of exact === undefined ? entries : [exact, ...entries]) {
    const credential = credentialOf(recordOf(value) ?? {});
    if (credential !== undefined) return credential;
  }
  return undefined;
}

function credentialOf(entry: Readonly<Record<string, unknown>>): Credential | undefined {
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const identity = text('identitytoken');
  if (identity !== undefined) return { kind: 'identity-token', token: identity };
  const bearer = text('registrytoken');
  if (bearer !== undefined) return { kind: 'registry-token', token: bearer };
  const auth = text('auth');
  if (auth !== undefined) {
    const plain = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = plain.indexOf(':');
    if (colon > 0) return { kind: 'password', username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  const username = text('username');
  const password = text('password');
  return username === undefined || password === undefined ? undefined : { kind: 'password', username, password };
}

function authOf(credential: Credential): Record<string, string> {
  switch (credential.kind) {
    case 'password':
      return { auth: Buffer.from(`${credential.username}:${credential.password}`).toString('base64') };
    case 'identity-token':
      // Other readers pass over an entry without auth.
      return {
        auth: Buffer.from(`${credential.username ?? '<token>'}:`).toString('base64'),
        identitytoken: credential.token,
      };
    case 'registry-token':
      return { registrytoken: credential.token };
  }
}

function removeHost(auths: Record<string, unknown>, host: string): boolean {
  const keys = Object.keys(auths).filter((key) => hostOfKey(key) === canonicalDomain(host));
  for (const key of keys) delete auths[key];
  return keys.length > 0;
}

/** The key a host is kept under. */
function serverKey(host: string): string {
  const name = canonicalDomain(host);
  return name === 'docker.io' ? DOCKER_HUB_KEY : name;
}

/** The host of a key, which may carry a scheme and a path (`https://r.example/v2/`). */
function hostOfKey(key: string): string {
  return canonicalDomain(key.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
}

function helperOptions(options: DockerConfigOptions): {
  env: DockerConfigOptions['env'];
  timeout?: number;
  signal?: AbortSignal;
} {
  return {
    env: options.env,
    ...(options.helperTimeout === undefined ? {} : { timeout: options.helperTimeout }),
    signal: options.signal,
  };
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // Just checked.
  return value as Record<string, unknown>;
}

function invalid(path: string, reason: string): PolyarchError {
  return settingsFailure('DOCKER_CONFIG_INVALID', `cannot read ${path}: ${reason}`, {
    hint: 'Mend or remove the file; it holds the credentials of registries.',
  });
}
