import { describe, expect, it } from 'vitest';
import { annotationsFor, parseAnnotations } from './annotations.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };
const amd64 = { os: 'linux', architecture: 'amd64' };

describe('annotations', () => {
  it('go to the manifest when no level is named, sorted', () => {
    expect(annotationsFor(parseAnnotations(['b=2', 'a=1=1']), 'manifest', amd64)).toEqual({ a: '1=1', b: '2' });
  });

  it('go to several levels at once', () => {
    const all = parseAnnotations(['index,manifest-descriptor:a=1']);
    expect(annotationsFor(all, 'index')).toEqual({ a: '1' });
    expect(annotationsFor(all, 'manifest-descriptor', amd64)).toEqual({ a: '1' });
    expect(annotationsFor(all, 'manifest', amd64)).toBeUndefined();
  });

  it('go to one platform only', () => {
    const all = parseAnnotations(['manifest[linux/arm64]:a=1']);
    expect(annotationsFor(all, 'manifest', arm64)).toEqual({ a: '1' });
    expect(annotationsFor(all, 'manifest', amd64)).toBeUndefined();
  });

  it.each([['a'], ['=1'], ['indx:a=1'], ['manifest[linux/arm46]:a=1']])('refuses %s', (text) => {
    expect(() => parseAnnotations([text])).toThrow();
  });
});
