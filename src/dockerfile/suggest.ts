/**
 * The option nearest to `word`, at most two edits away and not equal to it; undefined when there is none.
 * With `ignoreCase` the answer takes the case of `word`: all lower, all upper, else lower.
 */
export function nearest(
  word: string,
  options: readonly string[],
  settings: { ignoreCase?: boolean } = {},
): string | undefined {
  const wanted = settings.ignoreCase === true ? word.toLowerCase() : word;
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = 3;
  for (const option of options) {
    const candidate = settings.ignoreCase === true ? option.toLowerCase() : option;
    if (candidate === wanted) return undefined;
    const distance = editDistance(wanted, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined && settings.ignoreCase === true && word !== wanted && word === word.toUpperCase()) {
    return best.toUpperCase();
  }
  return best;
}

/** ` (did you mean X?)`, or '' without a near option. */
export function didYouMean(word: string, options: readonly string[], settings: { ignoreCase?: boolean } = {}): string {
  const match = nearest(word, options, settings);
  return match === undefined ? '' : ` (did you mean ${match}?)`;
}

/** Insertions, deletions, substitutions and swaps of neighbours, each one. */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swapped = swaps ? (before[j - 2] ?? 0) + 1 : substituted;
      next.push(Math.min(substituted, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[right.length] ?? 0;
}
