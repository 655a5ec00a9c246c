import { describe, expect, it } from 'vitest';
import { parseOutput, withShorthands } from './output-spec.ts';

describe('an output', () => {
  it.each([
    ['out', { kind: 'local', destination: 'out' }],
    ['-', { kind: 'tar', destination: '-' }],
    ['type=local,dest=out,platform-split=false', { kind: 'local', destination: 'out', platformSplit: false }],
    ['type=tar,dest=a.tar', { kind: 'tar', destination: 'a.tar' }],
    ['type=tar', { kind: 'tar', destination: '-' }],
    ['type=cacheonly', { kind: 'cacheonly' }],
    ['type=image,name=a,push=true', { kind: 'image', names: ['a'], push: true, store: true }],
    ['type=image,"name=a,b"', { kind: 'image', names: ['a', 'b'], push: false }],
    ['type=registry,push-by-digest=true', { kind: 'image', push: true, pushByDigest: true }],
    ['type=oci,dest=a.tar,tar=true', { kind: 'oci', destination: 'a.tar', tar: true }],
    ['type=docker', { kind: 'docker', tar: true }],
  ])('%s', (text, expected) => {
    expect(parseOutput(text)).toMatchObject(expected);
  });

  it.each([
    ['type=image', true, 'gzip'],
    ['type=image,oci-mediatypes=false', false, 'gzip'],
    ['type=docker,dest=a', false, 'gzip'],
    ['type=oci,dest=a,compression=zstd,compression-level=19', true, 'zstd'],
    ['type=docker,dest=a,compression=zstd', true, 'zstd'],
    ['type=docker,dest=a,annotation.a=b', true, 'gzip'],
  ])('%s has OCI media types: %s, compression: %s', (text, ociMediaTypes, type) => {
    const output = parseOutput(text);
    expect('format' in output && output.format).toMatchObject({ ociMediaTypes, compression: { type } });
  });

  it('takes annotations in the form of --annotation', () => {
    const output = parseOutput('type=image,annotation.a=1,annotation-index.b=2,annotation-manifest[linux/arm64].c=3');
    expect('format' in output && output.format.annotations).toEqual(['a=1', 'index:b=2', 'manifest[linux/arm64]:c=3']);
  });

  it.each([
    ['type=ocii,dest=a', /no type "ocii", did you mean "oci"/],
    ['type=image,pus=true', /no attribute "pus", did you mean "push"/],
    ['type=local', /dest= is missing/],
    ['type=oci', /dest= is missing/],
    ['type=local,dest=-', /a folder cannot go to stdout/],
    ['type=image,push=maybe', /push=maybe is neither true nor false/],
    ['type=image,compression=lz4', /compression=lz4 is none of/],
    ['type=image,compression-level=10', /from 0 to 9/],
    ['type=image,compression=zstd,oci-mediatypes=false', /exclude each other/],
    ['type=oci,dest=a,tar', /"tar" is not KEY=VALUE/],
    ['dest=a', /type= is missing/],
    ['', /empty/],
  ])('%s is refused', (text, message) => {
    expect(() => parseOutput(text)).toThrow(message);
  });
});

describe('--push and --load', () => {
  it('add an output when there is none of their kind', () => {
    expect(withShorthands([], { push: true, load: true }).map((o) => o.kind)).toEqual(['image', 'docker']);
  });

  it('change an image output that is there', () => {
    const [output, ...rest] = withShorthands([parseOutput('type=image,compression=zstd')], { push: true, load: false });
    expect(rest).toEqual([]);
    expect(output).toMatchObject({ kind: 'image', push: true, format: { compression: { type: 'zstd' } } });
  });
});
