import { execFileSync } from 'node:child_process';
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { REGISTRY_PASSWORD, REGISTRY_USER } from './registry.ts';

export interface TokenServerOptions {
  readonly folder: string;
  /** Seconds a token lives. */
  readonly seconds: number;
}

/** One request for a token, as the server understood it. */
export interface TokenRequest {
  readonly method: string;
  readonly grant: 'anonymous' | 'basic' | 'password' | 'refresh_token';
  readonly scopes: readonly string[];
}

/** A token server after the distribution project's token and OAuth2 documents, for tests. */
export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM file with the certificate behind the tokens' signature. */
  readonly certificate: string;
  /** The identity token that the OAuth2 grant takes. */
  readonly identityToken: string;
  readonly requests: TokenRequest[];
  /** Whether those who ask for an identity token get it; at first not, as at Docker Hub. */
  giveIdentity(gives: boolean): void;
  /** Tokens handed out from now on are refused by the registry (they are expired already). */
  expireNext(count: number): void;
  close(): Promise<void>;
}

/** Anonymous callers may pull from `public/…`; the test user may do anything. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const issuer = 'polyarch-test-issuer';
  const service = 'polyarch-test-registry';
  const identityToken = `identity-${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyFile = join(options.folder, 'token.key');
  const certificate = join(options.folder, 'token.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  execFileSync(
    'openssl',
    ['req', '-x509', '-new', '-key', keyFile, '-out', certificate, '-days', '2', '-subj', '/CN=tokens'],
    {
      stdio: 'pipe',
    },
  );
  const chain = readFileSync(certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  const requests: TokenRequest[] = [];
  let expired = 0;
  let givesIdentity = false;

  const sign = (subject: string, access: readonly Access[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const stale = expired > 0 ? (expired--, true) : false;
    const claims = {
      iss: issuer,
      sub: subject,
      aud: service,
      exp: stale ? now - 3600 : now + options.seconds,
      nbf: now - 7200,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const body = [{ typ: 'JWT', alg: 'RS256', x5c: [chain] }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${body}.${createSign('RSA-SHA256').update(body).sign(privateKey, 'base64url')}`;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
    const grant = grantOf(request, form);
    requests.push({ method: request.method ?? '', grant, scopes });
    if (!allowed(request, form, identityToken)) {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}');
      return;
    }
    const token = sign(grant === 'anonymous' ? '' : REGISTRY_USER, granted(scopes, grant === 'anonymous'));
    const name = request.method === 'POST' ? 'access_token' : 'token';
    response.writeHead(200, { 'content-type': 'application/json' });
    const offline = form.get('offline_token') === 'true' || form.get('access_type') === 'offline';
    response.end(
      JSON.stringify({
        [name]: token,
        expires_in: options.seconds,
        issued_at: new Date().toISOString(),
        ...(offline && givesIdentity ? { refresh_token: identityToken } : {}),
      }),
    );
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    service,
    issuer,
    certificate,
    identityToken,
    requests,
    giveIdentity: (gives) => {
      givesIdentity = gives;
    },
    expireNext: (count) => {
      expired = count;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

function grantOf(request: IncomingMessage, form: URLSearchParams): TokenRequest['grant'] {
  const grant = form.get('grant_type');
  if (grant === 'refresh_token' || grant === 'password') return grant;
  return request.headers.authorization === undefined ? 'anonymous' : 'basic';
}

function allowed(request: IncomingMessage, form: URLSearchParams, identityToken: string): boolean {
  const grant = grantOf(request, form);
  if (grant === 'anonymous') return true;
  if (grant === 'refresh_token') return form.get('refresh_token') === identityToken;
  if (grant === 'password') return form.get('username') === REGISTRY_USER && form.get('password') === REGISTRY_PASSWORD;
  const basic = Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64');
  return request.headers.authorization === `Basic ${basic}`;
}

function granted(scopes: readonly string[], anonymous: boolean): Access[] {
  return scopes.flatMap((scope) => {
    const [type = '', name = '', actions = ''] = scope.split(':');
    if (type !== 'repository') return [];
    if (!anonymous) return [{ type, name, actions: actions.split(',') }];
    return name.startsWith('public/') && actions.split(',').includes('pull') ? [{ type, name, actions: ['pull'] }] : [];
  });
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const part of request) all += String(part);
  return all;
}
