import { type Arbitrary, array, constantFrom, oneof, string, tuple } from 'fast-check';

const SEPARATORS = [' ', ' ', ' ', ' \\\n', ' \\ \n# note\n  ', '\\\n\n', '\t', ' `\n'];
const KEYWORDS =
  'FROM RUN COPY ADD ENV LABEL ARG CMD ENTRYPOINT EXPOSE HEALTHCHECK MAINTAINER ONBUILD SHELL STOPSIGNAL USER VOLUME WORKDIR run Copy';
const WORDS = [
  'a',
  'b=c',
  'K="x y"',
  "k='q'",
  '$x',
  '${x:-y}',
  '\\',
  '\\"',
  '"open',
  '`',
  'é',
  '80/tcp',
  '/dst',
  '.',
  'AS',
  'name',
  '--',
  '<<EOF',
  '<<-EOF',
  '<<"E\'F"',
  "<<'EOF'",
  '<< EOF',
  '3<<X',
  '<<A\\"B',
  '["a","b"]',
  '["a", 1]',
  '[]',
  '["<<EOF","/d"]',
  '#c',
  'CMD',
  'NONE',
  'RUN',
  'COPY',
  '\\ ',
  '\f',
  '"',
  "it's",
];
const FLAGS = [
  '--from=a',
  '--chown=1:2',
  '--link',
  '--link=false',
  '--mount=type=cache,target=/a',
  '--mount="a b"',
  '--network=none',
  '--platform=$P',
  '--exclude=*.md',
  '--exclude=a\\ b',
  '--interval=1m30.5s',
  '--retries=3',
  "--chmod='a b'",
  '--parents',
  '--device="a,b"',
  '--device=v/c=n,required',
  '--unpack',
  '--keep-git-dir=false',
  '--security=insecure',
  '--x',
];
const HEADS = [
  '',
  '',
  '# syntax=docker/dockerfile:1\n',
  '# escape=`\n',
  '#check=skip=all\n# escape=\\\n',
  '#!/x\n# syntax=docker/dockerfile\n',
  '\uFEFF# n\n',
];
const BODIES = ['', '', 'body $x\n\tEOF\nEOF\n', 'EOF\n', "E'F\nEOF\nX\n", 'one\r\nEOF\r\n', '\ttab\n\tEOF\n', 'A"B\n'];

const word = oneof({ weight: 9, arbitrary: constantFrom(...WORDS) }, string({ maxLength: 4 }));
const piece = tuple(constantFrom(...SEPARATORS), word).map((parts) => parts.join(''));
const flag = tuple(constantFrom(...SEPARATORS), constantFrom(...FLAGS)).map((parts) => parts.join(''));
const comment = constantFrom('', '', '# a note\n', '#\n', '\n', '  # x\n', '# name the stage\n');
const instruction = tuple(
  comment,
  constantFrom(...KEYWORDS.split(' ')),
  array(flag, { maxLength: 1 }),
  array(piece, { maxLength: 4 }),
  constantFrom('\n', '\n', '\r\n', ''),
  constantFrom(...BODIES),
).map((parts) => parts.flat().join(''));
/** Texts that are nearly Dockerfiles: every instruction and form, some of it wrong. */
export const arbitraryDockerfile: Arbitrary<string> = tuple(
  constantFrom(...HEADS),
  constantFrom('', 'FROM a\n', 'ARG x=1\nFROM a AS name\n'),
  array(instruction, { maxLength: 2 }),
).map((parts) => parts.flat().join(''));
