import { StringDecoder } from 'node:string_decoder';
import type { ProgressEvent, VertexEvent } from '../../solver/progress.ts';
import { bytes } from '../format.ts';

interface Lane {
  readonly number: number;
  readonly started: number;
  /** The end of the last output line that had no newline yet, by stream. */
  readonly partial: { 1: string; 2: string };
  readonly decoder: { readonly 1: StringDecoder; readonly 2: StringDecoder };
  named: boolean;
  done: boolean;
}

/** A line longer than so many characters is shown in pieces. */
const LONGEST = 16_384;

/** Progress line by line, as BuildKit's `--progress=plain`: every step has a number, its output the seconds since its start. */
export function plainProgress(write: (text: string) => void): (event: ProgressEvent) => void {
  const lanes = new Map<string, Lane>();
  const names = new Map<string, string>();
  let last: Lane | undefined;

  const lane = (vertex: string, started: number): Lane => {
    const known = lanes.get(vertex);
    if (known !== undefined) return known;
    const decoder = { 1: new StringDecoder(), 2: new StringDecoder() };
    const partial = { 1: '', 2: '' };
    const made: Lane = { number: lanes.size + 1, started, partial, decoder, named: false, done: false };
    lanes.set(vertex, made);
    return made;
  };
  /** Lines of a step; its name comes again when another step spoke in between. */
  const say = (vertex: string, at: Lane, text: string) => {
    if (last !== at) {
      if (last !== undefined) write('\n');
      write(`#${at.number} ${names.get(vertex) ?? vertex}\n`);
    }
    last = at;
    at.named = true;
    if (text !== '') write(`#${at.number} ${text}\n`);
  };
  const onVertex = (event: VertexEvent) => {
    names.set(event.digest, event.name);
    if (event.started === undefined) return;
    const at = lane(event.digest, event.started);
    if (at.done) return;
    if (event.completed === undefined) return say(event.digest, at, '');
    at.done = true;
    for (const stream of [1, 2] as const) {
      if (at.partial[stream] !== '')
        say(event.digest, at, `${seconds(event.completed - at.started, 3)} ${at.partial[stream]}`);
    }
    if (event.error !== undefined) say(event.digest, at, `ERROR: ${event.error}`);
    else
      say(event.digest, at, event.cached === true ? 'CACHED' : `DONE ${seconds(event.completed - event.started, 1)}s`);
  };

  return (event) => {
    switch (event.kind) {
      case 'vertex':
        return onVertex(event);
      case 'log': {
        const at = lane(event.vertex, event.time);
        const lines = at.decoder[event.stream].write(event.data).split('\n');
        lines[0] = at.partial[event.stream] + (lines[0] ?? '');
        at.partial[event.stream] = (lines.at(-1) ?? '').length > LONGEST ? '' : (lines.pop() ?? '');
        for (const line of lines)
          say(event.vertex, at, `${seconds(event.time - at.started, 3)} ${line.replace(/\r$/, '')}`);
        return;
      }
      case 'status': {
        const at = lane(event.vertex, event.started ?? Date.now());
        if (event.total === undefined) return say(event.vertex, at, event.name ?? event.id);
        if (event.current >= event.total) say(event.vertex, at, `${event.name ?? event.id} ${bytes(event.total)} done`);
        return;
      }
      case 'warning':
        return say(event.vertex, lane(event.vertex, Date.now()), `WARN: ${event.short}`);
    }
  };
}

function seconds(ms: number, digits: number): string {
  return (Math.max(0, ms) / 1000).toFixed(digits);
}
