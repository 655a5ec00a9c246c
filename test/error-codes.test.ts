import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

/* docs/errors.md has a row for each code of a failure, and no other. */

const project = resolve(import.meta.dirname, '..');
const CODE = /'([A-Z][A-Z0-9_]{2,})'/g;
/** Where codes stand in the source; the first group holds one or several of them. */
const PLACES: readonly RegExp[] = [
  /new (?:PolyarchError|RegistryFailure)\(\s*((?:[^,`]|'[^']*')*?),/g,
  /(?:settingsFailure)\(\s*('[^']*')/g,
  // A code that is handed on: `{ code: 'X' }`, `code: 'X' | 'Y'`; system errors (ENOENT) and warnings are none.
  /(?<!readonly )\bcode: ((?:'[A-Z0-9_]+'(?:\s*\|\s*)?)+)/g,
  /'commander\.\w+': ('[^']*')/g,
];

function codesInSource(): string[] {
  const src = join(project, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const found = new Set<string>();
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const text = readFileSync(join(src, file), 'utf8');
    for (const place of PLACES) {
      for (const [, codes = ''] of text.matchAll(place)) {
        for (const [, code = ''] of codes.matchAll(CODE)) if (!/^E[A-Z]+$/.test(code)) found.add(code);
      }
    }
  }
  return [...found].toSorted();
}

function codesInTable(): string[] {
  const text = readFileSync(join(project, 'docs/errors.md'), 'utf8');
  return [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\|/gm)].map(([, code = '']) => code);
}

it('every code has one row in docs/errors.md, and every row a code', () => {
  const table = codesInTable();
  expect(table.length).toBeGreaterThan(100);
  expect(table.toSorted()).toEqual(codesInSource());
});
