import { describe, expect, test } from 'vitest';
import type { ImageMetaResolver } from '../llb/metadata.ts';
import { digestOf } from '../oci/digest.ts';
import { parsePlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { withMultiPlatformBases } from './per-architecture-bases.ts';

const digest = digestOf('');
const options = { platform: parsePlatform('linux/arm64'), mode: 'default' } as const;

/** A registry that has some images, and fails for the rest with a code of theirs or NOT_FOUND. */
function resolverOf(answers: Readonly<Record<string, 'there' | string>>): ImageMetaResolver {
  return {
    async resolveImageConfig(reference) {
      const answer = answers[reference] ?? 'NOT_FOUND';
      if (answer === 'there') return { reference, digest, config: new Uint8Array() };
      throw new PolyarchError(answer, `${answer} ${reference}`);
    },
  };
}

async function resolve(reference: string, answers: Readonly<Record<string, string>>) {
  const said: string[] = [];
  const resolver = withMultiPlatformBases(resolverOf(answers), { notice: (text) => said.push(text) });
  const found = await resolver.resolveImageConfig(reference, options).then(
    (image) => image.reference,
    (error: unknown) => (error instanceof PolyarchError ? error.message : error),
  );
  return [found, ...said];
}

const HUB = 'docker.io/arm64v8/alpine:3';
const ALL = 'docker.io/library/alpine:3';
const INSTEAD = 'arm64v8/alpine:3 is not to be had: alpine:3 for linux/arm64 is taken instead';

describe('a base for one architecture', () => {
  test.each<[string, string, Record<string, string>, string[]]>([
    ['that is there', HUB, { [HUB]: 'there', [ALL]: 'there' }, [HUB]],
    ['that is missing', HUB, { [ALL]: 'there' }, [ALL, INSTEAD]],
    ['that Docker Hub hides', HUB, { [HUB]: 'UNAUTHORIZED', [ALL]: 'there' }, [ALL, INSTEAD]],
    ['that only a mirror lacks', HUB, { [HUB]: 'REGISTRY_UNREACHABLE', [ALL]: 'there' }, [ALL, INSTEAD]],
    ['and the other is missing too', HUB, {}, [`NOT_FOUND ${HUB}`]],
    ['and the other is not for it', HUB, { [ALL]: 'NO_MATCHING_PLATFORM' }, [`NO_MATCHING_PLATFORM ${ALL}`]],
    ['that is broken', HUB, { [HUB]: 'INVALID_IMAGE', [ALL]: 'there' }, [`INVALID_IMAGE ${HUB}`]],
    ['of another registry', 'r.example/arm64v8/alpine:3', {}, ['NOT_FOUND r.example/arm64v8/alpine:3']],
    ['of a person', 'docker.io/me/alpine:3', { [ALL]: 'there' }, ['NOT_FOUND docker.io/me/alpine:3']],
    ['by digest', `docker.io/i386/x@${digest}`, {}, [`NOT_FOUND docker.io/i386/x@${digest}`]],
  ])('%s', async (_name, reference, answers, expected) => {
    expect(await resolve(reference, answers)).toEqual(expected);
  });
});
