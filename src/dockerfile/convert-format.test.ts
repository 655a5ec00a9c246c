import { describe, expect, it } from 'vitest';
import { goDuration, goQuote } from './convert-format.ts';

describe('text as Go writes it', () => {
  it.each([
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u0000\u0007\n\u007f', '"\\x00\\a\\n\\x7f"'],
    ['é 漢 \u00a0 😀', '"é 漢 \\u00a0 😀"'],
  ])('quotes %j', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });

  it.each([
    [0, '0s'],
    [1, '1ns'],
    [1_500, '1.5µs'],
    [300e6, '300ms'],
    [1.5e9, '1.5s'],
    [60e9, '1m0s'],
    [3_661e9, '1h1m1s'],
  ])('writes %d ns', (nanoseconds, text) => {
    expect(goDuration(nanoseconds)).toBe(text);
  });
});
