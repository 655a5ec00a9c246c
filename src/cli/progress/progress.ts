import type { ProgressSink } from '../../solver/progress.ts';
import type { CliContext } from '../context.ts';
import { plainProgress } from './plain.ts';
import { rawJsonProgress } from './raw-json.ts';

export type ProgressMode = 'auto' | 'plain' | 'tty' | 'quiet' | 'rawjson' | 'none';

/** Shows a build's events; all of it on stderr. */
export interface ProgressView {
  readonly event: ProgressSink;
  /** A line for the person, between the view's own. */
  readonly notice: (text: string) => void;
  end(): void;
}

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
    case 'plain':
      return { event: plainProgress(write), notice, end: () => {} };
  }
}
