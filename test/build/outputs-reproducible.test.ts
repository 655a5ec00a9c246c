import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fixtureRegistry, testEnvironment } from '../support/environment.ts';
import { type OneImage, readLayout } from './image-reader.ts';
import { HELLO, TWO } from './project.ts';
import { listTar } from './tar-listing.ts';

const EPOCH = '1600000000';
const OUTPUT = 'type=oci,dest=layout,tar=false';

/** Builds in a store and with a context of its own, at times of its own. */
async function buildFresh(flags: readonly string[], options: { env?: Record<string, string>; touched?: number } = {}) {
  using environment = testEnvironment({ mirror: await fixtureRegistry('busybox') });
  environment.write({ ...HELLO, Dockerfile: `${HELLO['Dockerfile']}RUN date > /dev/null\nWORKDIR /made/deep\n` });
  if (options.touched !== undefined) utimesSync(join(environment.folder, 'hello.sh'), options.touched, options.touched);
  const { env = {} } = options;
  await environment.polyarch(['build', '--platform', TWO, ...flags, '--metadata-file', 'metadata.json', '.'], { env });
  const image = await readLayout(join(environment.folder, 'layout'));
  return { image, metadata: readFileSync(join(environment.folder, 'metadata.json'), 'utf8') };
}

const times = (image: OneImage | undefined): number[] =>
  (image?.layers ?? []).slice(1).flatMap((tar) => [...listTar(tar).values()].map((file) => file.mtime));

describe('SOURCE_DATE_EPOCH', () => {
  test('with rewrite-timestamp two builds in two fresh stores are the same, byte for byte', async () => {
    const flags = ['-o', `${OUTPUT},rewrite-timestamp=true`];
    const env = { SOURCE_DATE_EPOCH: EPOCH };
    const one = await buildFresh(flags, { env });
    await sleep(1100);
    const two = await buildFresh(flags, { env, touched: 1_700_000_000 });
    expect(two.image.digest).toBe(one.image.digest);
    expect(two.metadata).toBe(one.metadata);
    for (const image of one.image.images) {
      expect(Math.max(...times(image))).toBe(Number(EPOCH));
      expect(image.config.created).toBe('2020-09-13T12:26:40Z');
      const made = image.config.history.slice(-6).map((item) => Date.parse(item.created) / 1000);
      expect(Math.max(...made)).toBe(Number(EPOCH));
    }
  });

  test('the build argument counts as the variable does, and before it', async () => {
    const flags = ['-o', `${OUTPUT},rewrite-timestamp=true`];
    const { image } = await buildFresh([...flags, '--build-arg', 'SOURCE_DATE_EPOCH=1500000000'], {
      env: { SOURCE_DATE_EPOCH: EPOCH },
    });
    expect(Math.max(...times(image.images[0]))).toBe(1_500_000_000);
    expect(image.images[0]?.config.created).toBe('2017-07-14T02:40:00Z');
  });

  test('without rewrite-timestamp the config has the time, the files keep theirs', async () => {
    const { image } = await buildFresh(['-o', OUTPUT], { env: { SOURCE_DATE_EPOCH: EPOCH } });
    expect(image.images[0]?.config.created).toBe('2020-09-13T12:26:40Z');
    expect(Math.max(...times(image.images[0]))).toBeGreaterThan(1_700_000_000);
  });
});
