import type { PackRecord } from '../accel/pack-record.ts';
import { PackStore } from '../accel/pack-store.ts';
import type { AccelLevel, ToolFamily } from '../emulation/pairs.ts';
import type { Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { storePaths } from '../worker/paths.ts';
import { findImage } from './images-run.ts';
import type { Workspace } from './workspace.ts';

/** The packs of a store. */
export function packStore(home: string): PackStore {
  return new PackStore(storePaths(home).accel);
}

export interface MakePackRequest {
  readonly image: string;
  readonly platform: Platform;
  readonly level: AccelLevel;
  /** Tools that the image does not have yet. */
  readonly families: readonly ToolFamily[];
}

/** Makes the pack that steps on an image would use, or finds it. */
export async function makePack(
  workspace: Workspace,
  request: MakePackRequest,
  around: { readonly hostPlatform: Platform; readonly notice: (text: string) => void; readonly signal?: AbortSignal },
): Promise<PackRecord> {
  const { engine } = workspace;
  const image = await findImage(workspace, { ...request, pull: 'missing' }, around);
  const { signal } = around;
  const layers = await engine.unpack(image.layers, signal);
  const worker = await engine.worker();
  const { level, families } = request;
  const { architecture } = image.platform;
  return worker.call(
    'accel',
    { layers, architecture, level, families },
    { ...(signal === undefined ? {} : { signal }), onEvent: ({ note }) => around.notice(note) },
  );
}

/**
 * The packs that ids, or beginnings of them, name; all without any.
 *
 * @throws PolyarchError NOT_FOUND
 */
export function packsOf(store: PackStore, ids: readonly string[]): readonly PackRecord[] {
  const all = store.list();
  if (ids.length === 0) return all;
  return ids.map((id) => {
    const found = all.filter((one) => one.id.startsWith(id));
    const [first] = found;
    if (first !== undefined && found.length === 1 && id !== '') return first;
    throw new PolyarchError('NOT_FOUND', `${found.length === 0 ? 'no pack' : 'more than one pack'} has the id ${id}`, {
      hint: 'polyarch accel ls',
    });
  });
}
