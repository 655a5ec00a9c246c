import { assert, property, string, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { PolyarchError } from '../util/error.ts';
import { parseDockerfile } from './parse.ts';
import { arbitraryDockerfile } from '../../test/support/arbitrary-dockerfile.ts';
import { fuzz } from '../../test/support/fuzz.ts';
import { meaningOf, printDockerfile } from '../../test/support/print-dockerfile.ts';
import type { Dockerfile } from './ast.ts';

function parsed(text: string | Uint8Array): Dockerfile | undefined {
  try {
    return parseDockerfile(text);
  } catch (error) {
    if (error instanceof PolyarchError && typeof error.details.startLine === 'number') return undefined;
    throw error;
  }
}

test('what is printed is read back to the same instructions', () => {
  let read = 0;
  assert(
    property(arbitraryDockerfile, (text) => {
      const file = parsed(text);
      if (file === undefined) return;
      read++;
      expect(meaningOf(parseDockerfile(printDockerfile(file)))).toEqual(meaningOf(file));
    }),
    fuzz(3000),
  );
  expect(read).toBeGreaterThan(100);
});

test('any bytes are read or refused with a place', () => {
  let tried = 0;
  assert(
    property(uint8Array({ maxLength: 300 }), string({ unit: 'binary', maxLength: 300 }), (bytes, text) => {
      for (const candidate of [bytes, text, `FROM a\nRUN ${text}\nCOPY ${text}`]) parsed(candidate);
      tried++;
    }),
    fuzz(200),
  );
  expect(tried).toBeGreaterThan(0);
});
