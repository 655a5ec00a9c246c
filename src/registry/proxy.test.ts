import { expect, test } from 'vitest';
import { proxyFor, proxyFromEnvironment } from './proxy.ts';

const settings = { http: 'http://p.example:3128', https: 'p.example:3129' };

test.each([
  ['https://r.example/v2/', '', 'http://p.example:3129/'],
  ['http://r.example/v2/', '', 'http://p.example:3128/'],
  ['http://127.0.0.1:5000/', '', undefined],
  ['https://r.example/', '*', undefined],
  ['https://r.example/', 'other, r.example', undefined],
  ['https://a.r.example/', 'r.example', undefined],
  ['https://a.r.example/', '.r.example', undefined],
  ['https://ar.example/', 'r.example', 'http://p.example:3129/'],
  ['https://r.example:5000/', 'r.example:5000', undefined],
  ['https://r.example:5001/', 'r.example:5000', 'http://p.example:3129/'],
  ['https://10.1.2.3/', '10.0.0.0/8', undefined],
  ['https://11.1.2.3/', '10.0.0.0/8', 'http://p.example:3129/'],
  ['https://[2001:db8::1]/', '2001:db8::/32', undefined],
  ['https://[2001:db8::1]/', '2001:db8::1', undefined],
])('proxy for %s without %j: %s', (url, no, expected) => {
  expect(proxyFor(new URL(url), { ...settings, no })?.href).toBe(expected);
});

test('the lower-case variable wins and empty ones count as unset', () => {
  expect(proxyFromEnvironment({ HTTP_PROXY: 'a', http_proxy: 'b', HTTPS_PROXY: '', NO_PROXY: 'c' })).toEqual({
    http: 'b',
    no: 'c',
  });
});

test('a proxy that is no address is refused without showing it', () => {
  expect(() => proxyFor(new URL('https://r.example'), { https: 'socks5://user:secret@x' })).toThrow(
    expect.objectContaining({ code: 'REGISTRY_CONFIG', message: expect.not.stringContaining('secret') }),
  );
});
