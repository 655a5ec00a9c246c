import { describe, expect, test } from 'vitest';
import { convertText } from '../../test/support/convert.ts';
import { PolyarchError } from '../util/error.ts';
import { findMark } from './mark.ts';

type Row = readonly [source: string, code: string, place: string, marked: string, nearest: string];

/** The parser throws at once, the conversion later. */
async function refused(source: string): Promise<unknown> {
  return convertText(source);
}

/** The line of the instruction, then line and column of the mark. */
async function expectMark(source: string, [, code, place, marked, nearest]: Row): Promise<void> {
  const error = await refused(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PolyarchError)) throw new Error('the source was taken', { cause: error });
  const { startLine, mark, excerpt } = error.details;
  if (typeof mark !== 'object' || mark === null || !('line' in mark && 'column' in mark && 'length' in mark)) {
    throw new Error(`no mark: ${error.message}`);
  }
  const line = source.split('\n')[Number(mark.line) - 1] ?? '';
  const start = Number(mark.column) - 1;
  expect([error.code, `${String(startLine)} ${String(mark.line)}:${start + 1}`]).toEqual([code, place]);
  expect(line.slice(start, start + Number(mark.length))).toBe(marked);
  expect(/did you mean (?:this )?([^?]+)\?/.exec(error.message)?.[1] ?? '').toBe(nearest);
  expect(excerpt).toContain(`${line}\n     |     ${' '.repeat(start)}${'^'.repeat(marked.length)}\n`);
}

