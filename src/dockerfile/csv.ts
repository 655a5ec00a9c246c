import { csvFields } from '../util/csv.ts';
import { failure } from './failure.ts';

/** `csvFields` of one line, its line end left out. @throws DOCKERFILE_PARSE, for an empty line too. */
export function parseCsvLine(line: string): string[] {
  const text = line.replace(/\r?\n$/, '');
  if (text === '') throw failure('a list of fields is empty', { word: '--mount=' });
  return csvFields(text, (why) => failure(`${why} of ${text}`, { word: text }));
}
