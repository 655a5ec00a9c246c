import { describe, expect, it } from 'vitest';
import { convertText } from '../../../test/support/convert.ts';
import { parseCheckComments, parseCheckDirective, parseCheckOptions } from './check-options.ts';

const NOTHING = { skipAll: false, skip: [], experimentalAll: false, experimental: [], error: false };

describe('check options', () => {
  it.each<[string, object]>([
    ['', {}],
    [' skip = A , B ', { skip: ['A', 'B'] }],
    ['skip=all;experimental=all;error=true', { skipAll: true, experimentalAll: true, error: true }],
    ['experimental=A;error=0', { experimental: ['A'] }],
    ['error=T;skip=A', { skip: ['A'], error: true }],
  ])('%j', (text, expected) => {
    expect(parseCheckOptions(text)).toEqual({ ...NOTHING, ...expected });
  });

  it.each(['skip', 'error=maybe', 'skipp=A', 'skip=A;', 'skip=A;error=true;experimental=B;skip=C'])(
    'fails on %j',
    (text) => {
      // What stands behind the third one is part of it.
      const last = text.endsWith('skip=C');
      if (last) expect(parseCheckOptions(text)).toMatchObject({ experimental: ['B;skip=C'] });
      else expect(() => parseCheckOptions(text)).toThrow(/check option/);
    },
  );

  it('of the directive and of comments end at a blank', () => {
    expect(parseCheckDirective('skip=A, B')).toMatchObject({ skip: ['A', ''] });
    expect(parseCheckDirective(undefined)).toEqual(NOTHING);
    expect(parseCheckComments(['text', 'check = skip=A and why', 'check=skip=B'])).toMatchObject({ skip: ['A'] });
    expect(parseCheckComments(['check=nonsense'])).toEqual(NOTHING);
  });
});

describe('error=true', () => {
  const file = (check: string, text: string) => convertText(`# check=${check}\nFROM busybox\n${text}\n`);

  it('fails on what BuildKit finds', async () => {
    await expect(file('error=true', 'CMD x')).rejects.toMatchObject({
      code: 'DOCKERFILE_LINT',
      details: { startLine: 3, rules: ['JSONArgsRecommended'] },
    });
  });

  it('fails on what only this project finds when the rule is named', async () => {
    expect((await file('error=true', 'RUN A=b')).warnings).toHaveLength(1);
    expect((await file('experimental=all;error=true', 'RUN A=b')).warnings).toHaveLength(1);
    await expect(file('experimental=RunSetsNothing;error=true', 'RUN A=b')).rejects.toMatchObject({
      code: 'DOCKERFILE_LINT',
      details: { rules: ['RunSetsNothing'] },
    });
  });

  it('has its own place when it cannot be read', async () => {
    await expect(convertText('# escape=\\\n# check=erorr=true\nFROM busybox\n')).rejects.toMatchObject({
      code: 'DOCKERFILE_PARSE',
      details: { startLine: 2 },
    });
    const buildArgs = new Map([['BUILDKIT_DOCKERFILE_CHECK', 'skip']]);
    await expect(convertText('FROM busybox\n', { buildArgs })).rejects.toThrow(/^check option/);
  });
});
