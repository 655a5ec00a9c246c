import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { allOrNone } from './abort.ts';

const never = new AbortController().signal;

describe('allOrNone', () => {
  test('gives all in their order', async () => {
    const bodies = [30, 1, 10].map((wait) => async () => sleep(wait, wait));
    expect(await allOrNone(bodies, { signal: never })).toEqual([30, 1, 10]);
  });

  test('the first failure aborts the others, and is told when they have ended', async () => {
    const ended: string[] = [];
    const waiting = (name: string) => async (signal: AbortSignal) => {
      try {
        await sleep(60_000, undefined, { signal });
      } finally {
        ended.push(name);
      }
    };
    const failing = async () => {
      await sleep(1);
      throw new Error('first');
    };
    await expect(allOrNone([waiting('a'), failing, waiting('b')], { signal: never })).rejects.toThrow('first');
    expect(ended).toEqual(['a', 'b']);
  });

  test('the signal from outside aborts all', async () => {
    const outside = new AbortController();
    const body = (signal: AbortSignal) => sleep(60_000, undefined, { signal });
    const all = allOrNone([body, body], { signal: outside.signal });
    outside.abort(new Error('outside'));
    await expect(all).rejects.toThrow();
  });
});
