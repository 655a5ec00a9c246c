import { digestOf } from '../../oci/digest.ts';
import type { ChownOpt, FileAction as PbAction, FileActionCopy, FileOp, Op as PbOp, UserOpt } from '../../pb/ops.ts';
import type { LayerChain } from '../../snapshot/layer.ts';
import type { ContentKey, Op, OpContext } from '../../solver/vertex.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CopySource, FileAction, Owner, OwnerId, TreeSelector } from '../files/contract.ts';
import { type Ref, SCRATCH } from '../ref.ts';
import { contentKey } from './content-key.ts';
import type { StepContext } from './step-context.ts';

/** Where an index of a pb.FileAction points: an input of the op, or the root that the earlier actions changed. */
type Place =
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'self' }
  | { readonly kind: 'scratch' };

/**
 * COPY, ADD, WORKDIR: file actions one after the other on one root. The sources of copies count by the
 * content that is copied, the root below by its identity.
 */
export function fileOp(op: PbOp, file: FileOp, steps: StepContext): Op<Ref> {
  const actions = file.actions;
  const bases = op.inputs.map((_input, i) => actions.some((action, n) => isInput(placeOf(op, action.input, n), i)));
  return {
    async cacheMap() {
      return {
        digest: digestOf(JSON.stringify(['file', actions.map((action) => plain(action))])),
        inputs: op.inputs.map((_input, i) => {
          const copies = actions.flatMap((action, n) =>
            action.action?.kind === 'copy' && isInput(placeOf(op, action.secondaryInput, n), i)
              ? [action.action.value]
              : [],
          );
          // An input that is also changed, or that names are looked up in, counts as it is.
          if (bases[i] === true || copies.length === 0 || copies.some((copy) => namesFrom(copy.owner, i)))
            return undefined;
          return copyKey(copies, steps);
        }),
      };
    },

    async execute(inputs, context) {
      const first = actions[0];
      const last = actions.at(-1);
      if (first === undefined || last === undefined) throw new PolyarchError('LLB_INVALID', 'a file op has no actions');
      const start = placeOf(op, first.input, 0);
      const baseRef = start.kind === 'input' ? (inputs[start.input] ?? SCRATCH) : SCRATCH;
      const base = await steps.materialize(baseRef, context.signal);
      const made = await Promise.all(actions.map((action, n) => fileAction(op, action, n, inputs, steps, context)));
      const layerId = steps.newLayerId();
      const worker = await steps.worker();
      const layer = await worker.call(
        'files',
        { base, layerId, actions: made },
        {
          signal: context.signal,
          onEvent: ({ warning }) =>
            context.progress({ kind: 'warning', vertex: context.vertex, level: 1, short: warning }),
        },
      );
      const result: Ref = { kind: 'layers', layers: [...base, { ...layer, created: Date.now() }] };
      const outputs: Ref[] = [];
      outputs[Math.max(last.output, 0)] = result;
      return outputs;
    },
  };
}

/** Actions follow one another: each changes what the one before it left. Frontends make no other shape. */
function placeOf(op: PbOp, index: number, action: number): Place {
  if (index < 0) return { kind: 'scratch' };
  if (index < op.inputs.length) return { kind: 'input', input: index };
  if (index === op.inputs.length + action - 1) return { kind: 'self' };
  throw new PolyarchError(
    'LLB_UNSUPPORTED',
    `file action ${action} works on the result of action ${index - op.inputs.length}, which is not the one before it`,
  );
}

function isInput(place: Place, input: number): boolean {
  return place.kind === 'input' && place.input === input;
}

