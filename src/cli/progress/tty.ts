import { StringDecoder } from 'node:string_decoder';
import type { ProgressEvent, VertexEvent } from '../../solver/progress.ts';
import { bytes } from '../format.ts';
import { type Step, liveLines, stepLine } from './tty-lines.ts';

/** The terminal that is drawn on. */
export interface Terminal {
  /** What is going on: `Building`. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
  write(text: string): void;
}

export interface TtyProgress {
  event(event: ProgressEvent): void;
  /** A line above the running steps. */
  notice(text: string): void;
  /** Draws the running steps again; to be called a few times a second. */
  tick(): void;
  /** Leaves the finished and the unfinished steps as lines, and the terminal as it was. */
  end(): void;
}

/** Lines of a running step's output that are shown, as in BuildKit. */
const LOG_LINES = 6;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/**
 * Progress on a terminal: finished steps are lines that stay; below them the running ones, with the seconds since their
 * start, downloads and the last lines of their output, are drawn anew.
 */
export function ttyProgress(terminal: Terminal, clock: () => number = Date.now): TtyProgress {
  const steps = new Map<string, Step>();
  const known = new Set<string>();
  const decoders = new Map<string, StringDecoder>();
  const begun = clock();
  let finished = 0;
  let drawn = 0;
  let hidden = false;
  let ended = false;

  const step = (vertex: string, started: number): Step => {
    const found = steps.get(vertex) ?? { name: vertex, started, log: [], partial: '', statuses: new Map() };
    steps.set(vertex, found);
    return found;
  };
  /** Writes lines that stay, then the running steps below them. */
  const draw = (lasting: readonly string[]) => {
    const now = clock();
    const live = ended ? [] : liveLines([...steps.values()], { ...size(), now, begun, finished, total: known.size });
    const up = drawn === 0 ? '' : `\x1b[${drawn}A`;
    const cursor = hidden || ended ? '' : HIDE_CURSOR;
    hidden = true;
    drawn = live.length;
    terminal.write(`${cursor}${up}\r\x1b[0J${[...lasting, ...live].map((line) => `${line}\n`).join('')}`);
  };
  const size = () => ({ title: terminal.title, columns: terminal.columns, rows: terminal.rows, color: terminal.color });
  const onVertex = (event: VertexEvent) => {
    known.add(event.digest);
    if (event.started === undefined) return;
    if (event.completed === undefined) {
      step(event.digest, event.started).name = event.name;
      return;
    }
    const { started = event.started } = steps.get(event.digest) ?? {};
    steps.delete(event.digest);
    finished++;
    const state = event.error === undefined ? (event.cached === true ? 'cached' : 'done') : 'error';
    draw([stepLine({ name: event.name, started }, { ...size(), now: event.completed, state })]);
  };
  const onLog = ({ vertex, stream, data, time }: Extract<ProgressEvent, { kind: 'log' }>) => {
    const at = step(vertex, time);
    const key = `${vertex} ${stream}`;
    const decoder = decoders.get(key) ?? new StringDecoder();
    decoders.set(key, decoder);
    const lines = (at.partial + decoder.write(Buffer.from(data))).split('\n');
    // A program that rewrites its line shows the newest state of it.
    at.partial = (lines.pop() ?? '').split('\r').at(-1)?.slice(-4096) ?? '';
    at.log.push(...lines.map((line) => line.replace(/\r$/, '').split('\r').at(-1) ?? ''));
    at.log.splice(0, at.log.length - LOG_LINES);
  };

  return {
    event(event) {
      if (event.kind === 'vertex') onVertex(event);
      else if (event.kind === 'log') onLog(event);
      else if (event.kind === 'warning') draw([`WARN: ${event.short}`]);
      else {
        const { vertex, id, name = id, current, total } = event;
        const text = total === undefined ? name : `${name} ${bytes(current)} / ${bytes(total)}`;
        const { statuses } = step(vertex, event.started ?? clock());
        if (total !== undefined && current >= total) statuses.delete(id);
        else statuses.set(id, text);
      }
    },
    notice: (text) => draw(text.split('\n')),
    tick: () => draw([]),
    end() {
      if (ended) return;
      ended = true;
      const left = [...steps.values()].map((one) => stepLine(one, { ...size(), now: clock(), state: 'canceled' }));
      steps.clear();
      draw(left);
      terminal.write(SHOW_CURSOR);
    },
  };
}
