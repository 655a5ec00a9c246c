import { expect, test } from 'vitest';
import { type NamespaceFacts, namespaceFailure } from './launch-failure.ts';

const facts: NamespaceFacts = {
  root: false,
  maxUserNamespaces: 1000,
  unprivilegedClone: undefined,
  apparmorRestricts: undefined,
  container: false,
};
const denied = 'unshare: unshare failed: Operation not permitted';

const cases: readonly [complaint: string, facts: Partial<NamespaceFacts>, code: string, hint: RegExp][] = [
  [denied, { maxUserNamespaces: undefined }, 'USERNS_UNSUPPORTED', /CONFIG_USER_NS/],
  [denied, { maxUserNamespaces: 0 }, 'USERNS_DISABLED', /sysctl -w user\.max_user_namespaces=/],
  [denied, { unprivilegedClone: 0 }, 'USERNS_DISABLED', /sysctl -w kernel\.unprivileged_userns_clone=1/],
  [denied, { apparmorRestricts: 1 }, 'USERNS_DISABLED', /sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0/],
  [denied, { root: true, unprivilegedClone: 0, apparmorRestricts: 1 }, 'USERNS_DENIED', /seccomp/],
  [denied, { container: true }, 'USERNS_DENIED', /--privileged/],
  ['unshare: unrecognized option: keep-caps', {}, 'PROGRAM_OLD', /util-linux/],
  ['unshare: unshare failed: No space left on device', {}, 'USERNS_LIMIT', /max_user_namespaces/],
  ['unshare: mount /proc failed: Operation not permitted', {}, 'USERNS_DENIED', /systempaths=unconfined/],
];

test.each(cases)('%s with %o is %s', (complaint, changed, code, hint) => {
  const failure = namespaceFailure(complaint, { ...facts, ...changed });
  expect(failure.code).toBe(code);
  expect(failure.hint).toMatch(hint);
  expect(failure.message).toContain(complaint);
});
