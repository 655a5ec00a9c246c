import { expect, test } from 'vitest';
import { convertText } from '../../test/support/convert.ts';
import type { State } from '../llb/state.ts';
import { resolveOutput } from '../llb/vertex.ts';

const asked: string[] = [];
const sourceTime = async ({ output }: State): Promise<number> => {
  const vertex = resolveOutput(output)?.vertex;
  asked.push(vertex?.kind === 'source' ? vertex.identifier : 'no source');
  return 7;
};
const STAGE = 'FROM scratch AS Src\nARG a=b\nADD https://x.test/$a.git /\n';
const epoch = async (value: string, text = 'FROM scratch\n') => {
  const buildArgs = new Map([['SOURCE_DATE_EPOCH', value]]);
  const contextTime = () => Promise.resolve(5);
  const { sourceDateEpoch } = await convertText(text, { buildArgs, contextTime, sourceTime });
  return sourceDateEpoch;
};

test.each<[value: string, text: string, seconds: number | undefined]>([
  ['1500000000', 'FROM scratch\n', 1_500_000_000],
  ['-1', 'FROM scratch\n', -1],
  ['', 'FROM scratch\n', undefined],
  ['context', 'FROM scratch\n', 5],
  ['src', `${STAGE}FROM scratch\n`, 7],
])('SOURCE_DATE_EPOCH=%s of %j', async (value, text, seconds) => {
  expect(await epoch(value, text)).toBe(seconds);
});

test('a stage is asked for by its address with its arguments', () => {
  expect(asked).toEqual(['git://x.test/b.git']);
});

test.each([
  ['sources', STAGE],
  ['9999999999999', 'FROM scratch\n'],
  ['src', `FROM busybox AS src\n`],
  ['src', `${STAGE}RUN x\n`],
  ['src', `${STAGE}ADD https://x.test/f /\n`],
  ['src', 'FROM scratch AS src\nADD f /\n'],
])('SOURCE_DATE_EPOCH=%s of %j is refused', async (value, text) => {
  await expect(epoch(value, text)).rejects.toMatchObject({ code: 'SOURCE_DATE_EPOCH_INVALID' });
});
