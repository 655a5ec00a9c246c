/*
 * A process that uses a store, for the tests of several at once: `node writer.ts COMMAND FOLDER …`.
 * It says `ready` when it begins, so that it can be killed in the middle.
 */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskStore } from '../../src/content/blob-store.ts';
import { ImageStore } from '../../src/content/image-store.ts';
import { OciLayout } from '../../src/content/oci-layout.ts';
import { descriptorOf } from '../../src/oci/descriptor.ts';
import { encodeJson } from '../../src/oci/json.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';

const [command = '', folder = '', argument = '', count = '0'] = process.argv.slice(2);

/** The same bytes in every process. */
export const blob = (name: string, size: number): Buffer => Buffer.alloc(size, `${name} `);

async function* slowly(content: Buffer): AsyncGenerator<Buffer> {
  const step = Math.ceil(content.length / 20);
  for (let at = 0; at < content.length; at += step) {
    yield content.subarray(at, at + step);
    await sleep(20);
  }
}

const commands: Record<string, () => Promise<void>> = {
  /** Pushes one blob in small steps. */
  async push() {
    const content = blob(argument, Number(count));
    const descriptor = descriptorOf(content, { mediaType: MEDIA_TYPE.ociLayer });
    console.log('ready');
    await new DiskStore(folder).push(descriptor, Readable.from(slowly(content)));
  },
  /** Tags `count` images in a layout and in an image store, as fast as it can. */
  async tag() {
    const layout = await OciLayout.create(join(folder, 'layout'));
    const images = new ImageStore(join(folder, 'state.db'));
    console.log('ready');
    for (let index = 0; index < Number(count); index += 1) {
      const name = `${argument}-${index}`;
      const bytes = encodeJson({ schemaVersion: 2, manifests: [], annotations: { name } });
      const descriptor = descriptorOf(bytes, { mediaType: MEDIA_TYPE.ociIndex });
      await layout.push(descriptor, bytes);
      await layout.tag(descriptor, name);
      images.put(name, descriptor);
    }
  },
  /** Writes the same small blobs over and over while another one removes them; every one it has just pushed must be there. */
  async churn() {
    const store = new DiskStore(folder);
    console.log('ready');
    for (const end = Date.now() + Number(count); Date.now() < end;) {
      for (let index = 0; index < 20; index += 1) {
        const content = blob(`${argument} ${index}`, 2000);
        const descriptor = descriptorOf(content, { mediaType: MEDIA_TYPE.ociLayer });
        await store.push(descriptor, content);
        if (!store.hasSync(descriptor)) throw new Error(`blob ${index} is gone right after it was pushed`);
      }
    }
  },
  /** Removes everything that nobody asked for within a minute. */
  async clean() {
    const store = new DiskStore(folder);
    console.log('ready');
    for (const end = Date.now() + Number(count); Date.now() < end;) {
      for (const { digest } of store.list()) store.deleteUnused(digest, Date.now() - 60_000);
      await sleep(1);
    }
  },
};

await commands[command]?.();
