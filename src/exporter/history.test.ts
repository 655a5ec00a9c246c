import { describe, expect, it } from 'vitest';
import { completeHistory, timeText } from './history.ts';

const DAY = 86_400_000;
const layer = (id: string, created?: number) => ({ id, ...(created === undefined ? {} : { created }) });
const base = { created: timeText(DAY), created_by: 'base' };

describe('the history of an image', () => {
  it('gives a step its layer’s time and metadata that of the layer it comes before', () => {
    const history = completeHistory(
      [base, { created_by: 'RUN a' }, { created_by: 'ENV x', empty_layer: true }, { created_by: 'RUN b' }],
      [layer('base'), layer('a', 5 * DAY), layer('b', 6 * DAY)],
      { now: 9 * DAY },
    );
    expect(history.map((entry) => entry.created)).toEqual([DAY, 5 * DAY, 6 * DAY, 6 * DAY].map(timeText));
  });

  it('gives metadata before the first new layer that layer’s time', () => {
    const history = completeHistory(
      [base, { created_by: 'ENV x', empty_layer: true }, { created_by: 'RUN a' }],
      [layer('base'), layer('a', 5 * DAY)],
      { now: 9 * DAY },
    );
    expect(history.map((entry) => entry.created)).toEqual([DAY, 5 * DAY, 5 * DAY].map(timeText));
  });

  it('moves only this build’s entries back to SOURCE_DATE_EPOCH', () => {
    const late = { created: timeText(8 * DAY), created_by: 'base' };
    const history = completeHistory([late, { created_by: 'RUN a' }], [layer('base'), layer('a', 9 * DAY)], {
      now: 9 * DAY,
      epoch: 2 * DAY,
    });
    expect(history.map((entry) => entry.created)).toEqual([8 * DAY, 2 * DAY].map(timeText));
  });

  it('has an entry for each layer, whatever the config said', () => {
    expect(completeHistory([], [layer('a', DAY), layer('b', DAY)], { now: DAY })).toHaveLength(2);
    const surplus = completeHistory([{ created_by: 'a' }, { created_by: 'b' }], [layer('b', DAY)], { now: DAY });
    expect(surplus.map((entry) => entry.empty_layer ?? false)).toEqual([true, false]);
  });

  it('has no times without layers, so that the image is the same tomorrow', () => {
    const history = [{ created_by: 'CMD', empty_layer: true }];
    expect(completeHistory(history, [], { now: DAY })).toEqual(history);
    expect(completeHistory(history, [], { now: 2 * DAY, epoch: DAY })[0]?.created).toBe(timeText(DAY));
  });
});
