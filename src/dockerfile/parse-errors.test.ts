import { describe, expect, test } from 'vitest';
import { PolyarchError } from '../util/error.ts';
import { parseDockerfile } from './parse.ts';

function refusal(source: string): PolyarchError {
  try {
    parseDockerfile(source, { filename: 'x/Dockerfile' });
  } catch (error) {
    if (error instanceof PolyarchError) return error;
    throw error;
  }
  throw new Error('the source was read');
}

const P = 'DOCKERFILE_PARSE';
const INSTRUCTION = 'DOCKERFILE_UNKNOWN_INSTRUCTION';
const FLAG = 'DOCKERFILE_UNKNOWN_FLAG';

describe('a file is refused as a whole', () => {
  test.each<[source: string, line: number, message: string]>([
    ['', 1, 'file with no instructions'],
    ['# only\n\n', 2, 'file with no instructions'],
    ['ARG a\nARG b', 2, 'no FROM: the file contains no stage to build'],
    ['ARG a\nRUN b\nFROM c', 2, 'no build stage in current context: RUN stands before any FROM'],
    ['# escape=x\nFROM a', 1, "invalid escape token 'x' does not match ` or \\"],
    ['# syntax=docker/dockerfile\n# syntax=b\nFROM a', 2, 'only one syntax parser directive can be used'],
    ['ENV a=b\nRUNN c\nFROM d', 1, 'no build stage in current context: ENV stands before any FROM'],
    ['ARG a\nARG =b\nRUN c\nFROM d', 2, 'ARG names can not be blank'],
    ['FROM a\nRUN <<A\nb\n', 2, 'unterminated heredoc A'],
  ])('%j', (source, line, message) => {
    const error = refusal(source);
    expect(error.message).toBe(`x/Dockerfile:${line}: ${message}`);
    expect(error).toMatchObject({ code: P, details: { file: 'x/Dockerfile', startLine: line } });
  });
});

describe('an instruction is refused', () => {
  test.each<[text: string, code: string, message: string]>([
    ['FORM b', INSTRUCTION, 'unknown instruction: FORM (did you mean FROM?)'],
    ['rnu b', INSTRUCTION, 'unknown instruction: rnu (did you mean run?)'],
    ['nonsense b', INSTRUCTION, 'unknown instruction: nonsense'],
    ['FROM', P, 'FROM requires either one or three arguments'],
    ['FROM a AS', P, 'FROM requires either one or three arguments'],
    ['FROM a IS b', P, 'FROM requires either one or three arguments'],
    ['FROM a AS 1b', P, 'invalid name for build stage: "1b", name can\'t start with a number or contain symbols'],
    ['FROM --from=x a', FLAG, 'unknown flag: --from'],
    ['COPY --fron=x a b', FLAG, 'unknown flag: --fron (did you mean from?)'],
    ['COPY --checksum=x a b', FLAG, 'unknown flag: --checksum'],
    ['RUN --constructor=x a', FLAG, 'unknown flag: --constructor'],
    ['USER --x b', FLAG, 'unknown flag: --x'],
    ['COPY --from=a --from=b a b', P, 'duplicate flag specified: --from'],
    ['COPY --from a b', P, 'missing a value on flag: --from'],
    ['COPY --link= a b', P, 'missing a value on flag: --link'],
    ['COPY --link=maybe a b', P, 'expecting boolean value for flag --link, not: maybe'],
    [
      'COPY a',
      P,
      'COPY requires at least two arguments, but only one was provided. Destination could not be determined',
    ],
    [
      'ADD ["a"]',
      P,
      'ADD requires at least two arguments, but only one was provided. Destination could not be determined',
    ],
    ['COPY a <<E\nE', P, 'COPY cannot accept a heredoc as a destination'],
    ['ENV a', P, 'ENV must have two arguments'],
    ['ENV', P, 'ENV requires at least one argument'],
    ['ENV =a', P, 'ENV names can not be blank'],
    ['LABEL a=b c', P, 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
    ['ARG', P, 'ARG requires at least one argument'],
    ['ARG =a', P, 'ARG names can not be blank'],
    ['RUN ["a", 1]', P, 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['RUN --network=fast a', P, 'invalid network mode "fast" (did you mean host?)'],
    ['RUN --network= a', P, 'invalid network mode ""'],
    ['RUN --security=none a', P, 'invalid security mode "none"'],
    ['RUN --mount=from=$x,target=/a b', P, "'from' doesn't support variable expansion, define alias stage instead"],
    ['RUN --mount=a\\"b c', P, 'bare " in non-quoted-field of a"b'],
    ['EXPOSE', P, 'EXPOSE requires at least one argument'],
    ['HEALTHCHECK', P, 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK NONE a', P, 'HEALTHCHECK NONE takes no arguments'],
    ['HEALTHCHECK CMD', P, 'Missing command after HEALTHCHECK CMD'],
    ['HEALTHCHECK RUN a', P, 'Unknown type "RUN" in HEALTHCHECK (try CMD)'],
    ['HEALTHCHECK --interval=soon CMD a', P, 'invalid duration "soon" in --interval'],
    ['HEALTHCHECK --timeout=1us CMD a', P, 'Interval "timeout" cannot be less than 1ms'],
    ['HEALTHCHECK --retries=-1 CMD a', P, '--retries cannot be negative (-1)'],
    ['HEALTHCHECK --retries=x CMD a', P, 'invalid number "x" in --retries'],
    ['MAINTAINER', P, 'MAINTAINER requires exactly one argument'],
    ['ONBUILD', P, 'ONBUILD requires at least one argument'],
    ['ONBUILD ONBUILD RUN a', P, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD from a', P, "FROM isn't allowed as an ONBUILD trigger"],
    ['ONBUILD MAINTAINER a', P, "MAINTAINER isn't allowed as an ONBUILD trigger"],
    ['SHELL a -c', P, 'SHELL requires the arguments to be in JSON form'],
    ['SHELL []', P, 'SHELL requires at least one argument'],
    ['STOPSIGNAL', P, 'STOPSIGNAL requires exactly one argument'],
    ['USER', P, 'USER requires exactly one argument'],
    ['VOLUME', P, 'VOLUME requires at least one argument'],
    ['VOLUME ["a", " "]', P, 'VOLUME specified can not be an empty string'],
    ['WORKDIR', P, 'WORKDIR requires exactly one argument'],
  ])('%s', (text, code, message) => {
    const error = refusal(`FROM a\nUSER b\n${text}`);
    expect(error).toMatchObject({ code, message: `x/Dockerfile:3: ${message}` });
  });

  test('with its lines', () => {
    expect(refusal('FROM a\nUSER b\nCOPY --x \\\n  c\nUSER d').details).toEqual({
      file: 'x/Dockerfile',
      startLine: 3,
      endLine: 4,
      excerpt: [
        'x/Dockerfile:3',
        '--------------------',
        '   2 |     USER b',
        '   3 | >>> COPY --x \\',
        '   4 | >>>   c',
        '     |       ^',
        '   5 |     USER d',
        '--------------------',
        '',
      ].join('\n'),
      mark: { line: 4, column: 3, length: 1 },
    });
  });
});
