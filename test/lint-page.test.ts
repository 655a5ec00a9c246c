import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatted } from '../scripts/generate-lint.ts';

it('docs/lint.md is what npm run generate:lint makes of the table of rules', () => {
  expect(readFileSync(join(import.meta.dirname, '../docs/lint.md'), 'utf8')).toBe(formatted());
});
