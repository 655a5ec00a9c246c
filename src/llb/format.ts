import type { Definition } from './definition.ts';
import { decodeDefinition } from './read.ts';

/**
 * The definition as JSON to read and compare: a list of vertices, inputs first, which name their inputs
 * `#N` (output 0) or `#N:OUTPUT`; defaults are left out, bytes are shown as text.
 */
export function formatDefinition(definition: Definition): string {
  const { vertices, result } = decodeDefinition(definition);
  const places = new Map<string, number>(vertices.map(({ digest }, index) => [digest, index]));
  const edge = (digest: string, output: number) => `#${places.get(digest)}${output === 0 ? '' : `:${output}`}`;
  const list = vertices.map(({ digest, op }, index) => {
    const { platform } = op;
    return {
      vertex: `#${index}`,
      digest,
      ...(op.inputs.length === 0 ? {} : { inputs: op.inputs.map((input) => edge(input.digest, input.index)) }),
      ...(platform === undefined
        ? {}
        : { platform: [platform.OS, platform.Architecture, platform.Variant].filter((part) => part !== '').join('/') }),
      ...(op.op === undefined ? {} : { [op.op.kind]: withoutDefaults(op.op.value) }),
      ...definition.metadata.get(digest),
    };
  });
  return JSON.stringify({ vertices: list, result: result && edge(result.vertex, result.output) }, undefined, 2);
}

function withoutDefaults(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map((one) => withoutDefaults(one));
  if (typeof value !== 'object' || value === null) return value;
  // A case of a oneof is shown as a property of its name.
  if ('kind' in value && 'value' in value) return { [String(value.kind)]: withoutDefaults(value.value) };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !isDefault(key, one))
      .map(([key, one]) => [key, withoutDefaults(one)]),
  );
}

function isDefault(key: string, value: unknown): boolean {
  if (key === 'timestamp' && value === -1n) return true;
  if (value === '' || value === false || value === 0n) return true;
  if (value === 'UNSET' || value === 'SANDBOX' || value === 'BIND' || value === 'DEFAULT') return true;
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0;
}
