/**
 * White space as the Dockerfile format knows it: Unicode's White_Space property. JavaScript's own `\s` and `trim`
 * also take U+FEFF and leave U+0085.
 */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0x85) return false;
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** `text` without white space at its start. */
export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  return text.slice(start);
}

/** `text` without white space at both ends. */
export function trim(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return trimStart(text.slice(0, end));
}

const BLANKS = /[\t\v\f\r ]+/;

/** Splits at runs of ASCII blanks; empty ends are kept, as in `' a'` → `['', 'a']`. */
export function splitBlanks(text: string): string[] {
  return text.split(BLANKS);
}

/** Splits once at the first run of ASCII blanks; undefined when there is none. */
export function cutBlank(text: string): readonly [head: string, tail: string] | undefined {
  const found = BLANKS.exec(text);
  if (found === null) return undefined;
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}
