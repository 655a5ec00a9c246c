import { describe, expect, it } from 'vitest';
import { type ConvertTextOptions, convertText, imageConfig } from '../../../test/support/convert.ts';
import type { ImageMetaResolver } from '../../llb/metadata.ts';
import { digestOf } from '../../oci/digest.ts';
import { parsePlatforms } from '../../oci/platform-parse.ts';
import { ruleUrl } from './rule.ts';
import { RULES, RULE_NAMES, type RuleName } from './rules.ts';

/** Every image is there for every platform, but for one. */
const metaResolver: ImageMetaResolver = {
  async resolveImageConfig(reference, { platform }) {
    const found = reference.startsWith('registry.example/app') ? { architecture: 'amd64' } : platform;
    const config = new TextEncoder().encode(JSON.stringify(imageConfig({}, found)));
    return { reference: `${reference}@${digestOf(reference)}`, digest: digestOf(reference), config };
  },
};
const SEVERAL = { platforms: parsePlatforms('linux/amd64,linux/arm64'), platform: 'linux/arm64' };

/** What the example of a rule needs besides its text. */
const OPTIONS: Partial<Record<RuleName, ConvertTextOptions>> = {
  InvalidDefaultArgInFrom: { buildArgs: new Map([['TAG', 'latest']]) },
  InvalidBaseImagePlatform: { platform: 'linux/arm64' },
  CopyIgnoredFile: { excludes: ['*.log'] },
  UnusedBuildArg: { buildArgs: new Map([['VERSOIN', '3']]) },
  HardCodedGoarch: SEVERAL,
  HardCodedArchitecture: SEVERAL,
  FinalStageOnBuildPlatform: SEVERAL,
  EmulatedCompile: SEVERAL,
};
/** Where the mended example needs other ones. */
const GOOD: Partial<Record<RuleName, ConvertTextOptions>> = {
  UnusedBuildArg: { buildArgs: new Map([['VERSION', '3']]) },
};

async function find(text: string | Uint8Array, options: ConvertTextOptions = {}) {
  const { warnings } = await convertText(text, { metaResolver, allStages: true, ...options });
  return warnings;
}

/** A byte that is not UTF-8 in the place of the escape. */
const source = (rule: RuleName, text: string) =>
  rule === 'InvalidUtf8' && text.includes('\\x')
    ? Buffer.from(
        text.replace(/\\x(..)/, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        'latin1',
      )
    : text;

const withDirective = (text: string, rule: RuleName) =>
  text.startsWith('# check=')
    ? text.replace(/^# check=(.*)/, RULES[rule].experimental === true ? `# check=skip=${rule}` : `# check=$1,${rule}`)
    : `# check=skip=${rule}\n${text}`;

/** The comment above every instruction. */
const withComments = (text: string, rule: RuleName) =>
  text.replaceAll(/^(?=[A-Z]+ )/gim, `# check=skip=${rule}\n`).replaceAll(/\\\n\n/g, '\\\n\n');

describe.each(RULE_NAMES)('%s', (rule) => {
  const { bad, good } = RULES[rule];
  const options = OPTIONS[rule] ?? {};
  const rules = async (text: string, given = options) => (await find(source(rule, text), given)).map((one) => one.rule);

  it('finds something in the bad example, and says what, where and how to mend it', async () => {
    const found = (await find(source(rule, bad), options)).find((one) => one.rule === rule);
    expect(found).toMatchObject({ rule, summary: RULES[rule].summary, url: ruleUrl(rule, RULES[rule]) });
    expect(found?.message).not.toMatch(/[{}]/);
    expect(found?.mend).not.toMatch(/[{}]/);
    expect(found?.location.startLine).toBeGreaterThan(0);
  });

  it('finds nothing in the good one', async () => {
    expect(await rules(good, GOOD[rule] ?? options)).not.toContain(rule);
  });

  it('is skipped by the directive', async () => {
    expect(await rules(withDirective(bad, rule))).not.toContain(rule);
    if (RULES[rule].experimental !== true)
      expect(await rules(`# check=skip=all\n${bad.replace(/^# check=.*\n/, '')}`)).toEqual([]);
  });
});

/** Found in no instruction, or only where they are asked for. */
const WITHOUT_COMMENT = new Set(['UnusedBuildArg', 'InvalidUtf8', 'UnknownLintRule', 'InvalidDefinitionDescription']);

it.each(RULE_NAMES.filter((name) => !WITHOUT_COMMENT.has(name)))(
  '%s is skipped by a comment above the instruction',
  async (rule) => {
    const found = await find(withComments(RULES[rule].bad, rule), OPTIONS[rule]);
    expect(found.map((one) => one.rule)).not.toContain(rule);
  },
);

it.each<[RuleName, string]>([
  ['JSONArgsRecommended', 'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/'],
  [
    'FromPlatformFlagConstDisallowed',
    'https://docs.docker.com/go/dockerfile/rule/from-platform-flag-const-disallowed/',
  ],
  ['InvalidBaseImagePlatform', 'docs/lint.md#invalidbaseimageplatform'],
  ['EmulatedCompile', 'docs/lint.md#emulatedcompile'],
])('%s is explained at %s', (rule, url) => {
  expect(ruleUrl(rule, RULES[rule])).toBe(url);
});

it('has BuildKit’s 22 rules', () => {
  expect(RULE_NAMES.filter((name) => RULES[name].owner === 'buildkit')).toHaveLength(22);
});
