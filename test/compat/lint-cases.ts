/** A Dockerfile in which polyarch and BuildKit must find the same, rule, line and text. */
export interface LintCase {
  readonly name: string;
  readonly dockerfile: string;
  /** `.dockerignore`. */
  readonly ignore?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
}

const of = (...lines: string[]) => `${['FROM busybox', ...lines].join('\n')}\n`;

export const cases: readonly LintCase[] = [
  { name: 'nothing to find', dockerfile: of('RUN true', 'CMD ["sh"]') },
  { name: 'a stage in upper case', dockerfile: 'FROM busybox AS BASE\nFROM base\n' },
  {
    name: 'a stage with one upper-case letter and a flag',
    dockerfile: 'FROM --platform=$BUILDPLATFORM busybox AS myBase\n',
  },
  { name: 'as in lower case', dockerfile: 'FROM busybox as a\nfrom busybox AS b\nfrom busybox as c\n' },
  { name: 'as in mixed case', dockerfile: 'FROM busybox As a\nFrom busybox as b\nFrom busybox As c\n' },
  { name: 'mostly lower case', dockerfile: 'from busybox as a\nrun true\nRUN true\nCopy a b\n' },
  { name: 'as much lower as upper case', dockerfile: 'FROM busybox\nRUN true\nrun true\nenv A=b\n' },
  { name: 'mixed case only', dockerfile: 'From busybox\nRun true\nEnv A=b\n' },
  {
    name: 'ARG before FROM is not counted',
    dockerfile: 'arg A=1\narg B=2\narg C=3\nFROM busybox\nRUN true\nrun true\n',
  },
  { name: 'an ONBUILD in another case', dockerfile: of('onbuild RUN true', 'ONBUILD run true', 'RUN true') },
  { name: 'a stage twice', dockerfile: 'FROM busybox AS a\nFROM busybox AS b\nFROM busybox AS a\nFROM busybox AS A\n' },
  { name: 'reserved names', dockerfile: 'FROM busybox AS scratch\nFROM busybox AS context\n' },
  { name: 'an argument that is not declared', dockerfile: 'ARG VERSION=latest\nFROM busybox:${VERSOIN:-latest}\n' },
  {
    name: 'an argument that is not declared, in the platform',
    dockerfile: 'FROM --platform=${PLATFORM:-linux/amd64} busybox\n',
  },
  {
    name: 'a platform argument in the base',
    dockerfile: 'FROM busybox${TARGETOSVERSION}\nFROM alpine${BUILDVARIANT}\n',
  },
  { name: 'a default that is empty', dockerfile: 'ARG BASE\nFROM ${BASE}\n', args: { BASE: 'busybox' } },
  { name: 'a default that is no reference', dockerfile: 'ARG TAG=:\nFROM busybox:${TAG}\n', args: { TAG: 'latest' } },
  {
    name: 'a default from another argument',
    dockerfile: 'ARG A\nARG B=busybox${A}\nFROM ${B} AS x\nFROM ${A}\n',
    args: { A: ':latest', B: 'busybox' },
    target: 'x',
  },
  {
    name: 'a base of another platform',
    dockerfile:
      'FROM busybox@{{digest:busybox/arm64}}\nFROM --platform=linux/arm64 busybox@{{digest:busybox/arm64}} AS a\nFROM a\n',
  },
  {
    name: 'a constant platform',
    dockerfile: 'FROM --platform=linux/amd64 busybox AS a\nFROM --platform=linux/arm64 busybox\n',
  },
  {
    name: 'a constant platform that the name tells',
    dockerfile:
      'FROM --platform=linux/amd64 busybox AS build-amd64\nFROM --platform=linux/arm64 busybox AS linux\nFROM --platform=linux/arm64 busybox AS amd64\n',
  },
  {
    name: 'constant platforms under other names',
    dockerfile: 'FROM --platform=linux/aarch64 busybox AS arm64\nFROM --platform=x86_64 busybox AS aarch64\n',
  },
  {
    name: 'a redundant platform',
    dockerfile: 'FROM --platform=$TARGETPLATFORM busybox AS a\nFROM --platform=${TARGETPLATFORM} busybox\n',
  },
  {
    name: 'a platform with a default',
    dockerfile:
      'FROM --platform=${TARGETPLATFORM:-linux/arm64} busybox AS a\nFROM --platform=$TARGETOS/$TARGETARCH busybox\n',
  },
  {
    name: 'an empty continuation',
    dockerfile: of('RUN echo a && \\', '', '  echo b', 'RUN echo c && \\', '  # fine', '  echo d'),
  },
  {
    name: 'two empty continuations in one instruction, with blanks',
    dockerfile: of('ENV A=b \\', '  ', '  C=d \\', '', '  E=f', 'RUN true'),
  },
  {
    name: 'descriptions without the experimental rule',
    dockerfile: '# the base\nFROM busybox AS base\n# some argument\nARG A\n',
  },
  {
    name: 'descriptions',
    dockerfile:
      '# check=experimental=InvalidDefinitionDescription\n# the base\nARG A=1\n# A is it\nARG A\n# base is it\nFROM busybox AS base\n# else\nARG B C=1\n# C says\nARG B C\n# one\n#\nARG D\n# two\n\nARG E\n# nameless\nFROM busybox\n',
  },
  {
    name: 'all experimental rules, all others skipped',
    dockerfile: '# check=skip=all;experimental=all\n# the base\nFROM busybox as Base\nCMD x\n',
  },
  { name: 'commands in shell form', dockerfile: of('CMD sh', 'ENTRYPOINT exec sh', 'HEALTHCHECK CMD true') },
  {
    name: 'commands in shell form behind SHELL',
    dockerfile: of('SHELL ["/bin/sh", "-c"]', 'CMD sh') + 'FROM busybox\nCMD sh\nSHELL ["/bin/sh", "-c"]\n',
  },
  { name: 'a broken JSON form', dockerfile: of("CMD ['sh']") },
  {
    name: 'several of what counts once',
    dockerfile: of(
      'CMD ["a"]',
      'ENTRYPOINT ["b"]',
      'CMD ["c"]',
      'HEALTHCHECK NONE',
      'ENTRYPOINT ["d"]',
      'CMD ["e"]',
      'HEALTHCHECK CMD true',
    ),
  },
  { name: 'once in each stage', dockerfile: 'FROM busybox AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n' },
  { name: 'a maintainer', dockerfile: of('MAINTAINER someone', 'maintainer someone else') },
  {
    name: 'relative folders',
    dockerfile: of('WORKDIR a', 'WORKDIR b', 'WORKDIR /c') + 'FROM busybox\nWORKDIR /x\nWORKDIR y\n',
  },
  {
    name: 'a relative folder behind a stage with one',
    dockerfile: 'FROM busybox AS a\nWORKDIR /a\nFROM a\nWORKDIR b\nFROM busybox\nWORKDIR $X\n',
  },
  {
    name: 'variables that are not set',
    dockerfile: of('ENV A=$B', 'COPY $SRC /x', 'LABEL l=$L', 'USER $U', 'WORKDIR /$W', 'ENV C=$A', 'ARG D=$E'),
  },
  {
    name: 'variables with a default or a condition',
    dockerfile: of('ENV A=${B:-c} D=${E:+f} G=${H-i}', 'ENV J=${A#x} K=$PATH'),
  },
  {
    name: 'variables that are near',
    dockerfile: of('ARG DIRECTORY=/x', 'ENV PATTH=$PAHT', 'COPY a $DIRECTROY', 'ENV X=$DIRECTORY$Q'),
  },
  { name: 'an argument declared without a value', dockerfile: of('ARG A', 'ENV B=$A', 'ENV C=$D', 'ARG D') },
  {
    name: 'variables in a heredoc',
    dockerfile: of(
      'COPY <<EOF /x',
      '$A and ${B}',
      'EOF',
      "COPY <<'EOF' /y",
      '$C',
      'EOF',
      'RUN <<EOF',
      'echo $D',
      'EOF',
    ),
  },
  {
    name: 'variables in RUN, CMD and EXPOSE',
    dockerfile: of('RUN echo $A', 'CMD ["$B"]', 'EXPOSE $C 80', 'ENTRYPOINT ["x"]'),
  },
  {
    name: 'variables in mounts',
    dockerfile: of('RUN --mount=type=cache,target=/c/$A true', 'RUN --mount=type=secret,id=$B true'),
  },
  { name: 'variables in the flags of COPY', dockerfile: of('COPY --chown=$OWNER a b', 'ADD --chmod=${MODE:-644} a b') },
  {
    name: 'variables of the base and of a base stage',
    dockerfile: 'FROM busybox AS a\nARG A=1\nENV B=2\nFROM a\nENV C=$A D=$B E=$PATH\n',
  },
  { name: 'platform arguments without ARG', dockerfile: of('ENV A=$TARGETARCH', 'ARG TARGETOS', 'ENV B=$TARGETOS') },
  { name: 'proxy arguments', dockerfile: of('ENV A=$HTTP_PROXY B=$no_proxy') },
  { name: 'blanks for equals signs', dockerfile: of('ENV A b c', 'LABEL d e', 'ENV f=g', 'env H i') },
  {
    name: 'secrets by name',
    dockerfile:
      'ARG API_KEY=1\nFROM busybox\nARG AWS_SECRET_ACCESS_KEY\nENV MY_PASSWORD=x GITHUB_TOKEN=y\nARG KEYS TOKENIZER\nENV PUBLIC_KEY=1 KEY_FILE=2 TOKEN_VERSION=3\nARG auth\n',
  },
  {
    name: 'more secrets by name',
    dockerfile: of(
      'ENV apikey=1',
      'ENV PASSWD=2 PWORD=3',
      'ARG CREDENTIALS credential',
      'ENV SECRETS=1 MYSECRET=2 SECRET_=3',
    ),
  },
  {
    name: 'files that are ignored',
    dockerfile: of('COPY a.log b.txt /', 'ADD a.log /', 'COPY ./sub/../a.log /', 'COPY sub/x /'),
    ignore: '*.log\nsub\n',
  },
  { name: 'ignored files with an exception', dockerfile: of('COPY a.log /'), ignore: '*.log\n!b.log\n' },
  { name: 'all is ignored', dockerfile: of('COPY . /', 'COPY / /x', 'COPY a /'), ignore: '**\n' },
  {
    name: 'the root beside a pattern that matches it not',
    dockerfile: of('COPY . /', 'COPY *.md /'),
    ignore: '*.md\n.\n',
  },
  {
    name: 'ignored files that come from a stage',
    dockerfile: 'FROM busybox AS a\nFROM busybox\nCOPY --from=a /x.log /\nCOPY <<EOF /y.log\nEOF\n',
    ignore: '*.log\n',
  },
  {
    name: 'ports',
    dockerfile: of(
      'EXPOSE 80/TCP 81/Udp 82/sctp',
      'EXPOSE 8080:80',
      'EXPOSE 127.0.0.1:80:81/UDP',
      'EXPOSE 90-95 [::1]:1:2',
    ),
  },
  { name: 'ports with nothing before the colon', dockerfile: of('EXPOSE :80', 'EXPOSE ::81') },
  {
    name: 'rules skipped in the head',
    dockerfile: '# check=skip=JSONArgsRecommended, StageNameCasing\nFROM busybox AS Base\nCMD x\nWORKDIR y\n',
  },
  {
    name: 'rules skipped beside other directives',
    dockerfile: '# escape=`\n# check=skip=WorkdirRelativePath\nFROM busybox\nWORKDIR y\nRUN a `\n\n  b\n',
  },
  {
    name: 'a name in another spelling skips nothing',
    dockerfile: '# check=skip=jsonargsrecommended\nFROM busybox\nCMD x\n',
  },
  {
    name: 'rules skipped by comments',
    dockerfile: of(
      '# check=skip=JSONArgsRecommended',
      'CMD x',
      '# check=skip=all',
      'ENTRYPOINT y',
      '# a comment',
      '# check=skip=WorkdirRelativePath behind a blank',
      'WORKDIR z',
      '# check=skip=nonsense;what',
      'ENV A b',
    ),
  },
  {
    name: 'a comment that is parted from its instruction',
    dockerfile: of(
      '# check=skip=JSONArgsRecommended',
      '#',
      'CMD x',
      '# check=skip=LegacyKeyValueFormat',
      '',
      'ENV A b',
    ),
  },
  {
    name: 'comments above FROM',
    dockerfile:
      '#\n# check=skip=StageNameCasing\nFROM busybox AS Base\n# check=skip=FromAsCasing,FromPlatformFlagConstDisallowed\nFROM --platform=linux/amd64 busybox as x\n',
  },
  {
    name: 'stages that the last one does not need',
    dockerfile: 'FROM busybox AS unused\nCMD x\nWORKDIR y\nFROM alpine\nENV A b\n',
  },
  {
    name: 'stages that a target does not need',
    dockerfile: 'FROM busybox AS one\nCMD x\nFROM alpine AS two\nENV A b\n',
    target: 'one',
  },
  { name: 'findings as errors', dockerfile: '# check=error=true\nFROM busybox\nCMD x\nENV A b\n' },
  { name: 'CRLF', dockerfile: 'FROM busybox as a\r\nCMD x\r\nRUN a \\\r\n\r\n  b\r\n' },
  {
    name: 'long instructions',
    dockerfile: of('ENV \\', '  A=$B', 'RUN <<A <<B', 'A', 'x', 'B', 'CMD \\', '  # comment', '  x'),
  },
];
