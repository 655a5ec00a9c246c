import { type Digest, digestOf } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Init } from '../pb/codec.ts';
import { type Op, type Platform as WirePlatform, encode } from '../pb/ops.ts';
import { ATTRIBUTE } from './attributes.ts';
import type { Definition, OpMetadata, SourceLocation } from './definition.ts';
import { execOp } from './marshal-exec.ts';
import { fileOp } from './marshal-file.ts';
import { OpInputs } from './op-inputs.ts';
import type { State } from './state.ts';
import { type Output, type Vertex, inputsOf, resolveOutput } from './vertex.ts';

export interface MarshalOptions {
  /** For images and steps that name none. */
  readonly platform?: Platform;
  /** Tells local folders of this client from those of others when they name no session; BuildKit only. */
  readonly localUniqueId?: string;
}

/** The graph behind a state: every vertex once, inputs before their users, then an op that points to the result. */
export function marshal(state: State, options: MarshalOptions = {}): Definition {
  const result = resolveOutput(state.output);
  const metadata = new Map<Digest, OpMetadata>();
  if (result === undefined) return { ops: [], metadata };
  const ops = new Map<Digest, Uint8Array>();
  const digests = new Map<Vertex, Digest>();
  // Not recursive: a Dockerfile may be thousands of steps long.
  const stack: Vertex[] = [result.vertex];
  for (let vertex = stack.at(-1); vertex !== undefined; vertex = stack.at(-1)) {
    if (digests.has(vertex)) {
      stack.pop();
      continue;
    }
    const missing = inputsOf(vertex)
      .map((input) => resolveOutput(input)?.vertex)
      .filter((input): input is Vertex => input !== undefined && !digests.has(input));
    if (missing.length > 0) {
      stack.push(...missing.toReversed());
      continue;
    }
    const bytes = encode('Op', opOf(vertex, { ...options, digests }));
    const digest = digestOf(bytes);
    digests.set(vertex, digest);
    ops.set(digest, ops.get(digest) ?? bytes);
    metadata.set(digest, mergeMetadata(metadata.get(digest), vertex.metadata));
    stack.pop();
  }
  const digest = digests.get(result.vertex);
  const last = encode('Op', { inputs: [{ ...(digest === undefined ? {} : { digest }), index: result.index }] });
  return { ops: [...ops.values(), last], metadata };
}

interface OpContext extends MarshalOptions {
  readonly digests: ReadonlyMap<Vertex, Digest>;
}

function opOf(vertex: Vertex, context: OpContext): Init<Op> {
  const inputs = new OpInputs((output) => inputOf(output, context.digests));
  const constraints = {};
  switch (vertex.kind) {
    case 'source': {
      const { identifier } = vertex;
      const perPlatform = /^(?:docker-image|oci-layout):\/\//.test(identifier);
      const value = { identifier, attrs: attributesOf(vertex.attributes, identifier, context) };
      const platform = perPlatform ? wirePlatform(vertex.platform ?? context.platform) : {};
      return { op: { kind: 'source', value }, ...platform, constraints };
    }
    case 'exec': {
      const value = execOp(vertex, inputs);
      const platform = wirePlatform(vertex.platform ?? context.platform);
      return { inputs: inputs.list, op: { kind: 'exec', value }, ...platform, constraints };
    }
    case 'file': {
      const value = fileOp(vertex, inputs);
      return { inputs: inputs.list, op: { kind: 'file', value }, constraints };
    }
    case 'merge': {
      const value = { inputs: vertex.inputs.map((input) => ({ input: inputs.append(input) })) };
      return { inputs: inputs.list, op: { kind: 'merge', value }, constraints };
    }
    case 'diff': {
      const value = { lower: { input: inputs.append(vertex.lower) }, upper: { input: inputs.append(vertex.upper) } };
      return { inputs: inputs.list, op: { kind: 'diff', value }, constraints };
    }
  }
}

function attributesOf(
  attributes: Readonly<Record<string, string>>,
  identifier: string,
  context: OpContext,
): Readonly<Record<string, string>> {
  const { localUniqueId } = context;
  if (localUniqueId === undefined || !identifier.startsWith('local://')) return attributes;
  return ATTRIBUTE.localSession in attributes ? attributes : { ...attributes, [ATTRIBUTE.localUnique]: localUniqueId };
}

function inputOf(
  output: Output | undefined,
  digests: ReadonlyMap<Vertex, Digest>,
): { digest: Digest; index: number } | undefined {
  const resolved = resolveOutput(output);
  if (resolved === undefined) return undefined;
  const digest = digests.get(resolved.vertex);
  if (digest === undefined) throw new Error('an input was not marshalled before its user');
  return { digest, index: resolved.index };
}

function wirePlatform(platform: Platform | undefined): { platform?: Init<WirePlatform> } {
  if (platform === undefined) return {};
  return {
    platform: {
      Architecture: platform.architecture,
      OS: platform.os,
      Variant: platform.variant ?? '',
      OSVersion: platform['os.version'] ?? '',
      OSFeatures: platform['os.features'] ?? [],
    },
  };
}

/** Of a vertex that occurs twice: what the later says wins, but the first place in the file. */
function mergeMetadata(known: OpMetadata | undefined, next: OpMetadata): OpMetadata {
  if (known === undefined) return next;
  const description = { ...known.description, ...next.description };
  const location = earlier(known.location, next.location);
  const progressGroup = next.progressGroup ?? known.progressGroup;
  return {
    ...(known.ignoreCache === true || next.ignoreCache === true ? { ignoreCache: true } : {}),
    ...(Object.keys(description).length === 0 ? {} : { description }),
    ...(location === undefined ? {} : { location }),
    ...(progressGroup === undefined ? {} : { progressGroup }),
  };
}

function earlier(a: SourceLocation | undefined, b: SourceLocation | undefined): SourceLocation | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.file === a.file && b.startLine < a.startLine ? b : a;
}
