import type { Location } from './ast.ts';

/**
 * The lines of `location` with some around them, numbered, those of the location marked `>>>`, in BuildKit's layout.
 * '' when the location lies outside `lines`.
 */
export function excerpt(lines: readonly string[], location: Location): string {
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
    const mark = line >= first && line <= last ? '>>>' : '   ';
    text += ` ${String(line).padStart(3)} | ${mark} ${lines[line - 1] ?? ''}\n`;
  }
  return text + rule;
}
