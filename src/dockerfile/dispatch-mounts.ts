import type { RunMount, RunSecret, RunSsh } from '../llb/exec.ts';
import { file } from '../llb/file.ts';
import { joinPath } from '../llb/paths.ts';
import { type State, scratch } from '../llb/state.ts';
import { cleanPath } from '../util/clean-path.ts';
import type { Mount, RunInstruction } from './ast.ts';
import { failure } from './failure.ts';
import { parseMount } from './mount.ts';
import type { Step } from './step.ts';

export interface StepMounts {
  readonly mounts: readonly RunMount[];
  readonly secrets: readonly RunSecret[];
  readonly ssh: readonly RunSsh[];
}

/** The `--mount`s of a RUN. */
export function mountsOf(instruction: RunInstruction, step: Step): StepMounts {
  const mounts: RunMount[] = [];
  const secrets: RunSecret[] = [];
  const ssh: RunSsh[] = [];
  for (const [index, { raw }] of instruction.mounts.entries()) {
    const mount = parseMount(raw, { expand: step.expand });
    if (mount.type === 'secret') secrets.push(secretOf(mount, step));
    else if (mount.type === 'ssh') ssh.push(sshOf(mount, step));
    else mounts.push(filesystemOf(mount, { index, raw, step }));
  }
  return { mounts, secrets, ssh };
}

function filesystemOf(mount: Mount, { index, raw, step }: { index: number; raw: string; step: Step }): RunMount {
  const target = placeOf(mount.target, step);
  if (cleanPath(target) === '/') {
    throw failure(`RUN --mount: nothing can be mounted at "${mount.target}"`, {
      hint: 'add target=/some/folder',
      word: [mount.target, raw],
    });
  }
  const { readonly } = mount;
  if (mount.type === 'tmpfs') return { kind: 'tmpfs', target, size: mount.size, readonly };
  const selector = joinPath('/', mount.source);
  const source = sourceOf(mount, { index, step, selector });
  if (mount.type !== 'cache') {
    const part = selector === '/' ? {} : { selector };
    return { kind: 'bind', target, source, ...part, readonly, discard: true };
  }
  const namespace = step.conversion.buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '';
  const id = `${namespace}/${mount.id === '' ? cleanPath(mount.target) : mount.id}`;
  const sharing = mount.sharing === '' ? 'shared' : mount.sharing;
  const cache = { kind: 'cache', target, readonly, id, sharing } as const;
  if (selector !== '/') return { ...cache, source, selector };
  if (mount.uid === undefined && mount.gid === undefined && mount.mode === undefined) return { ...cache, source };
  return { ...cache, source: ownedFolder(mount, source), selector: '/cache' };
}

/** What a cache begins with when it has an owner or a mode. */
function ownedFolder(mount: Mount, source: State): State {
  const { uid = 0, gid = 0, mode = 0o755 } = mount;
  return file(source, [{ kind: 'mkdir', path: '/cache', mode, owner: { user: { id: uid }, group: { id: gid } } }], {
    name: '[internal] setting cache mount permissions',
  });
}

function sourceOf(mount: Mount, { index, step, selector }: { index: number; step: Step; selector: string }): State {
  const { command, stage, conversion } = step;
  if (mount.from === '') {
    if (mount.type === 'cache') return scratch();
    stage.contextPaths.add(selector);
    return conversion.buildContext;
  }
  const source = command.sources[index];
  if (source?.done !== true) {
    throw failure(`RUN --mount=from=${mount.from}: the stage "${mount.from}" comes only later in the file`, {
      hint: `move it above ${stage.shownName === '' ? 'this stage' : `"${stage.shownName}"`}`,
      word: `from=${mount.from}`,
    });
  }
  source.paths.add(selector);
  return source.state;
}

function secretOf(mount: Mount, step: Step): RunSecret {
  const named = mount.source === '' ? mount.id : mount.source;
  const id = named === '' ? baseName(mount.target) : named;
  const owned = mount.uid !== undefined || mount.gid !== undefined || mount.mode !== undefined;
  const { uid = 0, gid = 0, mode = 0o400 } = owned ? mount : {};
  const key = step.conversion.options.secretKey?.(id) ?? id;
  const common = { id: key, uid, gid, mode, optional: !mount.required };
  if (mount.env === undefined) {
    return { ...common, target: mount.target === '' ? `/run/secrets/${baseName(id)}` : placeOf(mount.target, step) };
  }
  const env = mount.env === '' ? id : mount.env;
  return mount.target === '' ? { ...common, env } : { ...common, env, target: placeOf(mount.target, step) };
}

function sshOf(mount: Mount, step: Step): RunSsh {
  if (mount.source !== '') throw failure('RUN --mount=type=ssh takes no source', { word: mount.source });
  const { uid = 0, gid = 0, mode = 0o600, id } = mount;
  const common = { id, uid, gid, mode, optional: !mount.required };
  return mount.target === '' ? common : { ...common, target: placeOf(mount.target, step) };
}

/** A target counts from the WORKDIR. */
function placeOf(target: string, step: Step): string {
  return target.startsWith('/') ? target : joinPath('/', step.stage.state.directory, target);
}

function baseName(path: string): string {
  return cleanPath(path).replace(/^.*\//, '');
}
