import { cleanPath } from '../util/clean-path.ts';
import { absolutePath, joinPath } from './paths.ts';
import { type State, type VertexOptions, metadataOf, withOutput } from './state.ts';
import type { FileVertex, Output } from './vertex.ts';

/** A user and a group by id, or by name as the filesystem that is changed has it. */
export interface Owner {
  readonly user?: { readonly id: number } | { readonly name: string };
  readonly group?: { readonly id: number } | { readonly name: string };
}

export interface CopyOptions {
  /** Paths are below the directories of the two states. */
  readonly from: string;
  readonly to: string;
  readonly owner?: Owner;
  /** Permission bits, or a symbolic mode such as `u+x`; default as in the source. */
  readonly mode?: number | string;
  readonly followSymlinks?: boolean;
  /** Of a folder, copy what is in it. */
  readonly contentsOnly?: boolean;
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  /** Must be there although `includePatterns` are given. */
  readonly requiredPaths?: readonly string[];
  readonly attemptUnpack?: boolean;
  readonly createDestination?: boolean;
  readonly allowWildcard?: boolean;
  readonly allowEmptyWildcard?: boolean;
  readonly replaceExisting?: boolean;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number;
}

/** One change of files; paths that are not absolute are below the state's directory. */
export type FileAction =
  | ({ readonly kind: 'copy'; readonly source: State } & CopyOptions)
  | {
      readonly kind: 'mkfile';
      readonly path: string;
      readonly mode: number;
      readonly data: Uint8Array;
      readonly owner?: Owner;
      readonly timestamp?: number;
    }
  | {
      readonly kind: 'mkdir';
      readonly path: string;
      readonly mode: number;
      readonly parents?: boolean;
      readonly owner?: Owner;
      readonly timestamp?: number;
    }
  | { readonly kind: 'rm'; readonly path: string; readonly allowNotFound?: boolean; readonly allowWildcard?: boolean }
  | {
      readonly kind: 'symlink';
      /** What it points to. */
      readonly target: string;
      readonly path: string;
      readonly owner?: Owner;
      readonly timestamp?: number;
    };

/** An action with its paths made absolute. */
export type FileChange =
  | ({ readonly kind: 'copy'; readonly source: Output | undefined } & CopyOptions)
  | Exclude<FileAction, { kind: 'copy' }>;

/** Does the actions one after the other, in one vertex. */
export function file(state: State, actions: readonly FileAction[], options: VertexOptions = {}): State {
  if (actions.length === 0) throw new Error('a file vertex without actions');
  const vertex: FileVertex = {
    kind: 'file',
    base: state.output,
    changes: actions.map((action) => changeOf(action, state.directory)),
    metadata: metadataOf(options),
  };
  return withOutput(state, { kind: 'vertex', vertex, index: 0 });
}

function changeOf(action: FileAction, directory: string): FileChange {
  switch (action.kind) {
    case 'copy': {
      const cleaned = cleanPath(action.from);
      return {
        ...action,
        source: action.source.output,
        from: cleaned.startsWith('/') ? cleaned : joinPath(action.source.directory, cleaned),
        to: absolutePath(action.to, { parent: directory, keepSlash: true }),
      };
    }
    case 'symlink':
      return action;
    case 'mkfile':
    case 'mkdir':
    case 'rm':
      return { ...action, path: absolutePath(action.path, { parent: directory }) };
  }
}

/** `USER[:GROUP]`, each an id or a name. */
export function parseOwner(text: string): Owner {
  const colon = text.indexOf(':');
  const user = principal(colon < 0 ? text : text.slice(0, colon));
  return colon < 0 ? { user } : { user, group: principal(text.slice(colon + 1)) };
}

function principal(text: string): { readonly id: number } | { readonly name: string } {
  if (text === 'root' || text === '') return { id: 0 };
  const id = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return id >= -(2 ** 31) && id < 2 ** 31 ? { id } : { name: text };
}
