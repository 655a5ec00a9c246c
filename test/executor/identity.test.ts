import { chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { skip, temporaryFolder } from '../support/environment.ts';
import { startClient, step } from './client.ts';
import { runAsPerson } from './person.ts';
import { makeRootfs } from './rootfs.ts';

const root = process.getuid?.() === 0;
if (!root) process.stderr.write('SKIPPED steps as root: this is not root\n');
const SCRIPT = 'id -u; chown 33:34 /mine; stat -c %u:%g /mine; grep -c . /proc/self/uid_map';

/** A root filesystem all of whose files belong to one user, with a file `mine`. */
async function ownedRootfs(folder: string, id: number): Promise<string> {
  const rootfs = await makeRootfs(join(folder, 'rootfs'), 'amd64');
  mkdirSync(join(rootfs, 'mine'));
  const own = (path: string): void => {
    chownSync(path, id, id);
    for (const name of readdirSync(path, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      own(join(path, name.name));
    }
  };
  own(rootfs);
  return rootfs;
}

describe.runIf(root)('as root', () => {
  test('every id is itself', async () => {
    using folder = temporaryFolder();
    await using client = await startClient(folder.path);
    expect(client.idmap).toBe('identity');
    const rootfs = await ownedRootfs(folder.path, 0);
    const answer = await client.run(step({ rootfs, args: ['sh', '-c', SCRIPT] }));
    expect(answer.output).toBe('0\n33:34\n1\n');
    expect(lstatSync(join(rootfs, 'mine'))).toMatchObject({ uid: 33, gid: 34 });
  });

  test('a single id may be asked for', async () => {
    using folder = temporaryFolder();
    await using client = await startClient(folder.path, { mode: 'single' });
    expect(client.idmap).toBe('single');
    const rootfs = await ownedRootfs(folder.path, 0);
    const answer = await client.run(step({ rootfs, args: ['sh', '-c', SCRIPT], user: 'app' }));
    expect(answer.output).toBe('0\n0:0\n1\n');
  });
});

describe('as an ordinary user', () => {
  test('with subordinate ids, owners are kept', async (context) => {
    if (!root) skip(context, 'only root can play an ordinary user with accounts of its own');
    using folder = temporaryFolder();
    const rootfs = await ownedRootfs(folder.path, 61234);
    const specs = [
      step({ rootfs, args: ['sh', '-c', SCRIPT] }),
      step({ rootfs, args: ['sh', '-c', 'id -u; id -G; touch /home/app'], user: 'app' }),
      step({ rootfs, args: ['true'], user: '70000:0' }),
    ];
    const outcome = await runAsPerson(folder.path, { specs }, { subordinate: true });
    expect(outcome.error).toBeUndefined();
    expect(outcome.idmap).toBe('subordinate');
    expect(outcome.answers[0]?.output).toBe('0\n33:34\n2\n');
    expect(outcome.answers[1]?.output).toBe('1000\n1000 2000\ntouch: /home/app: Permission denied\n');
    expect(outcome.answers[2]?.error?.code).toBe('ID_NOT_MAPPED');
    // The first subordinate id is 1 inside.
    expect(lstatSync(join(rootfs, 'mine'))).toMatchObject({ uid: 700_032, gid: 700_033 });
  });

  test('without subordinate ids, all is the user’s own, and the reason is told', async (context) => {
    if (!root) skip(context, 'only root can play an ordinary user with accounts of its own');
    using folder = temporaryFolder();
    const rootfs = await ownedRootfs(folder.path, 61234);
    const specs = [
      step({ rootfs, args: ['sh', '-c', SCRIPT] }),
      step({ rootfs, args: ['sh', '-c', 'id -u; echo $HOME; touch /made'], user: 'app' }),
    ];
    const outcome = await runAsPerson(folder.path, { specs }, { subordinate: false });
    expect(outcome.error).toBeUndefined();
    expect(outcome.idmap).toBe('single');
    expect(outcome.idmapReason).toMatch(/usermod --add-subuids/);
    expect(outcome.answers.map((answer) => answer.output)).toEqual(['0\n0:0\n1\n', '0\n/home/app\n']);
    expect(lstatSync(join(rootfs, 'made')).uid).toBe(61234);
  });
});
