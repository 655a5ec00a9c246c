import type { Location } from './ast.ts';
import type { Mark } from './mark.ts';

/**
 * The lines of `location` with some around them, numbered, those of the location marked `>>>`, in BuildKit's layout;
 * with a line of carets below `mark`. '' when the location lies outside `lines`.
 */
export function excerpt(lines: readonly string[], location: Location, mark?: Mark): string {
  const first = location.startLine;
  if (first < 1 || first > lines.length) return '';
  const last = Math.min(Math.max(location.endLine, first), lines.length);
  let start = first;
  let end = last;
  const wanted = start === end ? 4 : 2;
  for (let added = 0; added < wanted; added++) {
    if (start > 1) {
      start--;
      added++;
    }
    if (end < lines.length) {
      end++;
      added++;
    }
  }
  const rule = '--------------------\n';
  let text = `${location.file}:${first}\n${rule}`;
  for (let line = start; line <= end; line++) {
    const source = lines[line - 1] ?? '';
    text += ` ${String(line).padStart(3)} | ${line >= first && line <= last ? '>>>' : '   '} ${source}\n`;
    if (line === mark?.line) text += `     |     ${carets(source, mark)}\n`;
  }
  return text + rule;
}

/** Tabs stay, so that the carets stand below the word however wide a tab is. */
function carets(source: string, { column, length }: Mark): string {
  const before = source.slice(0, column - 1).replaceAll(/[^\t]/gu, ' ');
  return before + source.slice(column - 1, column - 1 + length).replaceAll(/[^]/gu, '^');
}
