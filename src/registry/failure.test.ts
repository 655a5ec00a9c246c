import { expect, test } from 'vitest';
import { connectionFailure, parseErrorList, parseRetryAfter, RegistryFailure } from './failure.ts';
import { redactUrl } from './redact.ts';
import { DEFAULT_RETRY, retrying, type RetryNotice } from './retry.ts';

test.each([
  [
    'https://r.example/v2/a/blobs/uploads/1?_state=secret&digest=sha256:1',
    'https://r.example/v2/a/blobs/uploads/1?_state=***&digest=sha256:1',
  ],
  ['https://user:pass@s3.example/x?X-Amz-Signature=abc#frag', 'https://s3.example/x?X-Amz-Signature=***'],
  ['https://r.example/v2/a/tags/list?n=10&last=b', 'https://r.example/v2/a/tags/list?n=10&last=b'],
  ['no address', '<unreadable address>'],
])('%s is shown as %s', (url, expected) => {
  expect(redactUrl(url)).toBe(expected);
});

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Thu, 01 Jan 1970 00:02:00 GMT', 60_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms after the first minute', (value, expected) => {
  expect(parseRetryAfter(value, 60_000)).toBe(expected);
});

test.each([
  ['{"errors":[{"code":"A","message":"b","detail":{}}]}', [{ code: 'A', message: 'b' }]],
  ['{"errors":[{"code":"A\\u001b[31m"},"x",null]}', [{ code: 'A [31m', message: '' }]],
  ['{"errors":"no"}', []],
  ['<html>', []],
  ['', []],
])('error list %s', (body, expected) => {
  expect(parseErrorList(body)).toEqual(expected);
});

test.each([
  ['ECONNRESET', 'REGISTRY_UNREACHABLE', true],
  ['ETIMEDOUT', 'REGISTRY_UNREACHABLE', true],
  ['EAI_AGAIN', 'REGISTRY_UNREACHABLE', true],
  ['ENOTFOUND', 'REGISTRY_UNREACHABLE', false],
  ['ECONNREFUSED', 'REGISTRY_UNREACHABLE', false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'REGISTRY_UNREACHABLE', false],
  ['CERT_HAS_EXPIRED', 'TLS_UNTRUSTED', false],
])('%s is %s, transient: %s', (code, expected, transient) => {
  const failure = connectionFailure(Object.assign(new Error('x'), { code }), { subject: 's', host: 'h' });
  expect(failure).toMatchObject({ code: expected, transient });
});

const failing = (facts: { retryAfter?: number }) => (): Promise<never> =>
  Promise.reject(new RegistryFailure('X', 'x', { transient: true, ...facts }));

test('pauses double with jitter up to the longest, and end after the last try', async () => {
  const notices: RetryNotice[] = [];
  const policy = { ...DEFAULT_RETRY, attempts: 5, delay: 4, maxDelay: 16, random: () => 0 };
  await expect(retrying(failing({}), { policy, onRetry: (notice) => notices.push(notice) })).rejects.toThrow('x');
  expect(notices.map(({ delay, attempt: next }) => [next, delay])).toEqual([
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 8],
  ]);
});

test('no try begins after the longest time', async () => {
  let tries = 0;
  const attempt = (): Promise<never> => {
    tries++;
    return Promise.reject(new RegistryFailure('X', 'x', { transient: true, retryAfter: 50 }));
  };
  await expect(retrying(attempt, { policy: { ...DEFAULT_RETRY, maxTime: 40 } })).rejects.toThrow('x');
  expect(tries).toBe(1);
});

test('an abort during a pause ends it with the reason', async () => {
  const signal = AbortSignal.timeout(20);
  await expect(retrying(failing({ retryAfter: 5000 }), { policy: DEFAULT_RETRY, signal })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
});
