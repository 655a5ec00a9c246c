import type { ProgressSink } from '../../solver/progress.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliContext } from '../context.ts';
import { plainProgress } from './plain.ts';
import { rawJsonProgress } from './raw-json.ts';
import { ttyProgress } from './tty.ts';

const MODES = ['auto', 'plain', 'tty', 'quiet', 'rawjson', 'none'] as const;
export type ProgressMode = (typeof MODES)[number];

/** `--progress`. Fails with INVALID_ARGUMENT. */
export function progressMode(text: string): ProgressMode {
  const mode = MODES.find((name) => name === text);
  if (mode !== undefined) return mode;
  throw new PolyarchError('INVALID_ARGUMENT', `--progress ${JSON.stringify(text)} is none of ${MODES.join(', ')}`);
}

/** Shows a build's events; all of it on stderr. */
export interface ProgressView {
  readonly event: ProgressSink;
  /** A line for the person, between the view's own. */
  readonly notice: (text: string) => void;
  end(): void;
}

/** A terminal is drawn on so often, in ms. */
const TICK = 100;

/** Shows a build on stderr. `auto` draws when that is a terminal that can be drawn on; `tty` without one is `plain`. */
export function openProgress(mode: ProgressMode, context: CliContext): ProgressView {
  const write = (text: string) => void context.stderr.write(text);
  const notice = context.notice;
  switch (mode) {
    case 'quiet':
    case 'none':
      return { event: () => {}, notice, end: () => {} };
    case 'rawjson':
      return { event: rawJsonProgress(write), notice, end: () => {} };
    case 'auto':
    case 'tty':
      return canDraw(context) ? drawnProgress('Building', context) : openProgress('plain', context);
    case 'plain':
      return { event: plainProgress(write), notice, end: () => {} };
  }
}

/** Whether stderr is a terminal that can be drawn on. */
export function canDraw({ stderr, env }: CliContext): boolean {
  return stderr.isTTY && env['TERM'] !== 'dumb';
}

/** Progress drawn on the terminal, however the process ends; `title` heads the running steps. */
export function drawnProgress(title: string, { stderr, env }: CliContext): ProgressView {
  const view = ttyProgress({
    title,
    get columns() {
      return stderr.columns || 80;
    },
    get rows() {
      return stderr.rows || 24;
    },
    color: !env['NO_COLOR'],
    write: (text) => void stderr.write(text),
  });
  const timer = setInterval(() => view.tick(), TICK);
  timer.unref();
  // However the process ends, the cursor comes back.
  const end = () => {
    clearInterval(timer);
    process.off('exit', end);
    view.end();
  };
  process.on('exit', end);
  return { event: (event) => view.event(event), notice: (text) => view.notice(text), end };
}
