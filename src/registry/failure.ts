import type { IncomingHttpHeaders } from 'node:http';
import type { Digest } from '../oci/digest.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { redactUrl } from './redact.ts';

/** A failed exchange with a registry, and whether trying again may help. */
export class RegistryFailure extends PolyarchError {
  /** True for a lost connection and for answers that a registry gives only for a while. */
  readonly transient: boolean;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** Milliseconds the registry asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, facts: FailureFacts = {}) {
    const { transient, status, retryAfter, ...options } = facts;
    super(code, message, options);
    this.transient = transient ?? false;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

interface FailureFacts {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly transient?: boolean;
  readonly status?: number;
  readonly retryAfter?: number;
}

/** One entry of a registry's error list, OCI distribution spec "Error Codes". */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** What a message names. */
export interface FailureSubject {
  /** The thing asked for, e.g. `manifest docker.io/library/busybox:latest`. */
  readonly subject: string;
  /** The host asked. */
  readonly host: string;
}

const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'HOSTNAME_MISMATCH',
]);

const NOT_TLS = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'];

/** A name that does not exist and a certificate do not change by asking again. */
const LASTING = ['ENOTFOUND', 'ECONNREFUSED', 'EACCES', 'EPERM', 'ERR_INVALID_URL', ...NOT_TLS];

/** The certificate was refused (as opposed to no TLS at all). */
export function isUntrusted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && UNTRUSTED.has(error.code);
}

/** The other side does not speak TLS. */
export function isNotTls(error: unknown): boolean {
  return hasCode(error, ...NOT_TLS);
}

/** The coded failure for a connection that broke or never was. Coded errors pass as they are. */
export function connectionFailure(error: unknown, { subject, host }: FailureSubject): PolyarchError {
  if (error instanceof PolyarchError) return error;
  const reason = messageOf(error).replace(/^(?:connect|read|write) /, '');
  if (isUntrusted(error)) {
    return new RegistryFailure('TLS_UNTRUSTED', `${subject}: the certificate of ${host} is not trusted: ${reason}`, {
      hint: `Trust its authority with --registry-ca ${host}=FILE, or skip the check with --registry-insecure ${host}.`,
      cause: error,
    });
  }
  if (isNotTls(error)) {
    return new RegistryFailure('REGISTRY_UNREACHABLE', `${subject}: ${host} does not speak TLS`, {
      hint: `If it is a plain-HTTP registry, say --registry-http ${host} (or http = true in config.toml).`,
      cause: error,
    });
  }
  const broken = hasCode(error, 'ECONNRESET', 'EPIPE');
  const what = broken ? `the connection to ${host} broke` : `cannot reach ${host}`;
  return new RegistryFailure('REGISTRY_UNREACHABLE', `${subject}: ${what}: ${reason || 'no answer'}`, {
    hint: hasCode(error, 'ENOTFOUND', 'EAI_AGAIN')
      ? `Check the name ${host}, the network and any proxy setting.`
      : `Check that a registry is listening on ${host} and that no proxy or firewall is in between.`,
    cause: error,
    transient: !hasCode(error, ...LASTING),
  });
}

export interface StatusFacts extends FailureSubject {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The start of the body, decoded. */
  readonly body: string;
  readonly url: URL;
  /** What was asked for by digest. */
  readonly digest?: Digest;
  /** Whether a credential was sent. */
  readonly credential?: boolean;
  /** Milliseconds since the epoch, for a Retry-After date. */
  readonly now: number;
}

/** The coded failure for an answer with an unwanted status. */
export function statusFailure(facts: StatusFacts): RegistryFailure {
  const { status, subject, host } = facts;
  const errors = parseErrorList(facts.body);
  const said = errors.map(({ code, message }) => (message === '' ? code : `${message} (${code})`)).join('; ');
  const more = said === '' ? '' : `: ${said}`;
  const digest = facts.digest === undefined ? {} : { digest: facts.digest };
  const details = { status, host, errors, address: redactUrl(facts.url), ...digest };
  const retryAfter = parseRetryAfter(facts.headers['retry-after'], facts.now);
  switch (true) {
    case status === 401:
      return new RegistryFailure(
        'UNAUTHORIZED',
        `${subject}: ${host} ${REFUSALS[String(facts.credential ?? '')]}${more}`,
        {
          hint: credentialHint(host, facts.credential),
          status,
          details,
        },
      );
    case status === 403:
      return new RegistryFailure('DENIED', `${subject}: ${host} denies it${more}`, {
        hint:
          facts.credential === false
            ? credentialHint(host, false)
            : 'The credentials are known but may not do this: check the repository name and their rights.',
        status,
        details,
      });
    case status === 404:
      return new RegistryFailure('NOT_FOUND', `${subject} is not on ${host}${more}`, {
        hint: 'Check the repository name and the tag or digest.',
        status,
        details,
      });
    case status === 429:
      return new RegistryFailure('TOO_MANY_REQUESTS', `${subject}: ${host} limits the rate of requests${more}`, {
        hint:
          retryAfter === undefined
            ? 'Wait, log in, or use a mirror (--registry-mirror).'
            : `It asks to wait ${Math.ceil(retryAfter / 1000)} s; or log in, or use a mirror (--registry-mirror).`,
        status,
        details,
        retryAfter,
        transient: true,
      });
    case status === 400 && facts.url.protocol === 'http:' && /\bHTTPS\b/.test(facts.body):
      return new RegistryFailure('REGISTRY_UNREACHABLE', `${subject}: ${host} speaks TLS, not plain HTTP`, {
        hint: `Leave out what asks for plain HTTP: --registry-http ${host}, http = true in config.toml, or http:// before a mirror.`,
        status,
        details,
      });
    case status === 413:
      return new RegistryFailure('REGISTRY_ERROR', `${subject}: ${host} takes nothing this large${more}`, {
        hint: 'The registry, or a proxy before it, has a limit of size or space: raise it there, or make the layer smaller.',
        status,
        details,
      });
    default:
      return new RegistryFailure('REGISTRY_ERROR', `${subject}: ${host} answers ${status}${more}`, {
        ...(status >= 500 ? { hint: 'The fault is the registry’s: try again later, or use a mirror to pull.' } : {}),
        status,
        details,
        retryAfter,
        transient: status === 408 || status >= 500,
      });
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  true: 'refuses the credentials it got',
  false: 'asks for credentials',
  '': 'asks for credentials, or refuses those it got',
};

/** The mend of a refusal; `known` tells whether there were credentials for the host. */
export function credentialHint(host: string, known: boolean | undefined): string {
  return known === true
    ? `Check user and password: polyarch login ${host} keeps new ones; they are in Docker’s config.json (in $DOCKER_CONFIG, else ~/.docker) or its credential helper.`
    : `Check the name; if it is right: polyarch login ${host} (credentials are kept as Docker keeps them, in config.json or its helper).`;
}

/** The `errors` list of an answer; empty when the body is something else. */
export function parseErrorList(body: string): RegistryErrorEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null || !('errors' in parsed) || !Array.isArray(parsed.errors))
    return [];
  return parsed.errors.slice(0, 10).flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const code = 'code' in entry ? String(entry.code) : 'UNKNOWN';
    const message = 'message' in entry ? String(entry.message) : '';
    return [{ code: clean(code), message: clean(message) }];
  });
}

/** One printable line of at most 300 characters: what a server says goes to a terminal. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is what it looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300);
}

/** Milliseconds of a Retry-After header (seconds or a date), RFC 9110 section 10.2.3. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
