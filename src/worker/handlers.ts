import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DiskStore } from '../content/blob-store.ts';
import { execStep, type StepServices } from './exec-step.ts';
import { filesStep } from './files-step.ts';
import { packStep } from './pack-step.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import { followFile } from './follow-file.ts';
import type { WorkerMethods } from './protocol.ts';
import type { Handlers } from './rpc.ts';

export type WorkerServices = StepServices;

/** What the worker answers. Code that a cached build or a plain RUN never needs is loaded when it is asked for. */
export function handlers(services: StepServices): Handlers<WorkerMethods> {
  const { paths, snapshots, executor } = services;
  const running = new Set<(signal: NodeJS.Signals) => void>();
  return {
    exec: (step, context) => execStep(step, services, context),
    files: (step, context) => filesStep(step, snapshots, context),
    pack: (step, { signal }) => packStep(step, { snapshots, content: new DiskStore(paths.content) }, signal),

    elfs: ({ layer }, { signal }) => snapshots.elfFiles(layer, { signal }),

    async lookUp({ layers, paths, folders }) {
      const { lookUp } = await import('./look-up.ts');
      await using view = await snapshots.view(layers);
      return lookUp(view.path, { paths, folders });
    },

    async unpack({ layer, blob, mediaType, growing }, { signal }) {
      const { decompress } = await import('../archive/decompress.ts');
      const { compressionOf } = await import('../oci/media-types.ts');
      const format = compressionOf(mediaType);
      const file =
        growing === undefined
          ? createReadStream(blob, { highWaterMark: 1024 * 1024, signal })
          : followFile(growing, { size: layer.blob?.size ?? 0, finished: blob, signal });
      const tar = decompress(file, { name: blob, signal, ...(format === undefined ? {} : { format }) });
      return { diffId: await snapshots.unpack(layer, tar, { signal }) };
    },

    async digest({ layers, selectors }, { signal }) {
      const { treeDigest } = await import('./files/tree-digest.ts');
      await using view = await snapshots.view(layers);
      return await treeDigest(view.path, selectors, { signal });
    },

    async export({ layers, kind, destination, prefix, clampMtime, name }, { signal }) {
      await using view = await snapshots.view(layers);
      const elfs: ElfFile[] = [];
      const onElf = (file: ElfFile) => void elfs.push(file);
      const options = { onElf, signal, ...(clampMtime === undefined ? {} : { clampMtime }) };
      if (kind === 'directory') {
        const { exportDirectory } = await import('../snapshot/export-directory.ts');
        await exportDirectory(view.path, destination, { ...options, ...(name === undefined ? {} : { name }) });
      } else {
        const { tarOfTree } = await import('../snapshot/tree-pack.ts');
        const tar = tarOfTree(view.path, { ...options, ...(prefix === undefined ? {} : { prefix }) });
        await pipeline(Readable.from(tar, { objectMode: false }), createWriteStream(destination), { signal });
      }
      return elfs;
    },

    async move({ from, to }, { signal }) {
      const { exportDirectory } = await import('../snapshot/export-directory.ts');
      await exportDirectory(from, to, { move: true, signal });
      return undefined;
    },

    async removeTree({ path }) {
      const { removeTree } = await import('../snapshot/remove-tree.ts');
      removeTree(path, () => {});
      return undefined;
    },

    async run({ layers, spec, binds, accelLevel }, { send, signal }) {
      await using snapshot = await snapshots.prepare(layers, `lost-${randomUUID()}`);
      const mounts = binds.map((bind) => ({ kind: 'bind', ...bind }) as const);
      const accel = await services.acceleration.packFor({
        rootfs: snapshot.path,
        platform: spec.platform,
        level: accelLevel,
        command: spec.args,
        note: (text) => void send({ stream: 2, data: Buffer.from(text) }),
        signal,
      });
      let sender: ((signal: NodeJS.Signals) => void) | undefined;
      try {
        return await executor.run(
          { ...spec, id: randomUUID(), rootfs: snapshot.path, mounts, ...(accel === undefined ? {} : { accel }) },
          {
            onOutput: (stream, data) => send({ stream, data }),
            onStart: (to) => running.add((sender = to)),
            signal,
          },
        );
      } finally {
        if (sender !== undefined) running.delete(sender);
      }
    },

    async accel({ layers, architecture, level, families }, { send, signal }) {
      await using view = await snapshots.view(layers);
      const accelerator = await services.acceleration.accelerator();
      const note = (text: string) => void send({ note: text });
      return await accelerator.make({ rootfs: view.path, architecture, level, command: [], families, note, signal });
    },

    async signal({ name }) {
      for (const sendTo of running) sendTo(name);
      return undefined;
    },

    async usage({ layers, cacheMounts }) {
      const { diskUsage } = await import('./disk-usage.ts');
      const folders = [
        ...layers.map((id) => join(paths.snapshots, id)),
        ...cacheMounts.map((name) => join(paths.cacheMounts, name)),
      ];
      return folders.map((folder) => diskUsage(folder));
    },

    async remove({ layers, cacheMounts }) {
      await snapshots.remove(layers);
      for (const name of cacheMounts) rmSync(join(paths.cacheMounts, name), { recursive: true, force: true });
      return undefined;
    },
  };
}
