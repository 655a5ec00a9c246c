import { describe, expect, test } from 'vitest';
import { parseBool, parseDuration, parseInt32, parseSize, parseUint32 } from './scalars.ts';

describe('values of flags', () => {
  test.each<[text: string, nanoseconds: number | undefined]>([
    ['0', 0],
    ['-0', 0],
    ['1ns', 1],
    ['1.5us', 1500],
    ['2µs', 2000],
    ['250ms', 250e6],
    ['1m30s', 90e9],
    ['.5h', 1800e9],
    ['-1s', -1e9],
    ['+1h1m1s', 3661e9],
    ['3000h', 3000 * 3600e9],
    ['', undefined],
    ['1', undefined],
    ['s', undefined],
    ['1 s', undefined],
    ['1d', undefined],
    ['.s', undefined],
    ['9999999h', undefined],
  ])('duration %s', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  test.each<[text: string, bytes: number | undefined]>([
    ['0', 0],
    ['100', 100],
    ['100b', 100],
    ['1k', 1024],
    ['1KB', 1024],
    ['1 KiB', 1024],
    ['1.5m', 1572864],
    ['2t', 2 * 1024 ** 4],
    ['1e3', 1000],
    ['', undefined],
    ['k', undefined],
    ['1bb', undefined],
    ['1kx', undefined],
    ['-1', undefined],
    ['1  k', undefined],
  ])('size %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test('booleans and whole numbers', () => {
    expect(['1', 't', 'True', '0', 'F', 'false', 'yes', ''].map(parseBool)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      undefined,
      undefined,
    ]);
    expect(['0755', '8', '40000000000'].map((text) => parseUint32(text, 8))).toEqual([0o755, undefined, undefined]);
    expect(['4294967295', '4294967296', '1e1', ''].map((text) => parseUint32(text, 10))).toEqual([
      4294967295,
      undefined,
      undefined,
      undefined,
    ]);
    expect(['+3', '-3', '2147483648', '0x1'].map(parseInt32)).toEqual([3, -3, undefined, undefined]);
  });
});
