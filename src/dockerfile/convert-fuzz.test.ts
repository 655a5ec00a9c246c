import { assert, asyncProperty, constantFrom } from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryDockerfile } from '../../test/support/arbitrary-dockerfile.ts';
import { convertText } from '../../test/support/convert.ts';
import { fuzz } from '../../test/support/fuzz.ts';
import { PolyarchError } from '../util/error.ts';

test('any Dockerfile is converted or refused with a code and a place', async () => {
  let converted = 0;
  await assert(
    asyncProperty(arbitraryDockerfile, constantFrom('linux/amd64', 'linux/arm/v7'), async (text, platform) => {
      try {
        await convertText(text.replaceAll(/^FROM a\b/gim, 'FROM busybox'), { platform });
        converted++;
      } catch (error) {
        if (!(error instanceof PolyarchError) || typeof error.details['startLine'] !== 'number') throw error;
        expect(error.message).toMatch(/^Dockerfile:\d+: /);
      }
    }),
    fuzz(1000),
  );
  expect(converted).toBeGreaterThan(50);
});
