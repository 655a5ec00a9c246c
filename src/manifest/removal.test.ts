import { describe, expect, test } from 'vitest';
import { type Digest, isDigest } from '../oci/digest.ts';
import { attachedTo, chooseTags, planRemoval, type TagPolicy } from './removal.ts';
import type { RepositorySurvey, SurveyedManifest } from './survey.ts';

/** `a` → a digest that begins with its character's code. */
function d(name: string): Digest {
  const digest = `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
  if (!isDigest(digest)) throw new Error(digest);
  return digest;
}
const nameOf = (digest: Digest): string =>
  Buffer.from(digest.slice('sha256:'.length), 'hex').toString().replaceAll('\0', '');
const attached = (name: string, ending = ''): string => `${d(name).replace(':', '-')}${ending}`;

const DAY = 24 * 3600 * 1000;

/** Days of age by manifest; children behind a colon; a subject behind `>`. */
function survey(manifests: readonly string[], tags: Readonly<Record<string, string>>): RepositorySurvey {
  const made = manifests.map((text, i): SurveyedManifest => {
    const [, name = '', children = '', subject] = /^(\w+)(?::([\w,]*))?(?:>(\w+))?$/.exec(text) ?? [];
    return {
      digest: d(name),
      children: children.split(',').filter(Boolean).map(d),
      platforms: [],
      size: 1,
      ...(name.startsWith('timeless') ? {} : { created: Date.UTC(2026, 0, 1) - i * DAY }),
      ...(subject === undefined ? {} : { subject: d(subject) }),
    };
  });
  return {
    tags: new Map(Object.entries(tags).map(([tag, name]) => [tag, name === '' ? undefined : d(name)])),
    manifests: new Map(made.map((manifest) => [manifest.digest, manifest])),
  };
}

describe('tags that a policy chooses', () => {
  const repository = survey(['new', 'mid', 'old', 'timeless'], {
    v3: 'new',
    v2: 'mid',
    v1: 'old',
    dev: 'timeless',
    gone: '',
    [attached('old')]: 'old',
  });
  const before = Date.UTC(2026, 0, 1) - DAY / 2;
  test.each<[string, TagPolicy, string[]]>([
    ['nothing without a condition', {}, []],
    ['the newest stay, and so do those without a time', { keep: 3 }, ['v2', 'v1']],
    ['by age; what has no time stays', { before }, ['v2', 'v1']],
    ['by name', { match: (tag) => tag.startsWith('v') }, ['v3', 'v2', 'v1']],
    ['the newest of those that match', { keep: 1, match: (tag) => tag.startsWith('v') }, ['v2', 'v1']],
    ['all conditions at once', { keep: 2, before, match: (tag) => tag.startsWith('v') }, ['v1']],
    ['a tag whose manifest is gone goes by name', { match: (tag) => tag === 'gone' }, ['gone']],
  ])('%s', (_, policy, expected) => {
    expect(chooseTags(repository, policy)).toEqual(expected);
  });
});

describe('what goes with the chosen tags', () => {
  const plan = async (
    [manifests, tags]: readonly [readonly string[], Readonly<Record<string, string>>],
    chosen: readonly string[],
    more: { orphans?: boolean; referrers?: Readonly<Record<string, string>>; exists?: string } = {},
  ) => {
    const removal = await planRemoval(survey(manifests, tags), chosen, {
      exists: async (digest) => nameOf(digest) === more.exists,
      referrers: async (digest) =>
        [more.referrers?.[nameOf(digest)]].flatMap((name) => (name === undefined ? [] : [d(name)])),
      orphans: more.orphans === true,
    });
    return {
      tags: removal.tags.map(({ tag, goes }) => `${tag.replace(/^sha256-\w+/, 'attached')} ${goes}`),
      manifests: removal.manifests.map(nameOf),
      orphans: removal.orphans.length,
    };
  };

  test('an index with its children, itself first', async () => {
    const result = await plan([['index:arm,amd', 'arm', 'amd'], { a: 'index' }], ['a']);
    expect(result).toEqual({ tags: ['a manifest'], manifests: ['index', 'arm', 'amd'], orphans: 0 });
  });

  test('a child that another index lists stays', async () => {
    const result = await plan([['one:shared,arm', 'two:shared', 'shared', 'arm'], { a: 'one', b: 'two' }], ['a']);
    expect(result).toEqual({ tags: ['a manifest'], manifests: ['one', 'arm'], orphans: 0 });
  });

  test('a child of an index in an index stays too', async () => {
    const result = await plan([['outer:inner', 'inner:leaf', 'leaf'], { outer: 'outer', leaf: 'leaf' }], ['leaf']);
    expect(result).toEqual({ tags: ['leaf tag'], manifests: [], orphans: 0 });
  });

  test('with a second tag only the tag goes; with both, the manifest', async () => {
    const repository = [['image'], { a: 'image', b: 'image' }] as const;
    expect(await plan(repository, ['a'])).toMatchObject({ tags: ['a tag'], manifests: [] });
    expect(await plan(repository, ['a', 'b'])).toMatchObject({
      tags: ['a manifest', 'b manifest'],
      manifests: ['image'],
    });
  });

  test('a child with a tag of its own stays when its index goes', async () => {
    const result = await plan([['index:arm', 'arm'], { all: 'index', arm: 'arm' }], ['all']);
    expect(result).toEqual({ tags: ['all manifest'], manifests: ['index'], orphans: 0 });
  });

  test('a subject stays as long as a tagged referrer is attached to it', async () => {
    const result = await plan([['image', 'sbom>image'], { image: 'image', sbom: 'sbom' }], ['image']);
    expect(result).toEqual({ tags: ['image tag'], manifests: [], orphans: 0 });
  });

  test('what is attached to any of it goes along, by the API and by tags', async () => {
    const result = await plan(
      [
        ['index:arm', 'arm', 'sig', 'list:proof', 'proof'],
        { a: 'index', [attached('arm', '.sig')]: 'sig', [attached('index')]: 'list' },
      ],
      ['a'],
      { referrers: { arm: 'unlisted' } },
    );
    expect(result.tags).toEqual(['a manifest', 'attached.sig manifest', 'attached manifest']);
    expect(result.manifests.toSorted()).toEqual(['arm', 'index', 'list', 'proof', 'sig', 'unlisted']);
  });

  test('what is attached to something that stays, stays', async () => {
    const result = await plan(
      [['one:arm', 'two:arm', 'arm', 'sig'], { a: 'one', b: 'two', [attached('arm', '.sig')]: 'sig' }],
      ['a'],
    );
    expect(result).toEqual({ tags: ['a manifest'], manifests: ['one'], orphans: 0 });
  });

  test('orphans are counted, and go when that is asked for; not while their subject is there without a tag', async () => {
    const repository = [['image', 'sig'], { a: 'image', [attached('lost', '.sig')]: 'sig' }] as const;
    expect(await plan(repository, [])).toEqual({ tags: [], manifests: [], orphans: 1 });
    expect(await plan(repository, [], { orphans: true })).toEqual({
      tags: ['attached.sig manifest'],
      manifests: ['sig'],
      orphans: 0,
    });
    expect(await plan(repository, [], { orphans: true, exists: 'lost' })).toMatchObject({ tags: [], manifests: [] });
  });
});

test.each([
  [attached('x'), d('x')],
  [attached('x', '.sig'), d('x')],
  [attached('x', '.att'), d('x')],
  ['sha256-12', undefined],
  ['latest', undefined],
])('%s is attached to %s', (tag, digest) => {
  expect(attachedTo(tag)).toBe(digest);
});
