import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, run, type TestEnvironment } from '../support/environment.ts';

/** An ordinary user who exists in the test's own mount namespace only. */
const PERSON = { name: 'polyarch-person', id: 61235 };

export interface PersonOptions {
  readonly subordinate: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell lines run as root before, in the mount namespace that only the command sees. */
  readonly before?: readonly string[];
}

/** Why root's tests cannot become an ordinary user here, or undefined. */
export function noPerson(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'only root can become another user';
}

/**
 * Runs polyarch as an ordinary user, in the environment's folder, with or without subordinate ids. The machine's
 * account files are covered for it alone.
 */
export async function polyarchAsPerson(environment: TestEnvironment, args: readonly string[], options: PersonOptions) {
  // The bundle is brought up to date by root: the person may not write it.
  spawnSync(join(projectFolder, 'bin/polyarch'), ['version']);
  const folder = join(environment.folder, '..', 'person');
  const [home, checkout] = [join(folder, 'home'), join(folder, 'checkout')];
  for (const path of [home, checkout]) mkdirSync(path, { recursive: true });
  const entry = `${PERSON.name}:700000:65536\n`;
  const files: Readonly<Record<string, string>> = {
    '/etc/passwd': `${readFileSync('/etc/passwd', 'utf8')}${PERSON.name}:x:${PERSON.id}:${PERSON.id}::${home}:/bin/sh\n`,
    '/etc/group': `${readFileSync('/etc/group', 'utf8')}${PERSON.name}:x:${PERSON.id}:\n`,
    '/etc/subuid': options.subordinate ? entry : '\n',
    '/etc/subgid': options.subordinate ? entry : '\n',
  };
  const lines = [
    `mount --bind ${projectFolder} ${checkout}`,
    `chown -R ${PERSON.id}:${PERSON.id} ${home} ${environment.folder}`,
  ];
  for (const [index, [file, text]] of Object.entries(files).entries()) {
    const cover = join(folder, `cover-${index}`);
    writeFileSync(cover, text);
    lines.push(`test ! -e ${file} || mount --bind ${cover} ${file}`);
  }
  lines.push(...(options.before ?? []), `cd ${environment.folder}`, 'exec "$@"');
  for (const path of [join(folder, '..'), folder, environment.folder]) chmodSync(path, 0o711);
  const variables: Record<string, string> = {
    HOME: home,
    PATH: process.env['PATH'] ?? '',
    POLYARCH_HOME: join(home, 'store'),
    ...options.env,
  };
  const mirrors = environment.env['POLYARCH_REGISTRY_MIRRORS'];
  if (mirrors !== undefined) variables['POLYARCH_REGISTRY_MIRRORS'] = mirrors;
  const person = ['setpriv', `--reuid=${PERSON.id}`, `--regid=${PERSON.id}`, '--clear-groups', 'env', '-i'];
  const assigned = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const program = [join(checkout, 'node_modules/node/bin/node'), join(checkout, '.cache/cli/polyarch.js'), ...args];
  const isolated = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', lines.join('\n'), 'sh'];
  const result = await run([...isolated, ...person, ...assigned, ...program], { allowFailure: true, cwd: '/' });
  return { ...result, home: variables['POLYARCH_HOME'] ?? '' };
}
