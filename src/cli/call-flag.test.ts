import { expect, it } from 'vitest';
import { parseCall } from './call-flag.ts';

it.each([
  ['build', undefined],
  ['check', { name: 'check', json: false, ignoreStatus: false }],
  ['lint,format=json', { name: 'check', json: true, ignoreStatus: false }],
  ['format=text,check,ignorestatus=true', { name: 'check', json: false, ignoreStatus: true }],
  ['outline,format=json', { name: 'outline', json: true, ignoreStatus: false }],
  ['subrequests.describe', { name: 'describe', json: false, ignoreStatus: false }],
  ['targets', { name: 'targets', json: false, ignoreStatus: false }],
])('--call %s', (text, call) => {
  expect(parseCall(text)).toEqual(call);
});

it.each([
  ['chek', 'did you mean "check"?'],
  ['check,outline', 'outline is not understood'],
  ['check,format=xml', 'format=xml is not understood'],
  ['check,ignorestatus=maybe', 'is not understood'],
  ['format=json', 'it names no method'],
  ['', 'there is no method'],
])('--call %j is refused', (text, why) => {
  expect(() => parseCall(text)).toThrow(why);
});
