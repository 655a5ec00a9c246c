import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveUser } from './user.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'polyarch-user-'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/srv/app:\n# text\nbad:x:y:z::\n5:x:77:78::/five:\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nstaff:x:50:app,other\nadm:x:4:app\nnum:x:9:5\n');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('resolveUser', () => {
  test.each([
    [undefined, { uid: 0, gid: 0, groups: [], home: '/root' }],
    ['', { uid: 0, gid: 0, groups: [], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, groups: [50, 4], home: '/srv/app' }],
    ['1000', { uid: 1000, gid: 1001, groups: [50, 4], home: '/srv/app' }],
    ['1234', { uid: 1234, gid: 0, groups: [], home: '/' }],
    ['1234:7', { uid: 1234, gid: 7, groups: [], home: '/' }],
    ['app:staff', { uid: 1000, gid: 50, groups: [], home: '/srv/app' }],
    ['1234:staff', { uid: 1234, gid: 50, groups: [], home: '/' }],
    ['app:8', { uid: 1000, gid: 8, groups: [], home: '/srv/app' }],
    // A name of digits goes before the number.
    ['5', { uid: 77, gid: 78, groups: [9], home: '/five' }],
    [':staff', { uid: 0, gid: 50, groups: [], home: '/root' }],
  ])('%s', (user, expected) => {
    expect(resolveUser(root, user)).toEqual(expected);
  });

  test.each([
    ['nobody', 'USER_NOT_FOUND'],
    ['-1', 'USER_NOT_FOUND'],
    ['4294967295', 'USER_NOT_FOUND'],
    ['app:nothing', 'GROUP_NOT_FOUND'],
  ])('%s is refused', (user, code) => {
    expect(() => resolveUser(root, user)).toThrow(expect.objectContaining({ code }));
  });

  test('an image without the files has numbers only', () => {
    expect(resolveUser(join(root, 'none'), '5:6')).toEqual({ uid: 5, gid: 6, groups: [], home: '/' });
  });

  test('a link does not lead to the machine’s own file', () => {
    const other = join(root, 'other');
    mkdirSync(join(other, 'etc'), { recursive: true });
    symlinkSync('/etc/passwd', join(other, 'etc/group'));
    symlinkSync('../../../../../../../../etc/shadow', join(other, 'etc/passwd'));
    expect(() => resolveUser(other, 'root')).toThrow(expect.objectContaining({ code: 'USER_NOT_FOUND' }));
  });
});
