import type { TarEntry } from './entry.ts';
import { TarParser } from './parser.ts';

/** A member of an archive that is being read. */
export interface TarMember {
  readonly entry: TarEntry;
  /** The file's bytes, holes as zeros; to be read before the next member is asked for, else passed over. */
  readonly body: AsyncIterable<Buffer>;
}

type Event =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly bytes: Buffer; readonly position: number }
  | { readonly kind: 'end' };

const ZEROS = Buffer.alloc(64 * 1024);

/** The members of an uncompressed tar stream, one after the other. Fails as TarParser does. */
export async function* readTar(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<TarMember> {
  const events = tarEvents(source, options.signal);
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return;
      if (next.value.kind !== 'entry') continue; // what is left of a body that nobody read
      const { entry } = next.value;
      yield { entry, body: body(entry, events) };
    }
  } finally {
    await events.return(undefined);
  }
}

async function* body(entry: TarEntry, events: AsyncGenerator<Event>): AsyncGenerator<Buffer> {
  let position = 0;
  for (;;) {
    const next = await events.next();
    if (next.done === true || next.value.kind !== 'data') break;
    yield* zeros(next.value.position - position);
    yield next.value.bytes;
    position = next.value.position + next.value.bytes.length;
  }
  yield* zeros(entry.size - position);
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}

async function* tarEvents(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Event> {
  const queue: Event[] = [];
  const parser = new TarParser({
    entry: (entry) => void queue.push({ kind: 'entry', entry }),
    data: (bytes, position) => void queue.push({ kind: 'data', bytes, position }),
    end: () => void queue.push({ kind: 'end' }),
  });
  for await (const chunk of source) {
    signal?.throwIfAborted();
    parser.write(chunk);
    yield* queue.splice(0);
  }
  parser.finish();
}
