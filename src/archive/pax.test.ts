import { describe, expect, it } from 'vitest';
import { formatPax, parsePax, parsePaxTime } from './pax.ts';

describe('PAX records', () => {
  it.each([1, 5, 90, 91, 92, 93, 94, 95, 990, 991, 992, 993, 994, 9_985, 9_990])(
    'count their own length, %i bytes',
    (length) => {
      const value = 'x'.repeat(length);
      const bytes = formatPax(new Map([['path', value]]));
      expect(Number.parseInt(bytes.toString(), 10)).toBe(bytes.length);
      expect(parsePax(bytes, 0).get('path')?.toString()).toBe(value);
    },
  );

  it('keep binary values and equals signs', () => {
    const value = Buffer.from([0, 0x3d, 0x0a, 0xff]);
    expect(parsePax(formatPax(new Map([['SCHILY.xattr.user.a', value]])), 0).get('SCHILY.xattr.user.a')).toEqual(value);
  });

  it.each([
    ['no length', 'path=a\n'],
    ['a length past the end', '99 path=a\n'],
    ['a length too short', '3 path=a\n'],
    ['no newline', '9 path=ab'],
    ['no equals sign', '8 pathab\n'],
    ['an empty key', '6 =abc\n'],
    ['a huge length', '99999999999999999999 path=a\n'],
  ])('refuse %s', (_, text) => {
    expect(() => parsePax(Buffer.from(text), 0)).toThrow(expect.objectContaining({ code: 'ARCHIVE_INVALID' }));
  });

  it.each([
    ['1700000000', 1_700_000_000, 0],
    ['1700000000.5', 1_700_000_000, 500_000_000],
    ['1.123456789123', 1, 123_456_789],
    ['-1.25', -2, 750_000_000],
    ['-3', -3, 0],
    ['7.', 7, 0],
  ])('read the time %s', (text, seconds, nanoseconds) => {
    expect(parsePaxTime(Buffer.from(text), 0)).toEqual({ seconds, nanoseconds });
  });
});
