import { LIMITS } from '../util/limits.ts';
import type { HttpResponse } from './connections.ts';
import { RegistryFailure, type StatusFacts, statusFailure } from './failure.ts';

/** Reads a whole body of at most `limit` bytes; fails with REGISTRY_ERROR beyond that. */
export async function readBody(response: HttpResponse, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response.body) {
    // The stream has no encoding set.
    const bytes = part as Buffer;
    size += bytes.length;
    if (size > limit) {
      response.body.destroy();
      throw new RegistryFailure('REGISTRY_ERROR', `${response.url.host} answers more than ${limit} bytes`, {
        details: { limit },
      });
    }
    parts.push(bytes);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** A JSON body of at most `LIMITS.jsonBytes`; fails with REGISTRY_ERROR when it is none. */
export async function readJson(response: HttpResponse, limit: number = LIMITS.jsonBytes): Promise<unknown> {
  const body = await readBody(response, limit);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RegistryFailure('REGISTRY_ERROR', `${response.url.host} answers something that is no JSON`, {
      hint: 'Something else than a registry may be answering there (a proxy, a log-in page).',
    });
  }
}

/** Reads and drops a short rest, so that the connection is used again; ends the connection when it is long. */
export async function discard(response: HttpResponse): Promise<void> {
  try {
    await readBody(response, 64 * 1024);
  } catch {
    response.body.destroy();
  }
}

/** Drops the body and gives the status, for calls that want nothing else. */
export async function statusOnly(response: HttpResponse): Promise<number> {
  await discard(response);
  return response.status;
}

/** The coded failure for an answer with an unwanted status; reads the error list from its body. */
export async function failureOf(
  response: HttpResponse,
  subject: string,
  options: Pick<StatusFacts, 'digest' | 'credential'> = {},
): Promise<RegistryFailure> {
  const body = await readBody(response, 64 * 1024).then(
    (bytes) => bytes.toString('utf8'),
    () => '',
  );
  const { status, headers, url } = response;
  return statusFailure({ ...options, status, headers, url, body, subject, host: url.host, now: Date.now() });
}
