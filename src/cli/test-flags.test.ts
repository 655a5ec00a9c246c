import { describe, expect, test } from 'vitest';
import { parseDuration, verifyRequest } from './test-flags.ts';

const DEFAULTS = { testTimeout: '10m', archCheck: 'error' };

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['30', 30_000],
])('%s is %i ms', (text, ms) => expect(parseDuration('--timeout', text)).toBe(ms));

test.each(['', '0s', 'ten', '5 m', '10x', '-1s', '999999999h'])('%j is no time', (text) => {
  expect(() => parseDuration('--timeout', text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

describe('--test', () => {
  test.each([
    ['app --version', { value: 'app --version' }],
    ['["/app", "-v"]', { value: ['/app', '-v'] }],
    ['[ -f /etc/passwd ]', { value: '[ -f /etc/passwd ]' }],
    ['["/app", 1]', { value: '["/app", 1]' }],
    ['A=1 app', { value: 'A=1 app' }],
  ])('%s', (text, command) => {
    expect(verifyRequest({ ...DEFAULTS, test: [text] }).tests?.commands).toEqual([command]);
  });

  test('for one platform', () => {
    const { tests } = verifyRequest({
      ...DEFAULTS,
      test: ['linux/arm=test "$(uname -m)" = armv7l'],
      testEntrypoint: true,
    });
    expect(tests).toMatchObject({ keepEntrypoint: true, timeout: 600_000 });
    expect(tests?.commands[0]).toMatchObject({ platform: { anyVariant: true }, value: 'test "$(uname -m)" = armv7l' });
  });

  test('none', () => expect(verifyRequest(DEFAULTS)).toEqual({ archCheck: 'error' }));

  test.each([{ test: [' '] }, { archCheck: 'maybe' }, { testTimeout: 'soon' }])('%j is refused', (flags) => {
    expect(() => verifyRequest({ ...DEFAULTS, ...flags })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
