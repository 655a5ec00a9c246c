import { setTimeout as sleep } from 'node:timers/promises';
import { basicOf, type Connections, type HttpResponse } from '../../registry/connections.ts';
import { redactUrl } from '../../registry/redact.ts';
import { PolyarchError, messageOf } from '../../util/error.ts';

const MAX_REDIRECTS = 10;
const ATTEMPTS = 4;
const FIRST_DELAY_MS = 250;
/** Longest wait that a server may ask for. */
const MAX_DELAY_MS = 30_000;

export interface GetOptions {
  readonly connections: Connections;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * GET with redirects followed and lost connections, 429 and 5xx tried again; gives an answer of 2xx or 304.
 * Credentials go to the first host only.
 *
 * @throws PolyarchError HTTP_UNREACHABLE, HTTP_STATUS, HTTP_REDIRECT
 */
export async function httpGet(address: string, options: GetOptions): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(address, options).catch((error: unknown) => failed(error, address, options.signal));
    const isAnswer = !(answer instanceof PolyarchError);
    if (isAnswer && ((answer.status !== 429 && answer.status < 500) || attempt === ATTEMPTS))
      return checked(answer, address);
    if (!isAnswer && attempt === ATTEMPTS) throw answer;
    const asked = isAnswer ? Number(answer.headers['retry-after'] ?? 0) * 1000 || 0 : 0;
    if (isAnswer) answer.body.resume();
    const delay = Math.min(MAX_DELAY_MS, Math.max(asked, FIRST_DELAY_MS * 2 ** (attempt - 1)));
    await sleep(delay, undefined, { signal: options.signal });
  }
}

async function follow(address: string, options: GetOptions): Promise<HttpResponse> {
  const first = new URL(address);
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const { authorization, ...plain } = options.headers;
    const own = url.host === first.host;
    const credentials = authorization ?? (first.username === '' ? undefined : basicOf(first));
    const bare = new URL(url.href);
    bare.username = '';
    bare.password = '';
    bare.hash = '';
    const answer = await options.connections.send({
      method: 'GET',
      url: bare,
      headers: {
        'accept-encoding': 'identity',
        ...plain,
        ...(own && credentials !== undefined ? { authorization: credentials } : {}),
      },
      lane: 'download',
      signal: options.signal,
    });
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.body.resume();
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
    if (next === undefined || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
      throw new PolyarchError('HTTP_REDIRECT', `${redactUrl(address)} redirects to something that is no http address`);
    }
    if (redirects === MAX_REDIRECTS)
      throw new PolyarchError('HTTP_REDIRECT', `${redactUrl(address)} redirects more than ${MAX_REDIRECTS} times`);
    url = next;
  }
}

/** The failure of the connection; throws what trying again does not mend. */
function failed(error: unknown, address: string, signal: AbortSignal | undefined): PolyarchError {
  if (signal?.aborted === true || error instanceof PolyarchError) throw error;
  return unreachable(address, error);
}

export function unreachable(address: string, error: unknown): PolyarchError {
  return new PolyarchError('HTTP_UNREACHABLE', `${redactUrl(address)} cannot be fetched: ${messageOf(error)}`, {
    hint: 'check the address and the network; a proxy is taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY',
    cause: error,
    details: { word: redactUrl(address) },
  });
}

function checked(answer: HttpResponse, address: string): HttpResponse {
  const { status } = answer;
  if ((status >= 200 && status < 300) || status === 304) return answer;
  answer.body.resume();
  throw new PolyarchError('HTTP_STATUS', `${redactUrl(address)} cannot be fetched: the server answers ${status}`, {
    ...(status === 401 || status === 403 ? { hint: 'the address needs credentials that were not given' } : {}),
    ...(status === 404 || status === 410 ? { hint: 'check the address: the server has no such file' } : {}),
    details: { status, word: redactUrl(address) },
  });
}
