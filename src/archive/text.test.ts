import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeText, fsPath } from './text.ts';

function survives(bytes: Uint8Array): boolean {
  return encodeText(decodeText(Buffer.from(bytes))).equals(Buffer.from(bytes));
}

describe('names', () => {
  it.each([
    ['ASCII', 'usr/bin/env'],
    ['two to four bytes', 'é/€/😀'],
    ['the replacement character itself', 'a\uFFFDb'],
    ['a byte order mark', '\uFEFFa'],
  ])('keep %s', (_, text) => {
    expect(decodeText(Buffer.from(text))).toBe(text);
    expect(encodeText(text)).toEqual(Buffer.from(text));
    expect(fsPath(text)).toBe(text);
  });

  it.each([
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9], 'caf\uDCE9'],
    ['a cut sequence', [0xe2, 0x82], '\uDCE2\uDC82'],
    ['an overlong slash', [0xc0, 0xaf], '\uDCC0\uDCAF'],
    ['an encoded surrogate', [0xed, 0xa0, 0x80], '\uDCED\uDCA0\uDC80'],
    ['bad bytes beside good ones', [0xc3, 0xa9, 0xff, 0x61], 'é\uDCFFa'],
  ])('escape %s', (_, bytes, text) => {
    expect(decodeText(Buffer.from(bytes))).toBe(text);
    expect(encodeText(text)).toEqual(Buffer.from(bytes));
    expect(fsPath(text)).toEqual(Buffer.from(bytes));
  });

  it('come back from any bytes', () => {
    expect(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), survives))).not.toThrow();
  });
});
