import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryPrograms, type RegistryKind } from './registry-programs.ts';
import { startTokenServer, type TokenServer } from './token-server.ts';

/** Credentials that a registry started with `auth` accepts. */
export const REGISTRY_USER = 'tester';
export const REGISTRY_PASSWORD = 'correct horse';

export interface StartRegistryOptions {
  /** Default `docker-registry`, as every machine of the tests has it. */
  readonly kind?: RegistryKind;
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

/** Why no such registry can be started here, or undefined. */
export function registryMissing(kind: RegistryKind = 'docker-registry'): string | undefined {
  const { find, mend } = registryPrograms[kind];
  return find() === undefined ? `${kind} is not there: ${mend}` : undefined;
}

/** Starts a registry on a loopback port with deletion enabled. */
export async function startRegistry(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  const { find, argv, config, listening } = registryPrograms[options.kind ?? 'docker-registry'];
  const program = find();
  if (program === undefined) throw new Error(registryMissing(options.kind));
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-registry-'));
  const root = options.root ?? join(folder, 'data');
  const tls = options.tls === true ? makeCertificate(folder) : undefined;
  const tokens =
    options.auth === 'token' ? await startTokenServer({ folder, seconds: options.tokenSeconds ?? 300 }) : undefined;
  const file = join(folder, 'config.json');
  const settings = config({
    root,
    port: options.port ?? 0,
    tls,
    htpasswd: options.auth === 'basic' ? makeHtpasswd(folder) : undefined,
    tokens,
    proxyOf: options.proxyOf,
  });
  writeFileSync(file, JSON.stringify(settings));
  // Version 3 of distribution would send traces to a collector.
  const env = { PATH: '/usr/bin', OTEL_TRACES_EXPORTER: 'none' };
  const child = spawn(program, argv(file), { stdio: ['ignore', 'pipe', 'pipe'], env });
  const port = await listeningOn(child, listening);
  const close = async (): Promise<void> => {
    await ended(child);
    await tokens?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: `127.0.0.1:${port}`, port, ca: tls?.ca, tokens, root, close, [Symbol.asyncDispose]: close };
}

function listeningOn(child: ChildProcess, listening: RegExp): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the registry did not start in 20 s:\n${log}`));
    }, 20_000);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the registry ended with ${code}:\n${log}`));
    });
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => {
        if (log.length < 100_000) log += text;
        const found = listening.exec(log);
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
