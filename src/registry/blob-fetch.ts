import { Readable } from 'node:stream';
import type { Abortable } from '../content/storage.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { verifier } from '../oci/verify.ts';
import { messageOf, PolyarchError } from '../util/error.ts';
import type { HttpResponse } from './connections.ts';
import type { EndpointClient } from './endpoint-client.ts';
import { connectionFailure, RegistryFailure } from './failure.ts';
import { pauseBeforeRetry, type RetryNotice, type RetryPolicy } from './retry.ts';
import { repositoryScope } from './scope.ts';
import type { RegistrySession } from './session.ts';

export interface BlobFetchOptions extends Abortable {
  readonly session: RegistrySession;
  readonly repository: string;
  /** Named by failures. */
  readonly subject: string;
  readonly retry: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
}

/** An open download. */
interface Part {
  readonly response: HttpResponse;
  /** Bytes at its start that are there already. */
  readonly skip: number;
  readonly client: EndpointClient;
}

/**
 * The blob's bytes, verified. A download that breaks is continued where it stopped (Range, OCI distribution
 * spec "Pulling blobs"), at the registry itself when a mirror sends nothing more; tries without a single new byte count
 * against the retry policy. Content of a mirror that is not the blob's fails with `details.again`: the mirror is left out
 * from then on, so that fetching the blob anew may give the right one.
 */
export async function fetchBlob(descriptor: Descriptor, options: BlobFetchOptions): Promise<Readable> {
  const first = await open(descriptor, { ...options, offset: 0 });
  const stream = Readable.from(parts(descriptor, { ...options, first }), {
    objectMode: false,
    highWaterMark: 256 * 1024,
  });
  // A reader that stops early ends the connection at once, also while no byte comes.
  stream.once('close', () => first.response.body.destroy());
  return stream;
}

async function* parts(
  descriptor: Descriptor,
  { first, ...options }: BlobFetchOptions & { first: Part },
): AsyncGenerator<Uint8Array, void, undefined> {
  const check = verifier(descriptor);
  let part = first;
  let offset = 0;
  for (let tries = 1, started = performance.now(); ;) {
    const before = offset;
    try {
      let { skip } = part;
      for await (const chunk of part.response.body) {
        // The stream has no encoding set.
        let bytes = chunk as Uint8Array;
        if (skip > 0) {
          const dropped = Math.min(skip, bytes.length);
          skip -= dropped;
          bytes = bytes.subarray(dropped);
        }
        if (bytes.length === 0) continue;
        check.update(bytes);
        offset += bytes.length;
        yield bytes;
      }
      if (offset === descriptor.size) {
        check.finish();
        return;
      }
      throw Object.assign(new Error(`the answer ended after ${offset} of ${descriptor.size} bytes`), {
        code: 'ECONNRESET',
      });
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason;
      if (error instanceof PolyarchError) throw wrongContent(error, part.client, options);
      // Progress makes it a new failure.
      if (offset > before) [tries, started] = [1, performance.now()];
      const { host } = part.client.endpoint;
      const failure = connectionFailure(error, { subject: options.subject, host });
      if (offset === before) options.session.distrust(part.client, failure);
      await pauseBeforeRetry(failure, {
        policy: options.retry,
        tries,
        started,
        ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
        signal: options.signal,
      });
      tries += 1;
    } finally {
      part.response.body.destroy();
    }
    part = await open(descriptor, { ...options, offset });
  }
}

function open(descriptor: Descriptor, options: BlobFetchOptions & { offset: number }): Promise<Part> {
  const { offset, repository, subject } = options;
  return options.session.call<Part>({
    method: 'GET',
    repository,
    target: `/blobs/${descriptor.digest}`,
    subject,
    digest: descriptor.digest,
    scopes: [repositoryScope(repository, 'pull')],
    capability: 'pull',
    lane: 'download',
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    accept: offset === 0 ? [200] : [200, 206],
    read: async (response, client) => {
      const whole = response.status === 200;
      const start = whole ? 0 : rangeStart(response);
      const length = response.headers['content-length'];
      if (start !== (whole ? 0 : offset) || (length !== undefined && Number(length) !== descriptor.size - start)) {
        // Not read to its end: how long it is is what cannot be believed.
        response.body.destroy();
        const said = `${client.endpoint.host} announces ${length ?? 'unknown'} bytes from ${start ?? 'nowhere'}`;
        throw new RegistryFailure('SIZE_MISMATCH', `${subject} has ${descriptor.size} bytes, but ${said}`, {
          hint: 'The registry, or something between, serves other content; try another mirror.',
        });
      }
      return { response, skip: whole ? offset : 0, client };
    },
    signal: options.signal,
  });
}

/** The first byte of a Content-Range, RFC 9110 section 14.4. */
function rangeStart(response: HttpResponse): number | undefined {
  const match = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers['content-range'] ?? '');
  return match === null ? undefined : Number(match[1]);
}

function wrongContent(
  error: PolyarchError,
  client: EndpointClient,
  { session, subject }: BlobFetchOptions,
): PolyarchError {
  if (error.code !== 'DIGEST_MISMATCH' && error.code !== 'SIZE_MISMATCH') return error;
  const { host } = client.endpoint;
  const named = new PolyarchError(error.code, `${subject} from ${host}: ${messageOf(error)}`, {
    cause: error,
    details: { ...error.details, host, ...(client.endpoint.mirrorOf === undefined ? {} : { again: true }) },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
  session.distrust(client, named);
  return named;
}
