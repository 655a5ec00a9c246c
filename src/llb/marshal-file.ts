import type { Init } from '../pb/codec.ts';
import type { ChownOpt, FileAction, FileOp, UserOpt } from '../pb/ops.ts';
import type { FileChange, Owner } from './file.ts';
import type { OpInputs } from './op-inputs.ts';
import type { FileVertex } from './vertex.ts';

/** Stands for a result that only the next action uses. */
const NO_OUTPUT = -1;

export function fileOp(vertex: FileVertex, inputs: OpInputs): Init<FileOp> {
  const base = inputs.add(vertex.base);
  const sources = vertex.changes.map((change) => (change.kind === 'copy' ? inputs.add(change.source) : -1));
  const count = inputs.list.length;
  const last = vertex.changes.length - 1;
  return {
    actions: vertex.changes.map((change, index) => ({
      // The results of earlier actions are numbered after the inputs.
      input: index === 0 ? base : count + index - 1,
      secondaryInput: sources[index] ?? -1,
      output: index === last ? 0 : NO_OUTPUT,
      action: actionOf(change, base),
    })),
  };
}

function actionOf(change: FileChange, base: number): NonNullable<Init<FileAction>['action']> {
  switch (change.kind) {
    case 'copy':
      return {
        kind: 'copy',
        value: {
          src: change.from,
          dest: change.to,
          ...ownerOf(change.owner, base),
          ...(typeof change.mode === 'string' ? { modeStr: change.mode } : { mode: change.mode ?? -1 }),
          followSymlink: change.followSymlinks === true,
          dirCopyContents: change.contentsOnly === true,
          attemptUnpackDockerCompatibility: change.attemptUnpack === true,
          createDestPath: change.createDestination === true,
          allowWildcard: change.allowWildcard === true,
          allowEmptyWildcard: change.allowEmptyWildcard === true,
          timestamp: nanoseconds(change.timestamp),
          includePatterns: change.includePatterns ?? [],
          excludePatterns: change.excludePatterns ?? [],
          alwaysReplaceExistingDestPaths: change.replaceExisting === true,
          requiredPaths: change.requiredPaths ?? [],
        },
      };
    case 'mkfile': {
      const { path, mode, data, owner, timestamp } = change;
      const bits = mode & 0o777;
      return {
        kind: 'mkfile',
        value: { path, mode: bits, data, ...ownerOf(owner, base), timestamp: nanoseconds(timestamp) },
      };
    }
    case 'mkdir': {
      const { path, mode, parents, owner, timestamp } = change;
      const makeParents = parents === true;
      const bits = mode & 0o777;
      return {
        kind: 'mkdir',
        value: { path, mode: bits, makeParents, ...ownerOf(owner, base), timestamp: nanoseconds(timestamp) },
      };
    }
    case 'rm': {
      const { path, allowNotFound, allowWildcard } = change;
      return {
        kind: 'rm',
        value: { path, allowNotFound: allowNotFound === true, allowWildcard: allowWildcard === true },
      };
    }
    case 'symlink': {
      const { target, path, owner, timestamp } = change;
      return {
        kind: 'symlink',
        value: { oldpath: target, newpath: path, ...ownerOf(owner, base), timestamp: nanoseconds(timestamp) },
      };
    }
  }
}

function ownerOf(owner: Owner | undefined, base: number): { owner?: Init<ChownOpt> } {
  if (owner === undefined) return {};
  return {
    owner: {
      ...(owner.user === undefined ? {} : { user: principal(owner.user, base) }),
      ...(owner.group === undefined ? {} : { group: principal(owner.group, base) }),
    },
  };
}

function principal(who: { readonly id: number } | { readonly name: string }, base: number): Init<UserOpt> {
  if ('name' in who) return { user: { kind: 'byName', value: { name: who.name, input: base } } };
  return { user: { kind: 'byID', value: who.id >>> 0 } };
}

function nanoseconds(milliseconds: number | undefined): bigint {
  return milliseconds === undefined ? -1n : BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