async function fileAction(
  op: PbOp,
  pb: PbAction,
  n: number,
  inputs: readonly Ref[],
  steps: StepContext,
  context: OpContext,
): Promise<FileAction> {
  const chain = async (input: number): Promise<LayerChain> =>
    steps.materialize(inputs[input] ?? SCRATCH, context.signal);
  const owner = async (opt: ChownOpt | undefined) => (opt === undefined ? {} : { owner: await ownerOf(opt, chain) });
  const action = pb.action;
  switch (action?.kind) {
    case 'copy': {
      const copy = action.value;
      return {
        kind: 'copy',
        source: await copySource(placeOf(op, pb.secondaryInput, n), inputs, chain),
        sourcePath: copy.src,
        destPath: copy.dest,
        ...(await owner(copy.owner)),
        ...(copy.mode === -1 ? {} : { mode: copy.mode }),
        ...(copy.modeStr === '' ? {} : { modeStr: copy.modeStr }),
        followSymlink: copy.followSymlink,
        dirCopyContents: copy.dirCopyContents,
        attemptUnpack: copy.attemptUnpackDockerCompatibility,
        createDestPath: copy.createDestPath,
        allowWildcard: copy.allowWildcard,
        allowEmptyWildcard: copy.allowEmptyWildcard,
        timestamp: copy.timestamp,
        includePatterns: copy.includePatterns,
        excludePatterns: copy.excludePatterns,
        alwaysReplaceExistingDestPaths: copy.alwaysReplaceExistingDestPaths,
        requiredPaths: copy.requiredPaths,
      };
    }
    case 'mkdir': {
      const { path, mode, makeParents, timestamp } = action.value;
      return { kind: 'mkdir', path, mode, makeParents, timestamp, ...(await owner(action.value.owner)) };
    }
    case 'mkfile': {
      const { path, mode, data, timestamp } = action.value;
      return { kind: 'mkfile', path, mode, data, timestamp, ...(await owner(action.value.owner)) };
    }
    case 'symlink': {
      const { oldpath, newpath, timestamp } = action.value;
      return { kind: 'symlink', target: oldpath, path: newpath, timestamp, ...(await owner(action.value.owner)) };
    }
    case 'rm':
      return {
        kind: 'remove',
        path: action.value.path,
        allowNotFound: action.value.allowNotFound,
        allowWildcard: action.value.allowWildcard,
      };
    default:
      throw new PolyarchError('LLB_UNSUPPORTED', `file action ${n} is of an unknown kind`);
  }
}

async function copySource(
  place: Place,
  inputs: readonly Ref[],
  chain: (input: number) => Promise<LayerChain>,
): Promise<CopySource> {
  if (place.kind === 'self') return { kind: 'self' };
  if (place.kind === 'scratch') return { kind: 'layers', layers: [] };
  const ref = inputs[place.input];
  return ref?.kind === 'folder' ? ref.scan.source : { kind: 'layers', layers: await chain(place.input) };
}

async function ownerOf(opt: ChownOpt, chain: (input: number) => Promise<LayerChain>): Promise<Owner> {
  const user = await ownerId(opt.user, chain);
  const group = await ownerId(opt.group, chain);
  return { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
}

async function ownerId(
  opt: UserOpt | undefined,
  chain: (input: number) => Promise<LayerChain>,
): Promise<OwnerId | undefined> {
  switch (opt?.user?.kind) {
    case 'byID':
      return { kind: 'id', id: opt.user.value };
    case 'byName':
      return {
        kind: 'name',
        name: opt.user.value.name,
        ...(opt.user.value.input < 0 ? {} : { root: await chain(opt.user.value.input) }),
      };
    default:
      return undefined;
  }
}

function namesFrom(owner: ChownOpt | undefined, input: number): boolean {
  return [owner?.user, owner?.group].some((opt) => opt?.user?.kind === 'byName' && opt.user.value.input === input);
}

function copyKey(copies: readonly FileActionCopy[], steps: StepContext): ContentKey<Ref> {
  const selectors = copies.map((copy): TreeSelector => ({
    path: copy.src,
    wildcard: copy.allowWildcard,
    followLinks: copy.followSymlink,
    includePatterns: copy.includePatterns,
    excludePatterns: copy.excludePatterns,
    requiredPaths: copy.requiredPaths,
  }));
  return contentKey(selectors, steps);
}

/** The action as JSON can hold it. */
function plain(action: PbAction): unknown {
  return JSON.parse(
    JSON.stringify(action, (_key, value: unknown) => {
      if (typeof value === 'bigint') return String(value);
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    }),
  );
}
