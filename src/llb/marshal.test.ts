import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { run } from './exec.ts';
import { type FileAction, file, parseOwner } from './file.ts';
import { marshal } from './marshal.ts';
import { diff, merge } from './merge.ts';
import { decodeDefinition, decodeOp } from './read.ts';
import { image, local } from './source.ts';
import { type State, scratch, stateOf, withEnv } from './state.ts';
import { deferred } from './vertex.ts';
import { encodeDefinition, readDefinition } from './wire.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };

const exec = (state: State, ...args: string[]) => run(state, { args });
const kinds = (state: State) => decodeDefinition(marshal(state)).vertices.map(({ op }) => op.op?.kind);
const digests = (state: State, platform = AMD64) => marshal(state, { platform }).ops.map((op) => digestOf(op));

describe('a definition', () => {
  it('is empty for scratch', () => {
    expect(marshal(scratch()).ops).toEqual([]);
  });

  it('has every vertex once, inputs first, and ends in an op that points to the result', () => {
    const base = image('busybox', { platform: AMD64 });
    const left = exec(base, 'left');
    const right = exec(base, 'right');
    const definition = marshal(merge([left, right]));
    const { vertices, result } = decodeDefinition(definition);
    expect(vertices.map(({ op }) => op.op?.kind)).toEqual(['source', 'exec', 'exec', 'merge']);
    expect(result).toEqual({ vertex: vertices.at(-1)?.digest, output: 0 });
    const last = decodeOp(definition.ops.at(-1) ?? new Uint8Array());
    expect(last).toEqual({ inputs: [{ digest: vertices.at(-1)?.digest, index: 0 }] });
    const seen = new Set<string>();
    for (const { digest, op } of vertices) {
      for (const input of op.inputs) expect(seen).toContain(input.digest);
      seen.add(digest);
    }
  });

  it('is the same for the same graph made twice', () => {
    const make = () => exec(withEnv(image('busybox', { platform: AMD64 }), 'A', '1'), 'x');
    expect(digests(make())).toEqual(digests(make()));
    const twice = merge([make(), make()]);
    expect(kinds(twice)).toEqual(['source', 'exec', 'merge']);
  });

  it('merges what is said of a vertex that occurs twice', () => {
    const said = (name: string, startLine: number, ignoreCache = false) =>
      exec(image('busybox', { name, ignoreCache, location: { file: 'f', startLine, endLine: startLine } }), name);
    const { metadata } = marshal(merge([said('a', 9), said('b', 2, true)]));
    expect([...metadata.values()]).toContainEqual({
      ignoreCache: true,
      description: { 'llb.customname': 'b' },
      location: { file: 'f', startLine: 2, endLine: 2 },
    });
  });

  it('does not overflow on a long chain', () => {
    let state = image('busybox');
    for (let step = 0; step < 20_000; step++) state = exec(state, String(step));
    expect(marshal(state).ops).toHaveLength(20_002);
  });

  it('asks a deferred output once, when it is marshalled', () => {
    let asked = 0;
    const context = stateOf(deferred(() => (asked++, local('context').output)));
    const copy: FileAction = { kind: 'copy', source: context, from: '/', to: '/' };
    const state = file(file(scratch(), [copy]), [copy]);
    expect(asked).toBe(0);
    expect(kinds(state)).toEqual(['source', 'file', 'file']);
    expect(asked).toBe(1);
  });
});

describe('platforms', () => {
  it('set images and steps apart, and share everything else', () => {
    const perPlatform = digests(exec(image('busybox'), 'x'), AMD64);
    expect(digests(exec(image('busybox'), 'x'), ARM64)).not.toEqual(perPlatform);
    const shared = file(scratch(), [{ kind: 'copy', source: local('context'), from: '/', to: '/' }]);
    expect(digests(shared, AMD64)).toEqual(digests(shared, ARM64));
  });

  it('of a step is that of its base', () => {
    const state = exec(image('busybox', { platform: ARM64 }), 'x');
    expect(digests(state, AMD64)).toEqual(digests(state, ARM64));
  });
});

