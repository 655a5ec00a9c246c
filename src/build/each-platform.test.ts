import { expect, test } from 'vitest';
import { PolyarchError } from '../util/error.ts';
import { eachPlatform } from './each-platform.ts';

const fail = (text: string) => new PolyarchError('TEST_FAILED', text, { hint: 'mend it', details: { log: text } });

test('all of it is done, and one error tells every failure', async () => {
  const ended: string[] = [];
  const work = async (name: string) => {
    await Promise.resolve();
    ended.push(name);
    if (name !== 'b') throw fail(`${name} failed`);
    return name;
  };
  await expect(eachPlatform(['a', 'b', 'c'], work)).rejects.toMatchObject({
    code: 'TEST_FAILED',
    message: 'a failed\n  c failed',
    hint: 'mend it',
    details: { log: 'a failed' },
  });
  expect(ended).toEqual(['a', 'b', 'c']);
  expect(await eachPlatform(['b'], work)).toEqual(['b']);
});

test('a fault of polyarch’s own comes first, and a cancellation before all', async () => {
  const fault = new Error('a bug');
  const work = async (error: Error) => {
    throw error;
  };
  await expect(eachPlatform([fail('x'), fault], work)).rejects.toBe(fault);
  const signal = AbortSignal.abort(new PolyarchError('CANCELED', 'canceled'));
  await expect(eachPlatform([fail('x'), fault], work, { signal })).rejects.toMatchObject({ code: 'CANCELED' });
});
