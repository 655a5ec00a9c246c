import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';

/*
 * Runs a function of a module in a Node process inside new user and mount namespaces, as the worker runs.
 */

/**
 * `identity`: every id mapped to itself (root only). `subordinate`: an ordinary user with subordinate ids.
 * `single`: one id. `none`: no namespace at all.
 */
export type NamespaceKind = 'identity' | 'subordinate' | 'single' | 'none';

export interface NamespaceOptions {
  readonly kind: NamespaceKind;
  /** Arguments of the function, sent as JSON. */
  readonly args?: readonly unknown[];
  /** The user to become first (root only), for `subordinate` and `single`. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told the process id once it runs. */
  readonly onStart?: (pid: number) => void;
}

/** Calls `name`, exported by the module at `url`; its result comes back as JSON. Throws what it threw, as a message. */
export async function inNamespace<T>(url: URL, name: string, options: NamespaceOptions): Promise<T> {
  const call = [
    process.execPath,
    fileURLToPath(import.meta.url),
    fileURLToPath(url),
    name,
    JSON.stringify(options.args ?? []),
  ];
  const child = spawn('/bin/sh', ['-c', script(options), 'sh', ...call], {
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const ended = once(child, 'exit');
  let answer = '';
  child.stdio[3]?.on('data', (data: Buffer) => (answer += data.toString()));
  const answered = child.stdio[3] === undefined || child.stdio[3] === null ? undefined : once(child.stdio[3], 'close');
  if (options.kind === 'identity') {
    // The shell waits: unshare has replaced itself by then, so the namespace is there.
    await ready(child.pid ?? 0);
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 4294967295');
  }
  child.stdin?.end('\n');
  options.onStart?.(child.pid ?? 0);
  const [code, signal] = await ended;
  await answered;
  if (answer === '') throw new Error(`${name} ended without an answer (${signal ?? code})`);
  const { value, error, code: errorCode } = JSON.parse(answer);
  if (error !== undefined) throw Object.assign(new Error(error), { code: errorCode });
  return value;
}

function script({ kind, user }: NamespaceOptions): string {
  const become =
    user === undefined || user === userInfo().username ? '' : `setpriv --reuid=${user} --regid=${user} --init-groups `;
  switch (kind) {
    case 'none':
      return `exec ${become}"$@"`;
    case 'identity':
      return `exec unshare -U -m --propagation private /bin/sh -c 'read _; exec "$@"' sh "$@"`;
    case 'subordinate':
      return `exec ${become}unshare -U -m --propagation private --map-auto --map-root-user "$@"`;
    case 'single':
      return `exec ${become}unshare -U -r -m --propagation private "$@"`;
  }
}

async function ready(pid: number): Promise<void> {
  const { readlinkSync } = await import('node:fs');
  const own = readlinkSync('/proc/self/ns/mnt');
  for (let tries = 0; tries < 1000; tries++) {
    if (readlinkSync(`/proc/${pid}/ns/mnt`) !== own) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('no new namespace');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { writeSync } = await import('node:fs');
  const [, , path = '', name = '', args = '[]'] = process.argv;
  let answer: string;
  try {
    const module = await import(path);
    answer = JSON.stringify({ value: (await module[name](...JSON.parse(args))) ?? null });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    answer = JSON.stringify({ error: error instanceof Error ? (error.stack ?? error.message) : String(error), code });
  }
  writeSync(3, answer);
  process.exit(0);
}
