import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test.each([
  ['nothing', undefined, []],
  ['a bare scheme', 'Basic', [{ scheme: 'basic', parameters: {} }]],
  ['a quoted value', 'Basic realm="a, \\"b\\" c"', [{ scheme: 'basic', parameters: { realm: 'a, "b" c' } }]],
  [
    'a bearer challenge with a scope holding commas',
    'Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://auth.example/token', service: 'r.example', scope: 'repository:a/b:pull,push' },
      },
    ],
  ],
  [
    'several challenges in one line',
    'Negotiate, Basic realm="x", Bearer realm="y", service=z',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
      { scheme: 'bearer', parameters: { realm: 'y', service: 'z' } },
    ],
  ],
  [
    'several lines',
    ['Basic realm="x"', 'Bearer realm="y"'],
    [
      { scheme: 'basic', parameters: { realm: 'x' } },
      { scheme: 'bearer', parameters: { realm: 'y' } },
    ],
  ],
  [
    'a token68',
    'Negotiate YWJj==, Basic realm=x',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
    ],
  ],
  ['names in any case', 'BEARER Realm="Y"', [{ scheme: 'bearer', parameters: { realm: 'Y' } }]],
  [
    'an address without quotes',
    'Bearer realm=https://a/t',
    [{ scheme: 'bearer', parameters: { realm: 'https://a/t' } }],
  ],
  [
    'a malformed rest',
    'Basic realm="x", Bearer realm="y',
    [
      { scheme: 'basic', parameters: { realm: 'x' } },
      { scheme: 'bearer', parameters: {} },
    ],
  ],
])('%s', (_name, header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});
