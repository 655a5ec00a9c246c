import { PolyarchError, messageOf } from '../util/error.ts';

/** A failure in a person's words: what, where, the step's own last lines, the mend. */
export function renderError(error: unknown): string {
  if (!(error instanceof PolyarchError)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return `polyarch: internal error: ${stack ?? messageOf(error)}\nThis is a fault of polyarch's own; please report it with the lines above.`;
  }
  const { log, excerpt } = error.details;
  return [
    ...(typeof log === 'string' && log !== '' ? [`------\n${log}\n------`] : []),
    ...(typeof excerpt === 'string' ? [excerpt] : []),
    `ERROR: ${error.message} [${error.code}]`,
    ...(error.hint === undefined ? [] : [`hint: ${error.hint}`]),
  ].join('\n');
}
