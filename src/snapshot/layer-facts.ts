import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../oci/digest.ts';
import { hasCode } from '../util/error.ts';

/** What is known of a layer's folder besides its files; `layer.json` beside `fs`. */
export interface LayerFacts {
  readonly diffId?: Digest;
  /** It may remove something below it: it cannot be looked at on its own. */
  readonly whiteouts: boolean;
  /** Folders whose owner, mode and times it does not tell (see implied-folders.ts); `''` is the root. */
  readonly implied: readonly string[];
}

export function writeFacts(folder: string, facts: LayerFacts): void {
  writeFileSync(join(folder, 'layer.json'), JSON.stringify(facts), { mode: 0o600 });
}

const NOTHING: LayerFacts = { whiteouts: true, implied: [] };

export function readFacts(folder: string): LayerFacts {
  try {
    return { ...NOTHING, ...JSON.parse(readFileSync(join(folder, 'layer.json'), 'utf8')) };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return NOTHING;
    throw error;
  }
}
