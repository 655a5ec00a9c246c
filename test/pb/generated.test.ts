import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatted } from '../../scripts/generate-pb.ts';

it('src/pb/ops.ts is what npm run generate:pb makes of ops.proto', () => {
  expect(readFileSync(join(import.meta.dirname, '../../src/pb/ops.ts'), 'utf8')).toBe(formatted());
});
