import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDockerfile } from './parse.ts';

const FOLDER = join(import.meta.dirname, 'testdata', 'golden');
const CASES = readdirSync(FOLDER).filter((name) => name.endsWith('.Dockerfile'));

// `npx vitest run src/dockerfile/golden.test.ts -u` writes the golden files anew; read their difference.
test.each(CASES)('%s gives the instructions of its golden file', async (name) => {
  const file = parseDockerfile(readFileSync(join(FOLDER, name)), { filename: name });
  const text = JSON.stringify({ ...file, lines: file.lines.length }, undefined, 2);
  await expect(`${text}\n`).toMatchFileSnapshot(join(FOLDER, name.replace(/Dockerfile$/, 'json')));
});

test('there are golden files', () => {
  expect(CASES.length).toBeGreaterThan(3);
});