describe('steps', () => {
  const base = image('busybox', { platform: AMD64 });
  const mountsOf = (state: State) => {
    const op = decodeDefinition(marshal(state)).vertices.at(-1)?.op.op;
    return op?.kind === 'exec' ? op.value.mounts : [];
  };

  it('number outputs in the order of the targets and drop those that are not wanted', () => {
    const state = run(base, {
      args: ['x'],
      mounts: [
        { kind: 'bind', target: '/b', source: base },
        { kind: 'bind', target: '/.a', source: base, discard: true },
        { kind: 'bind', target: '/c', source: base, readonly: true },
        { kind: 'cache', target: '/d', source: scratch(), id: 'i', sharing: 'locked' },
        { kind: 'tmpfs', target: '/e', size: 5 },
      ],
    });
    expect(mountsOf(state).map(({ dest, input, output }) => [dest, input, output])).toEqual([
      ['/', 0, 0],
      ['/.a', 0, -1],
      ['/b', 0, 1],
      ['/c', 0, -1],
      ['/d', -1, -1],
      ['/e', -1, -1],
    ]);
  });

  it('know the agent of the first ssh mount', () => {
    const ssh = [{ id: '', uid: 0, gid: 0, mode: 0o600, optional: true }];
    const op = decodeDefinition(marshal(run(base, { args: ['x'], ssh }))).vertices.at(-1)?.op.op;
    expect(op?.kind === 'exec' && op.value.meta?.env).toEqual(['SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0']);
  });

  it('keep variables in the order in which they were last set', () => {
    const state = withEnv(withEnv(withEnv(base, 'A', '1'), 'B', '2'), 'A', '3');
    const op = decodeDefinition(marshal(exec(state, 'x'))).vertices.at(-1)?.op.op;
    expect(op?.kind === 'exec' && op.value.meta?.env).toEqual(['B=2', 'A=3']);
  });
});

it('numbers the results of file actions after the inputs', () => {
  const copy = (source: State): FileAction => ({ kind: 'copy', source, from: 'a', to: 'b/' });
  const state = file(image('busybox'), [
    copy(local('one')),
    { kind: 'rm', path: 'x' },
    copy(local('two')),
    copy(local('one')),
  ]);
  const op = decodeDefinition(marshal(state)).vertices.at(-1)?.op.op;
  const actions = op?.kind === 'file' ? op.value.actions : [];
  expect(actions.map(({ input, secondaryInput, output }) => [input, secondaryInput, output])).toEqual([
    [0, 1, -1],
    [3, -1, -1],
    [4, 2, -1],
    [5, 1, 0],
  ]);
  expect(actions[0]?.action).toMatchObject({
    kind: 'copy',
    value: { src: '/a', dest: '/b/', mode: -1, timestamp: -1n },
  });
});

it.each([
  ['root:1', { user: { id: 0 }, group: { id: 1 } }],
  ['app', { user: { name: 'app' } }],
  [':staff', { user: { id: 0 }, group: { name: 'staff' } }],
  ['4294967296', { user: { name: '4294967296' } }],
])('takes %s for an owner', (text, owner) => {
  expect(parseOwner(text)).toEqual(owner);
});

it('leaves out what merges and differences do not need', () => {
  const one = image('one');
  expect(merge([scratch(), one])).toBe(one);
  expect(merge([scratch()])).toBe(scratch());
  expect(diff(scratch(), one)).toBe(one);
  expect(kinds(diff(one, image('two')))).toEqual(['source', 'source', 'diff']);
});

it('survives the way over the wire', () => {
  const location = { file: 'Dockerfile', startLine: 3, endLine: 4 };
  const progressGroup = { id: 'g', name: 'group', weak: true };
  const state = run(image('busybox'), { args: ['x'], name: 'RUN x', location, progressGroup, ignoreCache: true });
  const definition = marshal(state, { platform: AMD64, localUniqueId: 'me' });
  const source = { filename: 'Dockerfile', content: new TextEncoder().encode('FROM busybox') };
  const read = readDefinition(encodeDefinition(definition, [source]));
  expect(read.ops).toEqual(definition.ops);
  expect([...read.metadata.values()]).toContainEqual({
    ignoreCache: true,
    description: { 'llb.customname': 'RUN x' },
    location,
    progressGroup,
  });
});
