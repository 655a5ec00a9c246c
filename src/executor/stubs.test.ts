import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noteStubs } from './stubs.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'polyarch-stubs-'));
  mkdirSync(join(root, 'etc'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('takes away what was made, with the folders above it, and keeps times', () => {
  utimesSync(join(root, 'etc'), 5, 5);
  const stubs = noteStubs(root, ['/etc/hosts', '/run/secrets/token', '/etc/hosts']);
  writeFileSync(join(root, 'etc/hosts'), '');
  mkdirSync(join(root, 'run/secrets'), { recursive: true });
  writeFileSync(join(root, 'run/secrets/token'), '');
  stubs.clean();
  expect(readdirSync(root)).toEqual(['etc']);
  expect(readdirSync(join(root, 'etc'))).toEqual([]);
  expect(statSync(join(root, 'etc')).mtimeMs).toBe(5000);
});

test('keeps what was there before', () => {
  writeFileSync(join(root, 'etc/hosts'), '');
  const stubs = noteStubs(root, ['/etc/hosts', '/etc']);
  stubs.clean();
  expect(existsSync(join(root, 'etc/hosts'))).toBe(true);
});

test('keeps what the step filled', () => {
  const stubs = noteStubs(root, ['/a/file', '/b/c']);
  mkdirSync(join(root, 'a'));
  writeFileSync(join(root, 'a/file'), 'content');
  mkdirSync(join(root, 'b/c'), { recursive: true });
  writeFileSync(join(root, 'b/own'), '');
  stubs.clean();
  expect(existsSync(join(root, 'a/file'))).toBe(true);
  expect(readdirSync(join(root, 'b'))).toEqual(['own']);
});

test('removes nothing outside when the step put a link in the way', () => {
  const outside = mkdtempSync(join(tmpdir(), 'polyarch-outside-'));
  writeFileSync(join(outside, 'file'), '');
  const stubs = noteStubs(root, ['/a/file']);
  mkdirSync(join(root, 'a'));
  renameSync(join(root, 'a'), join(root, 'moved'));
  symlinkSync(outside, join(root, 'a'));
  stubs.clean();
  expect(readdirSync(outside)).toEqual(['file']);
  rmSync(outside, { recursive: true });
});
