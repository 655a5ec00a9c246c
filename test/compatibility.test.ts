import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderDifferences } from './compat/differences.ts';

const INTRODUCTION = `# Compatibility

A Dockerfile that \`docker build\` accepts gives the same image here: the same files, with the same modes, owners, links
and capabilities, and the same config. \`test/compat/\` holds small builds that run on polyarch and on a BuildKit of the
version in \`test/peers/go.mod\`, and compares the two images; a build that fails must fail at the same line. What
differs is on this page, and nothing else: a difference that is not here is a fault, so please report it.
`;

// `npm run unit -- -u` writes the page anew.
it('docs/compatibility.md has every difference that is listed', async () => {
  const page = join(import.meta.dirname, '../docs/compatibility.md');
  await expect(`${INTRODUCTION}\n${renderDifferences()}`).toMatchFileSnapshot(page);
});
