import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PolyarchError } from '../util/error.ts';
import { type Digest, digestOf, parseDigest, verifyBytes, verifyStream } from './digest.ts';
import { descriptorOf } from './descriptor.ts';

const HELLO = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const content = Buffer.from('hello');
const descriptor = descriptorOf(content, { mediaType: 'text/plain' });

/** What the body gives, or its failure's code and the digest that it names. */
async function outcome<T>(body: () => Promise<T>): Promise<T | string> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof PolyarchError)) throw error;
    return `${error.code}: ${/sha\d+:[a-f0-9]+/.exec(error.message)?.[0]}`;
  }
}

describe('digestOf', () => {
  it('hashes bytes and the UTF-8 of a string alike', () => {
    expect(digestOf('hello')).toBe(HELLO);
    expect(digestOf(content)).toBe(HELLO);
  });
});

describe('parseDigest', () => {
  it.each([HELLO, `sha512:${'0'.repeat(128)}`])('takes %s', (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  it.each([
    ['', 'no algorithm'],
    ['abc', 'no algorithm'],
    [':abc', 'no algorithm'],
    ['md5:d41d8cd98f00b204e9800998ecf8427e', '"md5" is neither'],
    ['sha256:abc', '3 characters after the colon, not 64'],
    [HELLO.toUpperCase().replace('SHA', 'sha'), 'other than 0-9 and a-f'],
    [`sha256:${'../'.repeat(21)}a`, 'other than 0-9 and a-f'],
    [`${HELLO}\n`, '65 characters'],
  ])('refuses %j and says why', (text, why) => {
    expect(() => parseDigest(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_DIGEST', message: expect.stringContaining(why) }),
    );
  });
});

describe('verification', () => {
  const other: Digest = `sha256:${'0'.repeat(64)}`;
  const cases = [
    { name: 'the content', chunks: ['he', 'llo'], descriptor, code: undefined },
    {
      name: 'an empty blob',
      chunks: [],
      descriptor: descriptorOf(Buffer.alloc(0), { mediaType: 'x' }),
      code: undefined,
    },
    { name: 'content that ends early', chunks: ['he'], descriptor, code: 'SIZE_MISMATCH' },
    { name: 'content that goes on', chunks: ['hello', '!'], descriptor, code: 'SIZE_MISMATCH' },
    { name: 'other content of the same size', chunks: ['hellO'], descriptor, code: 'DIGEST_MISMATCH' },
    {
      name: 'a wrong digest',
      chunks: ['hello'],
      descriptor: { ...descriptor, digest: other },
      code: 'DIGEST_MISMATCH',
    },
    {
      name: 'sha512 content',
      chunks: ['hello'],
      descriptor: {
        ...descriptor,
        digest: parseDigest(
          'sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043',
        ),
      },
      code: undefined,
    },
  ] as const;

  it.each(cases)('verifyStream of $name: $code', async ({ chunks, descriptor, code }) => {
    const found = await outcome(async () => {
      let text = '';
      const stream = verifyStream(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), descriptor);
      for await (const chunk of stream) text += Buffer.from(chunk).toString();
      return text;
    });
    expect(found).toBe(code === undefined ? chunks.join('') : `${code}: ${descriptor.digest}`);
  });

  it.each(cases)('verifyBytes of $name: $code', ({ chunks, descriptor, code }) => {
    const check = () => verifyBytes(Buffer.from(chunks.join('')), descriptor);
    return expect(outcome(async () => check())).resolves.toBe(
      code === undefined ? undefined : `${code}: ${descriptor.digest}`,
    );
  });

  it('passes on the failure of the stream it reads', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('connection reset'));
      },
    });
    await expect(verifyStream(broken, descriptor).toArray()).rejects.toThrow('connection reset');
  });

  it('lets go of the stream it reads when its reader stops', async () => {
    const source = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(64 * 1024)));
    for await (const _chunk of verifyStream(source, { ...descriptor, size: 100 * 64 * 1024 })) break;
    // The source is destroyed with an AbortError.
    await once(source, 'close').catch(() => {});
    expect(source.destroyed).toBe(true);
  });
});
