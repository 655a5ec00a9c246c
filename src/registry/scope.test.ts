import { expect, test } from 'vitest';
import { coversScopes, formatScope, mergeScopes, parseScopes } from './scope.ts';

const merged = (text: string): string => mergeScopes(parseScopes(text)).map(formatScope).join(' ');

test.each([
  ['one scope a resource', 'repository:a:push repository:a:pull', 'repository:a:pull,push'],
  ['several resources sorted', 'repository:b:pull repository:a:pull', 'repository:a:pull repository:b:pull'],
  ['a name with a port', 'repository:h:5000/a:pull', 'repository:h:5000/a:pull'],
  ['words that are no scope', 'pull repository:a registry:catalog:*', 'registry:catalog:*'],
])('merges %s', (_name, text, expected) => {
  expect(merged(text)).toBe(expected);
});

test.each([
  ['repository:a:pull,push', 'repository:a:pull', true],
  ['repository:a:*', 'repository:a:push', true],
  ['repository:a:pull', 'repository:a:pull,push', false],
  ['repository:a:pull', 'repository:b:pull', false],
  ['repository:a:pull', '', true],
])('%s covers %s: %s', (held, wanted, expected) => {
  expect(coversScopes(parseScopes(held), parseScopes(wanted))).toBe(expected);
});
