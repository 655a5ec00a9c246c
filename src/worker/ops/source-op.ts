import { digestOf } from '../../oci/digest.ts';
import type { Op as PbOp, SourceOp } from '../../pb/ops.ts';
import type { Op } from '../../solver/vertex.ts';
import { PolyarchError } from '../../util/error.ts';
import type { Ref } from '../ref.ts';
import { platformOf } from './platform.ts';
import type { StepContext } from './step-context.ts';

/** Where a build's inputs come from: images, folders of the machine, git repositories, files on the web. */
export function sourceOp(op: PbOp, source: SourceOp, steps: StepContext): Op<Ref> {
  const { identifier, attrs } = source;
  const scheme = identifier.slice(0, identifier.indexOf('://'));
  const rest = identifier.slice(scheme.length + 3);
  switch (scheme) {
    case 'docker-image':
    case 'oci-layout': {
      const platform = platformOf(op) ?? steps.buildPlatform;
      return immediate(async (signal, { vertex }) => {
        const { layers, manifest } = await steps.images.image(scheme === 'oci-layout' ? identifier : rest, {
          platform,
          mode: steps.pull ? 'pull' : 'default',
          signal,
        });
        for (const layer of layers) steps.pulls.set(layer.id, vertex);
        // The same layers are the same root filesystem, whatever the image is called.
        const digest = digestOf(
          ['image', ...(layers.length === 0 ? [manifest.digest] : layers.map((layer) => layer.id))].join('\n'),
        );
        return { digest, ref: { kind: 'layers', layers } };
      });
    }
    case 'local':
      return immediate(async (_signal, context) => {
        const ref = await steps.scan(rest, localFilter(attrs), context);
        return { digest: digestOf(`local ${ref.digest}`), ref };
      });
    case 'git':
    case 'http':
    case 'https':
      return steps.remoteOp(identifier, attrs);
    default:
      throw new PolyarchError('LLB_UNSUPPORTED', `this engine has no source ${JSON.stringify(identifier)}`);
  }
}

/** What a local source shows of its folder. */
export interface LocalFilter {
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  readonly followPaths?: readonly string[];
}

function localFilter(attrs: Readonly<Record<string, string>>): LocalFilter {
  const list = (key: string, name: keyof LocalFilter) => {
    const text = attrs[key];
    if (text === undefined || text === '') return {};
    return { [name]: JSON.parse(text) as string[] }; // the frontend writes a list of strings
  };
  return {
    ...list('local.includepattern', 'includePatterns'),
    ...list('local.excludepatterns', 'excludePatterns'),
    ...list('local.followpaths', 'followPaths'),
  };
}

/** A source whose result costs nothing once it is known what it is. */
function immediate(
  find: (
    signal: AbortSignal,
    context: Parameters<Op<Ref>['cacheMap']>[0],
  ) => Promise<{ digest: ReturnType<typeof digestOf>; ref: Ref }>,
): Op<Ref> {
  return {
    async cacheMap(context) {
      const { digest, ref } = await find(context.signal, context);
      return { digest, inputs: [], immediate: [ref] };
    },
    execute() {
      throw new Error('an immediate source is never run');
    },
  };
}
