import { expect, test } from 'vitest';
import { parsePlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { Tiers } from './tiers.ts';

const AMD64 = parsePlatform('linux/amd64');
const RISCV = parsePlatform('linux/riscv64');
const S390X = parsePlatform('linux/s390x');
const broken = (message: string) => async () => {
  throw new PolyarchError('STEP_FAILED', message, { hint: 'mend it' });
};

test('an optional platform that fails is left out and told', async () => {
  const tiers = new Tiers([S390X, RISCV]);
  const results = [
    await tiers.attempt(AMD64, async () => 'built'),
    await tiers.attempt(S390X, broken('one')),
    await tiers.attempt(RISCV, broken('two')),
  ];
  expect(tiers.left(results)).toEqual(['built']);
  expect(tiers.missing.map(({ platform, error }) => [platform, error.message])).toEqual([
    [S390X, 'one'],
    [RISCV, 'two'],
  ]);
  expect(tiers.annotations).toEqual(['index:dev.polyarch.missing-platforms=linux/riscv64,linux/s390x']);
});

test('a required platform that fails ends it', async () => {
  await expect(new Tiers([RISCV]).attempt(AMD64, broken('one'))).rejects.toThrow('one');
});

test.each([
  ['a cancellation', new PolyarchError('CANCELED', 'canceled')],
  ['a fault of polyarch’s own', new Error('undefined is not a function')],
])('%s is no failure of a platform', async (_name, error) => {
  const tiers = new Tiers([RISCV]);
  await expect(tiers.attempt(RISCV, () => Promise.reject(error))).rejects.toBe(error);
  expect(tiers.missing).toEqual([]);
});

test('when nothing is left it fails as the first platform did', async () => {
  const tiers = new Tiers([RISCV, S390X]);
  const results = [await tiers.attempt(S390X, broken('one')), await tiers.attempt(RISCV, broken('two'))];
  expect(() => tiers.left(results)).toThrow(
    expect.objectContaining({
      code: 'STEP_FAILED',
      message: 'one',
      hint: expect.stringMatching(/optional.*; mend it/),
    }),
  );
});

test('without failures there is no annotation', () => expect(new Tiers([RISCV]).annotations).toEqual([]));