describe('what is wrong is marked, and the nearest right word is named', () => {
  test.each<Row>([
    ['# escape=x\nFROM busybox', 'DOCKERFILE_PARSE', '1 1:10', 'x', ''],
    ['# syntax=docker/dockerfile\n# Syntax=docker/dockerfile\nFROM busybox', 'DOCKERFILE_PARSE', '2 2:3', 'Syntax', ''],
    ['# syntax=example.test/a/b:1 c\nFROM x', 'FRONTEND_UNSUPPORTED', '1 1:10', 'example.test/a/b:1', ''],
    ['ARG a\nRUN b\nFROM c', 'DOCKERFILE_PARSE', '2 2:1', 'RUN', ''],
    ['ARG SOURCE_DATE_EPOCH=today\nFROM busybox', 'SOURCE_DATE_EPOCH_INVALID', '1 1:23', 'today', ''],
    ['ARG a=${b:?x}\nFROM busybox', 'DOCKERFILE_EXPAND', '1 1:7', '${b:?x}', ''],
    [
      'FROM busybox AS a\nCOPY --from=b /x /x\nFROM busybox AS b\nCOPY --from=a /x /x',
      'STAGE_CIRCULAR',
      '4 4:13',
      'a',
      '',
    ],
  ])('%j', (...row) => expectMark(row[0], row));

  test.each<Row>([
    ['FORM b', 'DOCKERFILE_UNKNOWN_INSTRUCTION', '2 2:1', 'FORM', 'FROM'],
    ['rnu b', 'DOCKERFILE_UNKNOWN_INSTRUCTION', '2 2:1', 'rnu', 'run'],
    ['HEALTCHECK NONE', 'DOCKERFILE_UNKNOWN_INSTRUCTION', '2 2:1', 'HEALTCHECK', 'HEALTHCHECK'],
    ['FROM', 'DOCKERFILE_PARSE', '2 2:1', 'FROM', ''],
    ['FROM a AS', 'DOCKERFILE_PARSE', '2 2:1', 'FROM', ''],
    ['FROM busybox IS b', 'DOCKERFILE_PARSE', '2 2:14', 'IS', ''],
    ['FROM busybox AS b c', 'DOCKERFILE_PARSE', '2 2:19', 'c', ''],
    ['FROM busybox AS 1b', 'DOCKERFILE_PARSE', '2 2:17', '1b', ''],
    ['FROM --platfrom=linux/amd64 busybox', 'DOCKERFILE_UNKNOWN_FLAG', '2 2:6', '--platfrom', 'platform'],
    ['FROM --platform=$nope busybox', 'DOCKERFILE_PARSE', '2 2:17', '$nope', ''],
    ['FROM ${nope}', 'DOCKERFILE_PARSE', '2 2:6', '${nope}', ''],
    ['FROM BusyBox', 'INVALID_REFERENCE', '2 2:6', 'BusyBox', 'busybox'],
    ['FROM busybx', 'NOT_FOUND', '2 2:6', 'busybx', 'busybox'],
    ['COPY --fron=x a b', 'DOCKERFILE_UNKNOWN_FLAG', '2 2:6', '--fron', 'from'],
    ['COPY --from=one --from=two a b', 'DOCKERFILE_PARSE', '2 2:17', '--from=two', ''],
    ['COPY --from=one --from=one a b', 'DOCKERFILE_PARSE', '2 2:6', '--from=one', ''],
    ['COPY --from a b', 'DOCKERFILE_PARSE', '2 2:6', '--from', ''],
    ['COPY --link=ture a b', 'DOCKERFILE_PARSE', '2 2:6', '--link=ture', 'true'],
    ['COPY --from=$x a b', 'DOCKERFILE_PARSE', '2 2:6', '--from=$x', ''],
    ['COPY --from=9 a b', 'STAGE_NOT_FOUND', '2 2:6', '--from=9', ''],
    ['COPY --from=later a b', 'NOT_FOUND', '2 2:13', 'later', ''],
    ['COPY --from=bsybox a b', 'NOT_FOUND', '2 2:13', 'bsybox', 'busybox'],
    ['COPY --chmod=u+q a b', 'DOCKERFILE_PARSE', '2 2:6', '--chmod=u+q', ''],
    ['COPY --chmod=99 a b', 'DOCKERFILE_PARSE', '2 2:6', '--chmod=99', ''],
    ['COPY a', 'DOCKERFILE_PARSE', '2 2:6', 'a', ''],
    ['COPY a ${x', 'DOCKERFILE_EXPAND', '2 2:8', '${x', ''],
    ['COPY "a b', 'DOCKERFILE_EXPAND', '2 2:6', '"a', ''],
    ["COPY a 'b", 'DOCKERFILE_EXPAND', '2 2:8', "'b", ''],
    ['COPY https://x.test/a b', 'DOCKERFILE_PARSE', '2 2:6', 'https://x.test/a', ''],
    ['COPY <<A <<B /\na\nA\n${x:?gone}\nB', 'DOCKERFILE_EXPAND', '2 5:1', '${x:?gone}', ''],
    ['ADD --checksum=sha256:x a b', 'DOCKERFILE_PARSE', '2 2:25', 'a', ''],
    ['ADD --keep-gitdir https://x.test/a.git b', 'DOCKERFILE_UNKNOWN_FLAG', '2 2:5', '--keep-gitdir', 'keep-git-dir'],
    ['ADD --checksum=md5:x https://x.test/a b', 'INVALID_DIGEST', '2 2:16', 'md5:x', ''],
    ['ADD https://x.test/a.git?brnch=b c', 'GIT_REFERENCE_INVALID', '2 2:26', 'brnch', '"branch"'],
    ['ENV a', 'DOCKERFILE_PARSE', '2 2:5', 'a', ''],
    ['ENV =a', 'DOCKERFILE_PARSE', '2 2:5', '=a', ''],
    ['ENV a=b =c', 'DOCKERFILE_PARSE', '2 2:9', '=c', ''],
    ['ENV a=b c', 'DOCKERFILE_PARSE', '2 2:9', 'c', ''],
    ['ENV A=${B^^}', 'DOCKERFILE_EXPAND', '2 2:7', '${B^', ''],
    ['ENV A=b \\\n  # C=${B^}\n  C=${B^} \\\n  D=e', 'DOCKERFILE_EXPAND', '2 4:5', '${B^', ''],
    ['LABEL a=b c', 'DOCKERFILE_PARSE', '2 2:11', 'c', ''],
    ['ARG', 'DOCKERFILE_PARSE', '2 2:1', 'ARG', ''],
    ['ARG =a', 'DOCKERFILE_PARSE', '2 2:5', '=a', ''],
    ['ARG a=${b', 'DOCKERFILE_EXPAND', '2 2:7', '${b', ''],
    ['RUN ["a", 1]', 'DOCKERFILE_PARSE', '2 2:11', '1', ''],
    ['RUN []', 'DOCKERFILE_PARSE', '2 2:1', 'RUN', ''],
    ['RUN --network=hsot a', 'DOCKERFILE_PARSE', '2 2:5', '--network=hsot', 'host'],
    ['RUN --security=insecur a', 'DOCKERFILE_PARSE', '2 2:5', '--security=insecur', 'insecure'],
    ['RUN --mount=type=cahce,target=/a b', 'DOCKERFILE_PARSE', '2 2:13', 'type=cahce', 'cache'],
    ['RUN --mount=type=cache,traget=/a b', 'DOCKERFILE_PARSE', '2 2:24', 'traget', 'target'],
    ['RUN --mount=type=cache b', 'DOCKERFILE_PARSE', '2 2:13', 'type=cache', ''],
    ['RUN --mount=type=bind,from=$x,target=/a b', 'DOCKERFILE_PARSE', '2 2:23', 'from=$x', ''],
    ['RUN --mount=type=bind,from=later,target=/a b', 'NOT_FOUND', '2 2:28', 'later', ''],
    ['RUN --mount=type=cache,target=/a,sharing=lokced b', 'DOCKERFILE_PARSE', '2 2:34', 'sharing=lokced', 'locked'],
    ['RUN --mount=type=bind,target=/a,sharing=locked b', 'DOCKERFILE_PARSE', '2 2:33', 'sharing=locked', ''],
    ['RUN --mount=type=tmpfs,target=/a,size=big b', 'DOCKERFILE_PARSE', '2 2:34', 'size=big', ''],
    ['RUN --mount=type=secret b', 'DOCKERFILE_PARSE', '2 2:13', 'type=secret', ''],
    ['RUN --mount=type=secret,id=a,src=b c', 'DOCKERFILE_PARSE', '2 2:30', 'src=b', ''],
    ['RUN --mount=type=secret,id=a,mode=9 c', 'DOCKERFILE_PARSE', '2 2:30', 'mode=9', ''],
    ['RUN --mount=type=bind,target=/a,uid=1 c', 'DOCKERFILE_PARSE', '2 2:33', 'uid=1', ''],
    ['RUN --mount=type=bind,target=/a,requierd c', 'DOCKERFILE_PARSE', '2 2:33', 'requierd', 'required'],
    ['RUN --mount=type=ssh,source=x b', 'DOCKERFILE_PARSE', '2 2:29', 'x', ''],
    ['RUN --mount=type=bind,target=/a,ro=maybe b', 'DOCKERFILE_PARSE', '2 2:33', 'ro=maybe', ''],
    ['RUN --mount=type=cache,tar\\\nget=/a,id b', 'DOCKERFILE_PARSE', '2 3:8', 'id', ''],
    ['RUN --device=a,requierd=true b', 'DOCKERFILE_PARSE', '2 2:16', 'requierd=true', 'required'],
    ['RUN --device=a,requierd b', 'DOCKERFILE_PARSE', '2 2:16', 'requierd', 'required'],
    ['RUN <<A\nb', 'DOCKERFILE_PARSE', '2 2:5', '<<A', ''],
    ['RUN <<-"A" cat\nb', 'DOCKERFILE_PARSE', '2 2:5', '<<-"A"', ''],
    ['EXPOSE', 'DOCKERFILE_PARSE', '2 2:1', 'EXPOSE', ''],
    ['EXPOSE 80/tpc', 'DOCKERFILE_PARSE', '2 2:8', '80/tpc', 'tcp'],
    ['EXPOSE 80 99999', 'DOCKERFILE_PARSE', '2 2:11', '99999', ''],
    ['EXPOSE 90-80', 'DOCKERFILE_PARSE', '2 2:8', '90-80', ''],
    ['EXPOSE http', 'DOCKERFILE_PARSE', '2 2:8', 'http', ''],
    ['HEALTHCHECK', 'DOCKERFILE_PARSE', '2 2:1', 'HEALTHCHECK', ''],
    ['HEALTHCHECK NONE a', 'DOCKERFILE_PARSE', '2 2:18', 'a', ''],
    ['HEALTHCHECK CDM a', 'DOCKERFILE_PARSE', '2 2:13', 'CDM', ''],
    ['HEALTHCHECK CMD', 'DOCKERFILE_PARSE', '2 2:13', 'CMD', ''],
    ['HEALTHCHECK --interval=soon CMD a', 'DOCKERFILE_PARSE', '2 2:13', '--interval=soon', ''],
    ['HEALTHCHECK --intervall=1s CMD a', 'DOCKERFILE_UNKNOWN_FLAG', '2 2:13', '--intervall', 'interval'],
    ['HEALTHCHECK --timeout=1us CMD a', 'DOCKERFILE_PARSE', '2 2:13', '--timeout=1us', ''],
    ['HEALTHCHECK --retries=-1 CMD a', 'DOCKERFILE_PARSE', '2 2:13', '--retries=-1', ''],
    ['HEALTHCHECK --retries=x CMD a', 'DOCKERFILE_PARSE', '2 2:13', '--retries=x', ''],
    ['MAINTAINER', 'DOCKERFILE_PARSE', '2 2:1', 'MAINTAINER', ''],
    ['ONBUILD', 'DOCKERFILE_PARSE', '2 2:1', 'ONBUILD', ''],
    ['ONBUILD ONBUILD RUN a', 'DOCKERFILE_PARSE', '2 2:1', 'ONBUILD', ''],
    ['ONBUILD from a', 'DOCKERFILE_PARSE', '2 2:9', 'from', ''],
    ['SHELL bash -c', 'DOCKERFILE_PARSE', '2 2:7', 'bash -c', ''],
    ['SHELL []', 'DOCKERFILE_PARSE', '2 2:1', 'SHELL', ''],
    ['STOPSIGNAL', 'DOCKERFILE_PARSE', '2 2:1', 'STOPSIGNAL', ''],
    ['STOPSIGNAL SIGTREM', 'DOCKERFILE_PARSE', '2 2:12', 'SIGTREM', 'SIGTERM'],
    ['STOPSIGNAL 0', 'DOCKERFILE_PARSE', '2 2:12', '0', ''],
    ['USER', 'DOCKERFILE_PARSE', '2 2:1', 'USER', ''],
    ['VOLUME', 'DOCKERFILE_PARSE', '2 2:1', 'VOLUME', ''],
    ['VOLUME ["a", " "]', 'DOCKERFILE_PARSE', '2 2:1', 'VOLUME', ''],
    ['VOLUME $nope', 'DOCKERFILE_PARSE', '2 2:8', '$nope', ''],
    ['WORKDIR', 'DOCKERFILE_PARSE', '2 2:1', 'WORKDIR', ''],
    ['WORKDIR ${a/b}', 'DOCKERFILE_EXPAND', '2 2:9', '${a/b}', ''],
    ['COPY --from=nxet a b\nFROM busybox AS next\nCOPY --from=one a b', 'NOT_FOUND', '2 2:13', 'nxet', 'next'],
  ])('%s', (...row) => expectMark(`FROM busybox AS one\n${row[0]}\n`, row));
});

