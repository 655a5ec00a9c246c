import type { pullImage } from '../../build/images-pull.ts';
import type { CliContext } from '../context.ts';
import { canDraw, drawnProgress, openProgress } from './progress.ts';

type Progress = NonNullable<Parameters<typeof pullImage>[2]['onProgress']>;

/** Shows the blobs of a pull or push. */
export interface TransferView {
  readonly onProgress: Progress;
  notice(text: string): void;
  /** All went over. */
  done(): void;
  end(): void;
}

/** One step for all of it. */
const STEP = { kind: 'vertex', digest: 'sha256:transfer', inputs: [] } as const;

/**
 * A line for each blob that went over or was there, with the beginning of its digest, as Docker's pull and push say
 * it; on a terminal, below them those that are on their way.
 */
export function transferView(
  name: string,
  done: string,
  { quiet, context }: { quiet: boolean; context: CliContext },
): TransferView {
  if (quiet) return { onProgress: () => {}, notice: () => {}, done: () => {}, end: () => {} };
  const view = canDraw(context) ? drawnProgress('Transferring', context) : openProgress('none', context);
  const started = Date.now();
  view.event({ ...STEP, name, started });
  const vertex = STEP.digest;
  return {
    onProgress: ({ kind, descriptor, bytes }) => {
      if (/manifest|index/.test(descriptor.mediaType)) return;
      const id = descriptor.digest.slice(descriptor.digest.indexOf(':') + 1).slice(0, 12);
      const total = descriptor.size;
      if (kind === 'start' || kind === 'bytes')
        return view.event({ kind: 'status', vertex, id, current: bytes, total });
      view.event({ kind: 'status', vertex, id, current: total, total });
      view.notice(`${id}: ${kind === 'exists' ? 'Already exists' : kind === 'mounted' ? 'Mounted' : done}`);
    },
    notice: (text) => view.notice(text),
    done: () => view.event({ ...STEP, name, started, completed: Date.now() }),
    end: () => view.end(),
  };
}
