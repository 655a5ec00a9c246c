import { nearest } from '../util/nearest.ts';

/** Longer words get no suggestion. */
const MAX_LENGTH = 64;

/**
 * ` (did you mean X?)` with the option at most two edits away, as BuildKit's frontend has it; '' without one or
 * when `word` is an option. With `ignoreCase` the suggestion is all upper case where `word` is, else all lower.
 */
export function didYouMean(word: string, options: readonly string[], settings: { ignoreCase?: boolean } = {}): string {
  const ignoreCase = settings.ignoreCase === true;
  if (word.length > MAX_LENGTH || options.includes(word)) return '';
  const found = nearest(word, options, { limit: 2, matchCase: !ignoreCase });
  if (found === undefined) return '';
  if (!ignoreCase) return ` (did you mean ${found}?)`;
  const upper = word !== word.toLowerCase() && word === word.toUpperCase();
  return ` (did you mean ${upper ? found.toUpperCase() : found.toLowerCase()}?)`;
}
