import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ConvertTextOptions, convertText } from '../../test/support/convert.ts';
import { formatDefinition } from '../llb/format.ts';

const FOLDER = join(import.meta.dirname, 'testdata', 'convert');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.Dockerfile'));

const OPTIONS: Readonly<Record<string, ConvertTextOptions>> = {
  arguments: { buildArgs: new Map(Object.entries({ FOO: 'given', HTTP_PROXY: 'http://p', no_proxy: 'x' })) },
  config: { labels: new Map(Object.entries({ k: 'v', a: 'over' })) },
  'cross-compile': { platform: 'linux/arm64', multiPlatform: true },
  epoch: { buildArgs: new Map([['SOURCE_DATE_EPOCH', '1700000000']]) },
  'global-arguments': { buildArgs: new Map([['TARGETARCH', 'forced']]) },
  link: { platform: 'linux/arm/v7', multiPlatform: true },
  'run-options': { network: 'host', shmSize: 1_048_576, cgroupParent: 'cg', hostname: 'hh' },
  scratch: { platform: 'linux/arm64', multiPlatform: true },
};

/*
 * Op for op these files are what BuildKit's dockerfile2llb (August 2026) gives for the same input, apart from the
 * attribute local.unique, which it adds to the build context, and in remote-sources the context's list of paths,
 * to which BuildKit adds the addresses of git repositories.
 * `npx vitest run src/dockerfile/convert-golden.test.ts -u` writes the golden files anew; read their difference.
 */
test.each(FILES)('%s gives the definition, config and warnings of its golden file', async (name) => {
  const stem = name.replace(/\.Dockerfile$/, '');
  const result = await convertText(readFileSync(join(FOLDER, name), 'utf8'), OPTIONS[stem] ?? {});
  const golden = {
    platform: result.platform,
    config: result.config,
    warnings: result.warnings.map(({ rule, message, location }) => `${location.startLine} ${rule}: ${message}`),
    usedStages: result.usedStages,
    definition: JSON.parse(formatDefinition(result.definition)) as unknown,
  };
  await expect(`${JSON.stringify(golden, undefined, 1)}\n`).toMatchFileSnapshot(join(FOLDER, `${stem}.json`));
});

test('there are golden files', () => {
  expect(FILES.length).toBeGreaterThan(10);
});
