import { type State, type VertexOptions, metadataOf, scratch, withOutput } from './state.ts';
import type { Output } from './vertex.ts';

/** The filesystems on top of one another, the first at the bottom; with the first's settings. */
export function merge(states: readonly State[], options: VertexOptions = {}): State {
  const filled = states.filter((state) => state.output !== undefined);
  const [first] = filled;
  if (first === undefined) return scratch();
  if (filled.length === 1) return first;
  const inputs = filled.map((state) => state.output).filter((output): output is Output => output !== undefined);
  const vertex = { kind: 'merge', inputs, metadata: metadataOf(options) } as const;
  return withOutput(first, { kind: 'vertex', vertex, index: 0 });
}

/** What `upper` changes in `lower`, to be merged onto something else. */
export function diff(lower: State, upper: State, options: VertexOptions = {}): State {
  if (lower.output === undefined) return upper.output === undefined ? scratch() : upper;
  const vertex = { kind: 'diff', lower: lower.output, upper: upper.output, metadata: metadataOf(options) } as const;
  return withOutput(lower, { kind: 'vertex', vertex, index: 0 });
}
