import { describe, expect, test } from 'vitest';
import { type SeccompRule, defaultSeccomp } from './seccomp.ts';

function rulesOf(name: string, options: { singleId?: boolean; architecture?: string } = {}): readonly SeccompRule[] {
  const profile = defaultSeccomp(options.architecture ?? 'amd64', options);
  return (profile?.syscalls ?? []).filter((rule) => rule.names.includes(name));
}

describe('defaultSeccomp', () => {
  test.each(['read', 'openat', 'chown', 'setuid', 'arch_prctl', 'fchmodat2', 'ptrace', 'chroot'])(
    'allows %s',
    (name) => {
      expect(rulesOf(name)).toMatchObject([{ action: 'SCMP_ACT_ALLOW' }]);
    },
  );

  test.each(['mount', 'unshare', 'setns', 'bpf', 'keyctl', 'io_uring_setup', 'kexec_load'])('refuses %s', (name) => {
    expect(rulesOf(name)).toMatchObject([{ action: 'SCMP_ACT_ERRNO', errnoRet: 1 }]);
  });

  test('answers "not implemented" to what it does not know', () => {
    expect(defaultSeccomp('amd64')).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 });
    expect(rulesOf('clone3')).toMatchObject([{ errnoRet: 38 }]);
  });

  test('no system call is both allowed and refused without a condition', () => {
    for (const singleId of [false, true]) {
      const names = (defaultSeccomp('amd64', { singleId })?.syscalls ?? [])
        .filter((rule) => rule.args === undefined)
        .flatMap((rule) => rule.names);
      expect(names.length).toBe(new Set(names).size);
    }
  });

  test('every socket family has one answer', () => {
    const rules = rulesOf('socket');
    expect(rules.filter((rule) => rule.action === 'SCMP_ACT_ALLOW').length).toBe(37);
    expect(rules.length).toBe(47);
  });

  test('the flags of clone are another argument on s390x', () => {
    expect(rulesOf('clone')[0]?.args?.[0]?.index).toBe(0);
    expect(rulesOf('clone', { architecture: 's390x' })[0]?.args?.[0]?.index).toBe(1);
  });

  test('with a single id, changes of owner succeed without effect', () => {
    for (const name of ['chown', 'fchownat', 'setgroups', 'setresuid', 'capset']) {
      expect(rulesOf(name, { singleId: true })).toMatchObject([{ action: 'SCMP_ACT_ERRNO', errnoRet: 0 }]);
    }
  });

  test('is left out where libseccomp knows nothing', () => {
    expect(defaultSeccomp('loong64')).toBeUndefined();
  });
});
