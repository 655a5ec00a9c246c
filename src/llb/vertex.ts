import type { Platform } from '../oci/platform.ts';
import type { OpMetadata } from './definition.ts';
import type { FileChange } from './file.ts';
import type { ExecMount, ExecSettings } from './exec.ts';

/** One output of a vertex, or one that is known only when the graph is marshalled (and then always the same). */
export type Output =
  | { readonly kind: 'vertex'; readonly vertex: Vertex; readonly index: number }
  | { readonly kind: 'deferred'; readonly resolve: () => Output | undefined };

export type Vertex = SourceVertex | ExecVertex | FileVertex | MergeVertex | DiffVertex;

interface Base {
  readonly metadata: OpMetadata;
}

export interface SourceVertex extends Base {
  readonly kind: 'source';
  readonly identifier: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Images only: other sources are the same for every platform. */
  readonly platform?: Platform;
}

export interface ExecVertex extends Base {
  readonly kind: 'exec';
  readonly settings: ExecSettings;
  /** By target. */
  readonly mounts: readonly ExecMount[];
  readonly platform?: Platform;
}

export interface FileVertex extends Base {
  readonly kind: 'file';
  readonly base: Output | undefined;
  readonly changes: readonly FileChange[];
}

export interface MergeVertex extends Base {
  readonly kind: 'merge';
  readonly inputs: readonly Output[];
}

export interface DiffVertex extends Base {
  readonly kind: 'diff';
  readonly lower: Output | undefined;
  readonly upper: Output | undefined;
}

/** An output that is asked for once, when the graph is marshalled. */
export function deferred(make: () => Output | undefined): Output {
  let made: { readonly output: Output | undefined } | undefined;
  return { kind: 'deferred', resolve: () => (made ??= { output: make() }).output };
}

/** The output behind deferred ones; undefined is scratch. */
export function resolveOutput(output: Output | undefined): Extract<Output, { kind: 'vertex' }> | undefined {
  let current = output;
  while (current?.kind === 'deferred') current = current.resolve();
  return current;
}

/** What the vertex is made of, in the order of its inputs; one may occur twice. */
export function inputsOf(vertex: Vertex): (Output | undefined)[] {
  switch (vertex.kind) {
    case 'source':
      return [];
    case 'exec':
      return vertex.mounts.map((mount) => (mount.kind === 'tmpfs' ? undefined : mount.source));
    case 'file':
      return [vertex.base, ...vertex.changes.map((change) => (change.kind === 'copy' ? change.source : undefined))];
    case 'merge':
      return [...vertex.inputs];
    case 'diff':
      return [vertex.lower, vertex.upper];
  }
}