test('a failure of one platform among several names it', async () => {
  const options = { platform: 'linux/arm/v7', multiPlatform: true };
  await expect(convertText('FROM busybox\nWORKDIR ${a?}\n', options)).rejects.toThrow(/ \(for linux\/arm\/v7\)$/);
  await expect(convertText('FROM busybox\nWORKDIR ${a?}\n')).rejects.not.toThrow(/linux/);
});

test('the caret stands below the word behind tabs and letters beyond ASCII', async () => {
  await expect(refused('FROM busybox\n\tLABEL\té=\u{1f600} c\n')).rejects.toMatchObject({
    details: { excerpt: expect.stringContaining('\tLABEL\té=\u{1f600} c\n     |     \t     \t    ^\n') },
  });
});

describe('a word is looked for', () => {
  const location = { file: 'f', startLine: 1, endLine: 3 };
  const lines = ['RUN --mount=a x', '# b', 'b=a a:b', 'c'];
  test.each<[word: string | string[], found: ReturnType<typeof findMark>]>([
    ['a', { line: 1, column: 13, length: 1 }],
    ['b', { line: 3, column: 1, length: 1 }],
    ['a:b', { line: 3, column: 5, length: 3 }],
    [['none', 'x'], { line: 1, column: 15, length: 1 }],
    ['oun', { line: 1, column: 8, length: 3 }],
    ['c', undefined],
    ['', undefined],
  ])('%s', (word, found) => {
    expect(findMark(word, location, lines)).toEqual(found);
  });
});
