import { failureOf, readJson } from './answer.ts';
import type { HttpRequest, HttpResponse } from './connections.ts';
import type { Credential } from './credentials.ts';
import { connectionFailure, credentialHint, RegistryFailure } from './failure.ts';
import { isLoopback } from './hosts.ts';
import { formatScope, type Scope } from './scope.ts';

export interface TokenQuestion {
  /** The `realm` of the challenge. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly Scope[];
  readonly credential: Credential | undefined;
  /** The registry that asks, for messages. */
  readonly host: string;
  /** The registry itself was reached over TLS: credentials must not go out in the clear then. */
  readonly secure: boolean;
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
  /** When present, an identity token is asked for beside the token, and told where the server gives one. */
  readonly onIdentityToken?: (token: string) => void;
  readonly signal?: AbortSignal;
}

export interface Token {
  readonly text: string;
  /** Seconds it lives from now. */
  readonly seconds: number;
}

const CLIENT = 'polyarch';

/** The life of a token that does not say it, distribution project's token document. */
const DEFAULT_SECONDS = 60;

/**
 * Asks a token server, after the distribution project's token and OAuth2 documents: POST with a refresh
 * token, else GET (with the password, or anonymous), and POST with the password where GET is not served.
 */
export async function requestToken(question: TokenQuestion): Promise<Token> {
  const realm = realmOf(question);
  const { credential } = question;
  if (credential?.kind === 'identity-token') {
    return post(question, realm, { grant_type: 'refresh_token', refresh_token: credential.token });
  }
  const url = new URL(realm);
  if (question.service !== undefined) url.searchParams.set('service', question.service);
  for (const scope of question.scopes) url.searchParams.append('scope', formatScope(scope));
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credential?.kind === 'password') {
    url.searchParams.set('account', credential.username);
    headers['authorization'] = basicCredential(credential);
    if (question.onIdentityToken !== undefined) {
      url.searchParams.set('offline_token', 'true');
      url.searchParams.set('client_id', CLIENT);
    }
  }
  const response = await exchange(question, { method: 'GET', url, headers });
  if (credential?.kind === 'password' && (response.status === 404 || response.status === 405)) {
    response.body.resume();
    const { username, password } = credential;
    const offline: Record<string, string> = question.onIdentityToken === undefined ? {} : { access_type: 'offline' };
    return post(question, realm, { grant_type: 'password', username, password, ...offline });
  }
  return tokenOf(response, question);
}

export function basicCredential({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function post(question: TokenQuestion, realm: URL, grant: Readonly<Record<string, string>>): Promise<Token> {
  const form = new URLSearchParams({
    ...grant,
    client_id: CLIENT,
    ...(question.service === undefined ? {} : { service: question.service }),
    ...(question.scopes.length === 0 ? {} : { scope: question.scopes.map(formatScope).join(' ') }),
  });
  const response = await exchange(question, {
    method: 'POST',
    url: realm,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  });
  return tokenOf(response, question);
}

async function exchange(question: TokenQuestion, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await question.send({ ...request, signal: question.signal });
  } catch (error) {
    if (question.signal?.aborted === true) throw question.signal.reason;
    throw connectionFailure(error, { subject: subjectOf(question), host: request.url.host });
  }
}

async function tokenOf(response: HttpResponse, question: TokenQuestion): Promise<Token> {
  if (response.status !== 200) {
    const failure = await failureOf(response, subjectOf(question), { credential: question.credential !== undefined });
    if (response.status !== 401 && response.status !== 400 && response.status !== 403) throw failure;
    // Token servers answer 400, 401 or 403 to a wrong password alike.
    throw new RegistryFailure('UNAUTHORIZED', failure.message, {
      hint: credentialHint(question.host, question.credential !== undefined),
      status: response.status,
      details: failure.details,
    });
  }
  const answer = await readJson(response);
  if (typeof answer === 'object' && answer !== null) {
    const named = ['token', 'access_token'].map((name) => Object.entries(answer).find(([key]) => key === name)?.[1]);
    const text: unknown = named.find((value) => typeof value === 'string' && value !== '');
    const seconds: unknown = 'expires_in' in answer ? answer.expires_in : undefined;
    const identity: unknown = 'refresh_token' in answer ? answer.refresh_token : undefined;
    if (typeof identity === 'string' && identity !== '') question.onIdentityToken?.(identity);
    if (typeof text === 'string' && !/[\s\0]/.test(text)) {
      return { text, seconds: typeof seconds === 'number' && seconds > 0 ? seconds : DEFAULT_SECONDS };
    }
  }
  throw new RegistryFailure('REGISTRY_ERROR', `${subjectOf(question)}: ${response.url.host} answers no token`);
}

/** The challenge's address; the server chose it, so what goes there is checked. */
function realmOf(question: TokenQuestion): URL {
  const url = URL.canParse(question.realm) ? new URL(question.realm) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new RegistryFailure('REGISTRY_ERROR', `${question.host} names a token server that is no address`);
  }
  if (question.credential !== undefined && question.secure && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new RegistryFailure(
      'REGISTRY_ERROR',
      `${question.host} names the token server ${url.host} over plain HTTP; credentials are not sent there`,
      { hint: 'The registry is set up wrongly: its token realm must be an https address.' },
    );
  }
  return url;
}

function subjectOf(question: TokenQuestion): string {
  const scopes = question.scopes.map(formatScope).join(' ');
  return `token for ${question.host}${scopes === '' ? '' : ` (${scopes})`}`;
}
