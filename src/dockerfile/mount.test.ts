import { describe, expect, test } from 'vitest';
import { parseMount, parseMountFlag } from './mount.ts';

const NONE = {
  type: 'bind',
  from: '',
  source: '',
  target: '',
  readonly: true,
  id: '',
  sharing: '',
  required: false,
  size: 0,
};

describe('a mount', () => {
  test.each<[raw: string, fields: object]>([
    ['target=/a', { target: '/a' }],
    ['type=bind,from=b,src=c,dst=/d,rw', { from: 'b', source: 'c', target: '/d', readonly: false }],
    ['TYPE=Cache,destination=/c', { type: 'cache', target: '/c', readonly: false }],
    [
      'type=cache,target=/c,id=x,sharing=LOCKED,mode=0755,uid=1,gid=2,ro',
      { type: 'cache', target: '/c', id: 'x', sharing: 'locked', mode: 0o755, uid: 1, gid: 2 },
    ],
    ['type=tmpfs,target=/t,size=1.5GiB', { type: 'tmpfs', target: '/t', size: 1.5 * 1024 ** 3, readonly: false }],
    ['type=tmpfs,target=/t,size=64m,readonly=true', { type: 'tmpfs', target: '/t', size: 64 * 1024 ** 2 }],
    ['type=secret,id=a,required', { type: 'secret', id: 'a', required: true }],
    ['type=secret,source=a,env=A,required=false', { type: 'secret', source: 'a', env: 'A' }],
    ['type=secret,id=a,env=', { type: 'secret', id: 'a', env: '' }],
    ['type=ssh,uid=1000', { type: 'ssh', uid: 1000 }],
    ['"source=a,b",target=/a', { source: 'a,b', target: '/a' }],
    ['target=/a,readwrite=false', { target: '/a' }],
    ['target=/a=b', { target: '/a=b' }],
  ])('%s', (raw, fields) => {
    expect(parseMount(raw)).toEqual({ ...NONE, ...fields });
  });

  test('each value is expanded once', () => {
    const asked: string[] = [];
    const expand = (word: string): string => {
      asked.push(word);
      return word.replace('$D', '/d');
    };
    expect(parseMount('type=cache,target=$D/x,ro=false', { expand }).target).toBe('/d/x');
    expect(asked).toEqual(['cache', '$D/x', 'false']);
  });

  test.each<[raw: string, message: string]>([
    ['', 'a list of fields is empty'],
    ['a"b', 'bare " in non-quoted-field'],
    ['"a', 'extraneous or missing " in quoted-field'],
    ['"a"b', 'extraneous or missing " in quoted-field'],
    ['target', "invalid field 'target' must be a key=value pair"],
    ['targt=/a', "unexpected key 'targt' in 'targt=/a' (did you mean target?)"],
    ['type=cahce', 'unsupported mount type "cahce" (did you mean cache?)'],
    ['type=cache,sharing=shard', 'unsupported sharing value "shard" (did you mean shared?)'],
    ['ro=maybe', 'invalid value for ro: maybe'],
    ['required', "unexpected key 'required' for mount type 'bind'"],
    ['size=1m', "unexpected key 'size' for mount type 'bind'"],
    ['type=tmpfs,size=1x', 'invalid value for size: 1x'],
    ['type=tmpfs,size=-1', 'invalid value for size: -1'],
    ['type=cache,mode=8', 'invalid value 8 for mode'],
    ['type=cache,uid=-1', 'invalid value -1 for uid'],
    ['type=cache,gid=4294967296', 'invalid value 4294967296 for gid'],
    ['mode=0755', 'mode not allowed for "bind" type mounts'],
    ['type=tmpfs,uid=1', 'uid not allowed for "tmpfs" type mounts'],
    ['sharing=shared', 'invalid cache sharing set for bind mount'],
    ['type=secret', 'invalid secret mount. one of source, target required'],
    ['type=secret,id=a,source=b', "both source and id can't be set"],
    ['type=secret,id=a,from=b', 'secret mount should not have a from'],
    ['type=secret,id=a,sharing=shared', 'secret mount should not define sharing'],
  ])('%s is refused', (raw, message) => {
    expect(() => parseMount(raw)).toThrow(message);
    expect(() => parseMount(raw)).toThrow(expect.objectContaining({ code: 'DOCKERFILE_PARSE' }));
  });
});

test('only what takes no variables is read before they are known', () => {
  expect(parseMountFlag('type=$T,from=a,target=$D')).toEqual({ raw: 'type=$T,from=a,target=$D', from: 'a' });
  expect(parseMountFlag('nonsense')).toEqual({ raw: 'nonsense', from: '' });
  expect(() => parseMountFlag('from=a$b')).toThrow("'from' doesn't support variable expansion");
});
