import type { HistoryEntry } from '../oci/config.ts';
import type { LayerChain } from '../snapshot/layer.ts';

export interface HistoryOptions {
  /** Ms since the epoch, for what has no time of its own. */
  readonly now: number;
  /** Ms since the epoch: entries of this build that are later get it. */
  readonly epoch?: number;
}

/**
 * The history of an image with one entry for each layer, every entry with a time: an entry of a layer
 * has the layer's own, metadata instructions that of the first new layer after them, later ones that of
 * the layer before (BuildKit's exporter/containerimage/writer.go). Without layers and an epoch there is no time.
 */
export function completeHistory(
  history: readonly HistoryEntry[],
  layers: LayerChain,
  options: HistoryOptions,
): HistoryEntry[] {
  const entries = matchLayers(history, layers.length);
  let layer = 0;
  const dated = entries.map((entry): HistoryEntry => {
    if (entry.empty_layer === true) return entry;
    const made = layers[layer++]?.created;
    return entry.created !== undefined || made === undefined ? entry : { ...entry, created: timeText(made) };
  });
  // A metadata instruction before the first new layer takes that layer's time, not the base image's.
  const firstNew = dated.findIndex((entry) => entry.created === undefined);
  let last = dated.slice(Math.max(firstNew, 0)).find((entry) => entry.created !== undefined)?.created;
  last ??= dated.findLast((entry) => entry.created !== undefined)?.created;
  if (layers.length > 0 || options.epoch !== undefined) last ??= timeText(options.now);
  return dated.map((entry, i) => {
    const created = entry.created ?? last;
    if (firstNew >= 0 && i >= firstNew) last = created;
    if (created === undefined) return entry;
    return { ...entry, created: history[i]?.created === undefined ? atMost(created, options.epoch) : created };
  });
}

/** RFC 3339, as image configs have it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function atMost(created: string, epoch: number | undefined): string {
  return epoch !== undefined && Date.parse(created) > epoch ? timeText(epoch) : created;
}

/** As many entries with a layer as there are layers: the first ones lose theirs, missing ones are added. */
function matchLayers(history: readonly HistoryEntry[], layers: number): HistoryEntry[] {
  let surplus = history.filter((entry) => entry.empty_layer !== true).length - layers;
  const entries = history.map((entry): HistoryEntry => {
    if (entry.empty_layer === true || surplus <= 0) return entry;
    surplus--;
    return { ...entry, empty_layer: true };
  });
  for (; surplus < 0; surplus++) entries.push({ comment: 'polyarch.exporter.image.v0' });
  return entries;
}
