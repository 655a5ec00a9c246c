import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readlinkSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/*
 * Runs a function of a module in a Node process of its own, inside new user and mount namespaces, as the
 * build's worker runs.
 */

/** `identity`: root, with every id. `subordinate`: an ordinary user and 65,536 ids. `single`: an ordinary user alone. */
export type NamespaceKind = 'identity' | 'subordinate' | 'single';

export interface NamespaceOptions {
  readonly kind: NamespaceKind;
  /** Arguments of the function, sent as JSON. */
  readonly args?: readonly unknown[];
  /** Told the process id once it runs. */
  readonly onStart?: (pid: number) => void;
}

const isRoot = process.getuid?.() === 0;

/** The ordinary user that root becomes; it need not exist. */
const USER = 64_901;
const SUBORDINATE = 200_000;

const MAPS: Readonly<Record<NamespaceKind, string>> = {
  identity: '0 0 4294967295',
  subordinate: `0 ${USER} 1\n1 ${SUBORDINATE} 65536`,
  single: `0 ${USER} 1`,
};

/** Gives a folder to whoever is root inside that kind of namespace. */
export function giveFolder(path: string, kind: NamespaceKind): void {
  if (isRoot && kind !== 'identity') chownSync(path, USER, USER);
}

/** Calls `name`, exported by the module at `url`. Its result comes back as JSON; what it throws as an Error with its `code`. */
export async function inNamespace<T>(url: URL, name: string, options: NamespaceOptions): Promise<T> {
  const { kind } = options;
  const call = [
    process.execPath,
    fileURLToPath(import.meta.url),
    fileURLToPath(url),
    name,
    JSON.stringify(options.args ?? []),
  ];
  const child = spawn('/bin/sh', ['-c', script(kind), 'sh', ...call], {
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
  });
  const ended = once(child, 'close');
  const pid = child.pid ?? 0;
  const pipe = child.stdio[3];
  let answer = '';
  if (pipe !== null && pipe !== undefined) pipe.on('data', (data: Buffer) => (answer += data.toString()));
  if (isRoot) {
    await entered(pid);
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, MAPS[kind]);
  }
  child.stdin?.end('\n');
  options.onStart?.(pid);
  const [code, signal] = await ended;
  if (answer === '') throw new Error(`${name} ended without an answer (${signal ?? code})`);
  const result = JSON.parse(answer);
  if (result.error !== undefined) throw Object.assign(new Error(result.error), { code: result.code });
  return result.value;
}

function script(kind: NamespaceKind): string {
  const unshare = 'unshare -U -m --propagation private';
  if (!isRoot) return `exec ${unshare} ${kind === 'single' ? '-r' : '--map-auto --map-root-user'} "$@"`;
  const become = kind === 'identity' ? '' : `setpriv --reuid=${USER} --regid=${USER} --clear-groups `;
  // The map is written while the shell waits; the exec after it gives the capabilities of the namespace's root.
  return `exec ${become}${unshare} /bin/sh -c 'read _; exec "$@"' sh "$@"`;
}

async function entered(pid: number): Promise<void> {
  const own = readlinkSync('/proc/self/ns/mnt');
  for (let tries = 0; tries < 2000; tries++, await sleep(1)) if (readlinkSync(`/proc/${pid}/ns/mnt`) !== own) return;
  throw new Error('unshare made no namespace');
}

/** Why that kind cannot be entered here, or undefined when it can. */
export function cannotEnter(kind: NamespaceKind): string | undefined {
  if (!isRoot && kind === 'identity') return 'only root can map every id';
  const check = `test -r ${JSON.stringify(fileURLToPath(import.meta.url))} && ${process.execPath} --version`;
  const become =
    isRoot && kind !== 'identity' ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [];
  const map = isRoot ? [] : kind === 'single' ? ['-r'] : ['--map-auto', '--map-root-user'];
  const [program = '', ...args] = [...become, 'unshare', '-U', '-m', ...map, '/bin/sh', '-c', check];
  const result = spawnSync(program, args, { encoding: 'utf8' });
  return result.status === 0 ? undefined : `no ${kind} user namespace: ${result.stderr || String(result.error)}`;
}

/** The child's side. */
async function answer(path: string, name: string, args: string): Promise<string> {
  try {
    const module = await import(path);
    return JSON.stringify({ value: (await module[name](...JSON.parse(args))) ?? null });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return JSON.stringify({ error: error instanceof Error ? (error.stack ?? error.message) : String(error), code });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path = '', name = '', args = '[]'] = process.argv;
  writeSync(3, await answer(path, name, args));
  process.exit(0);
}
