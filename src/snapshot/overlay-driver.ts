import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { SnapshotDriver } from './driver.ts';
import { describeImplied, describeRoot } from './implied-folders.ts';
import type { DescribedLayer } from './implied-folders.ts';
import { detachOverlay, mountOverlay, unmountOverlay } from './overlay.ts';

/** Merges by mounting overlayfs. Everything lies below `base`. */
export function overlayDriver(base: string): SnapshotDriver {
  const inside = (path: string) => relative(base, path);
  const lowers = (layers: readonly DescribedLayer[]) => layers.map(({ fs }) => inside(fs)).toReversed();
  return {
    kind: 'overlay',

    async view(layers, folder) {
      const [top, merged] = [join(folder, 'top'), join(folder, 'merged')];
      mkdirSync(top);
      mkdirSync(merged);
      describeRoot(layers, top);
      describeImplied(layers, top);
      // Without an upper folder overlayfs wants two lower ones: `top` is there in any case.
      mountOverlay({
        base,
        lowers: [inside(top), ...lowers(layers)],
        target: inside(merged),
      });
      return { path: merged, release: () => detachOverlay(merged) };
    },

    async prepare(layers, folder) {
      const [fs, work, top, merged] = ['fs', 'work', 'top', 'merged'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
        string,
      ]; // four names in, four out
      for (const path of [fs, work, top, merged]) mkdirSync(path);
      describeRoot(layers, fs);
      const extra = describeImplied(layers, top) ? [inside(top)] : [];
      mountOverlay({
        base,
        lowers: [...extra, ...lowers(layers)],
        upper: inside(fs),
        work: inside(work),
        target: inside(merged),
      });
      let mounted = true;
      return {
        path: merged,
        release() {
          if (mounted) detachOverlay(merged);
          mounted = false;
        },
        async seal() {
          await unmountOverlay(merged);
          mounted = false;
          for (const path of [work, top, merged]) rmSync(path, { recursive: true, force: true });
        },
      };
    },
  };
}
