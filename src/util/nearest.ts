export interface NearestOptions {
  /** The most edits between the two. Default: a third of the word's length, rounded up. */
  readonly limit?: number;
  /** Count a letter in another case as an edit. Default false. */
  readonly matchCase?: boolean;
}

/** The known word that differs least from `word`; the first of several. */
export function nearest(word: string, known: Iterable<string>, options: NearestOptions = {}): string | undefined {
  const fold = (text: string) => (options.matchCase === true ? text : text.toLowerCase());
  const wanted = fold(word);
  let best: string | undefined;
  let bound = (options.limit ?? Math.ceil(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, fold(candidate), bound);
    if (distance < bound) [best, bound] = [candidate, distance];
  }
  return best;
}

/** `, did you mean "x"?` or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? '' : `, did you mean "${found}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours, each one; any number from `bound` up is `bound`. */
export function editDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) >= bound) return bound;
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
  return Math.min(row[right.length] ?? bound, bound);
}
