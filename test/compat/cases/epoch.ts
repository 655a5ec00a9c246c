import type { CompatCase } from '../case.ts';

const SEE = 'ARG SOURCE_DATE_EPOCH\nRUN echo "[$SOURCE_DATE_EPOCH]" > /seen\nCOPY f /f\n';
const FILES = { f: 'f\n' };
const named = (name: string, dockerfile: string, more: Partial<CompatCase> = {}): CompatCase => ({
  name: `SOURCE_DATE_EPOCH: ${name}`,
  dockerfile,
  files: FILES,
  ...more,
});
const of = (value: string): Pick<CompatCase, 'args'> => ({ args: { SOURCE_DATE_EPOCH: value } });

/** Whose time an image has, where SOURCE_DATE_EPOCH is no number. */
export const cases: readonly CompatCase[] = [
  named('a context of git', '', { context: '{{git}}/lists.git', ...of('context') }),
  named('an archive of the web as context', '', { context: '{{http}}/context.tgz', ...of('context') }),
  named('an archive of the web without a time', '', { context: '{{http}}/untimed.tgz', ...of('context') }),
  named('a Dockerfile of the web as context', '', { context: '{{http}}/plain', ...of('context') }),
  named('a local context', `FROM busybox\n${SEE}`, of('context')),
  named('context, as a default', `ARG SOURCE_DATE_EPOCH=context\nFROM busybox\n${SEE}`),
  named('a named context of git', `FROM busybox\n${SEE}`, { contexts: { repo: '{{git}}/repo.git' }, ...of('repo') }),
  named('a named context of the web', `ARG SOURCE_DATE_EPOCH=web\nFROM busybox\n${SEE}`, {
    contexts: { web: '{{http}}/file.txt' },
  }),
  named('a named folder', `FROM busybox\n${SEE}`, { contexts: { dir: { files: FILES } }, ...of('dir') }),
  named('a named image', `FROM busybox\n${SEE}`, { contexts: { base: 'docker-image://alpine' }, ...of('base') }),
  named(
    'a stage with a repository',
    `ARG ref=other\nFROM scratch AS Source\nARG ref\nARG SOURCE_DATE_EPOCH\nADD {{git}}/repo.git#$ref /\nFROM busybox\n${SEE}COPY --from=source /top.txt /\n`,
    of('source'),
  ),
  named(
    'a stage with a file of the web',
    `ARG SOURCE_DATE_EPOCH=source\nFROM scratch AS source\nARG name=file.txt\nADD --unpack {{http}}/$name /\nFROM busybox\n${SEE}`,
  ),
  named(
    'a stage with an archive without a time',
    `ARG SOURCE_DATE_EPOCH=source\nFROM scratch AS source\nADD {{http}}/untimed.tgz /\nFROM busybox\n${SEE}`,
  ),
  named('a stage that is more', `FROM scratch AS a\nADD {{http}}/now /\nCOPY f /\nFROM busybox\n${SEE}`, {
    ...of('a'),
    expect: 'failure',
  }),
  named('a stage with two', `FROM scratch AS a\nADD {{http}}/now /\nADD {{http}}/now /b\nFROM busybox\n${SEE}`, {
    ...of('a'),
    expect: 'failure',
  }),
  named('a stage on an image', `\nFROM busybox AS a\nADD {{http}}/now /\nFROM busybox\n${SEE}`, {
    ...of('a'),
    expect: 'failure',
  }),
  named('a stage with a local file', `\nFROM scratch AS a\nADD f /\nFROM busybox\n${SEE}`, {
    ...of('a'),
    expect: 'failure',
  }),
];
