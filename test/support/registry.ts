import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTokenServer, type TokenServer } from './token-server.ts';

/** Credentials that a registry started with `auth` accepts. */
export const REGISTRY_USER = 'tester';
export const REGISTRY_PASSWORD = 'correct horse';

export interface StartRegistryOptions {
  /** Default none. `token` starts a token server of its own beside the registry. */
  readonly auth?: 'none' | 'basic' | 'token';
  /** Serve HTTPS with a certificate of a self-made authority for 127.0.0.1 and localhost. */
  readonly tls?: boolean;
  /** Default: a free one. */
  readonly port?: number;
  /** Storage folder that outlives `close()`; default a temporary one. */
  readonly root?: string;
  /** Pull-through proxy of this registry, e.g. `http://127.0.0.1:5000`. */
  readonly proxyOf?: string;
  /** Seconds a token lives; default 300. */
  readonly tokenSeconds?: number;
}

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** The certificate authority's PEM file when started with `tls`. */
  readonly ca: string | undefined;
  readonly tokens: TokenServer | undefined;
  /** Folder with the registry's blobs. */
  readonly root: string;
  close(): Promise<void>;
}

const PROGRAM = '/usr/bin/docker-registry';

/** Why no registry can be started here, or undefined. */
export function registryMissing(): string | undefined {
  return existsSync(PROGRAM) ? undefined : `${PROGRAM} is not installed (apt-get install docker-registry)`;
}

/** Starts Debian's docker-registry (distribution 2.8) on a loopback port with deletion enabled. */
export async function startRegistry(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-registry-'));
  const root = options.root ?? join(folder, 'data');
  const auth = options.auth ?? 'none';
  const tls = options.tls === true ? makeCertificate(folder) : undefined;
  const tokens =
    auth === 'token' ? await startTokenServer({ folder, seconds: options.tokenSeconds ?? 300 }) : undefined;
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: root },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${options.port ?? 0}`,
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    ...(auth === 'basic' ? { auth: { htpasswd: { realm: 'polyarch test', path: makeHtpasswd(folder) } } } : {}),
    ...(tokens === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: tokens.realm,
              service: tokens.service,
              issuer: tokens.issuer,
              rootcertbundle: tokens.certificate,
            },
          },
        }),
    ...(options.proxyOf === undefined ? {} : { proxy: { remoteurl: options.proxyOf } }),
  };
  const file = join(folder, 'config.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(PROGRAM, ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: '/usr/bin' } });
  const port = await listening(child);
  const close = async (): Promise<void> => {
    await ended(child);
    await tokens?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: `127.0.0.1:${port}`, port, ca: tls?.ca, tokens, root, close, [Symbol.asyncDispose]: close };
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`docker-registry did not start in 20 s:\n${log}`));
    }, 20_000);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`docker-registry ended with ${code}:\n${log}`));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (log.length < 100_000) log += text;
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(log);
      if (found === null) return;
      clearTimeout(timer);
      resolve(Number(found[1]));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** An htpasswd file for the test user; the registry takes bcrypt only, made by the C library's crypt(). */
function makeHtpasswd(folder: string): string {
  const file = join(folder, 'htpasswd');
  const hash = execFileSync('perl', [
    '-e',
    'print crypt($ARGV[0], q($2b$04$polyarchregistrytest..))',
    REGISTRY_PASSWORD,
  ]);
  writeFileSync(file, `${REGISTRY_USER}:${hash.toString()}\n`);
  return file;
}

/** A certificate authority and a certificate of its for 127.0.0.1 and localhost. */
export function makeCertificate(folder: string): { ca: string; certificate: string; key: string } {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('san.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const commands = [
    `req -x509 ${EC} -keyout ca.key -out ca.pem -days 2 -subj /CN=polyarch-test-authority`,
    `req ${EC} -keyout server.key -out server.csr -subj /CN=localhost`,
    'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san.cnf -out server.pem',
  ];
  for (const command of commands) execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'pipe' });
  // The chain: some readers want the authority behind the leaf.
  writeFileSync(at('chain.pem'), readFileSync(at('server.pem'), 'utf8') + readFileSync(at('ca.pem'), 'utf8'));
  return { ca: at('ca.pem'), certificate: at('chain.pem'), key: at('server.key') };
}

const EC = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
