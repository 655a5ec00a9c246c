import { describe, expect, test } from 'vitest';
import { type IdmapSources, planIdmap } from './launch-idmap.ts';

const person: IdmapSources = {
  uid: 1000,
  gid: 1000,
  name: 'ann',
  uidMap: '',
  gidMap: '',
  subuid: '',
  subgid: '',
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
};

describe('planIdmap', () => {
  test('root maps every id its own namespace has, to itself', () => {
    const whole = planIdmap({ ...person, uid: 0, gid: 0, uidMap: '0 0 4294967295\n', gidMap: '0 0 4294967295\n' });
    expect(whole).toMatchObject({ idmap: 'identity', uids: [{ inside: 0, outside: 0, count: 4294967295 }] });
    const nested = '         0       1000          1\n         1     100000      65536\n';
    expect(planIdmap({ ...person, uid: 0, gid: 0, uidMap: nested, gidMap: nested })).toMatchObject({
      idmap: 'identity',
      uids: [
        { inside: 0, outside: 0, count: 1 },
        { inside: 1, outside: 1, count: 65536 },
      ],
    });
  });

  test('root of a namespace with one id has one id', () => {
    const plan = planIdmap({ ...person, uid: 0, gid: 0, uidMap: '0 1000 1\n', gidMap: '0 1000 1\n' });
    expect(plan).toMatchObject({ idmap: 'single', uids: [{ inside: 0, outside: 0, count: 1 }] });
  });

  test('all ranges of the account, by name and by uid, are laid end to end', () => {
    const ids = 'bob:1:9\nann:100000:65536\n1000:300000:10\n# a comment\nann:100000:65536\nann:x:y\n';
    expect(planIdmap({ ...person, subuid: ids, subgid: ids })).toMatchObject({
      idmap: 'subordinate',
      programs: { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' },
      uids: [
        { inside: 0, outside: 1000, count: 1 },
        { inside: 1, outside: 100000, count: 65536 },
        { inside: 65537, outside: 300000, count: 10 },
      ],
    });
  });

  const poorer: readonly [name: string, sources: Partial<IdmapSources>, reason: RegExp][] = [
    ['no ranges', {}, /ann has no ids in \/etc\/subuid: sudo usermod --add-subuids/],
    ['no group ranges', { subuid: 'ann:1:2' }, /ann has no ids in \/etc\/subgid/],
    ['no name', { name: undefined }, /^1000 has no ids/],
    ['no newuidmap', { subuid: 'ann:1:2', subgid: 'ann:1:2', newuidmap: undefined }, /sudo apt-get install uidmap/],
  ];
  test.each(poorer)('%s: a single id, and why', (_name, sources, reason) => {
    const plan = planIdmap({ ...person, ...sources });
    expect(plan).toMatchObject({ idmap: 'single', gids: [{ inside: 0, outside: 1000, count: 1 }] });
    expect(plan.reason).toMatch(reason);
  });

  test('a single id on demand has no reason to tell', () => {
    const plan = planIdmap({ ...person, subuid: 'ann:1:2', subgid: 'ann:1:2' }, { single: true });
    expect(plan).toEqual({
      idmap: 'single',
      uids: [{ inside: 0, outside: 1000, count: 1 }],
      gids: [{ inside: 0, outside: 1000, count: 1 }],
    });
  });
});
