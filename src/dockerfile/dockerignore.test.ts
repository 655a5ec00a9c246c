import { describe, expect, test } from 'vitest';
import { parseIgnore } from './dockerignore.ts';

describe('the patterns of an ignore file', () => {
  test.each<[text: string, patterns: string[]]>([
    ['', []],
    ['\uFEFFa\nb', ['a', 'b']],
    ['# comment\n  # pattern\n\n a \r\nb/\n', ['# pattern', 'a', 'b']],
    ['/abs\n./here\na/../b\n//x', ['abs', 'here', 'b', 'x']],
    ['!keep\n! /spaced \n!', ['!keep', '!spaced', '!']],
    ['.\n/\n**', ['.', '/', '**']],
  ])('%j', (text, patterns) => {
    expect(parseIgnore(text)).toEqual(patterns);
    expect(parseIgnore(new TextEncoder().encode(text))).toEqual(patterns);
  });
});
