import type { TarEntryInit } from '../../src/archive/entry.ts';
import { encodeEntry, END_OF_ARCHIVE } from '../../src/archive/writer.ts';

/** A whole tar of entries with their text. */
export function packTar(entries: readonly (TarEntryInit & { readonly text?: string })[]): Buffer {
  const parts = entries.flatMap(({ text = '', ...init }) => {
    const content = Buffer.from(text);
    return [
      encodeEntry({ ...init, size: content.length }),
      content,
      Buffer.alloc((512 - (content.length % 512)) % 512),
    ];
  });
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}
