import { untilAborted } from '../util/abort.ts';
import type { HttpRequest, HttpResponse } from './connections.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import { coversScopes, formatScope, mergeScopes, parseScopes, type Scope } from './scope.ts';
import { basicCredential, requestToken } from './token.ts';

export interface AuthorizerOptions {
  /** The host that the credential is kept under. */
  readonly credentialHost: string;
  readonly credentials: CredentialSource;
  /** Sends a request to a token server. */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
}

interface CachedToken {
  readonly scopes: readonly Scope[];
  readonly text: string;
  /** On performance.now()'s clock. */
  readonly expires: number;
}

/** The Authorization of one endpoint: learns its challenge, keeps tokens by scope until shortly before they expire. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #challenge: Challenge | undefined;
  #secure = true;
  #tokens: CachedToken[] = [];
  readonly #asking = new Map<string, Promise<string>>();
  #credential: Promise<Credential | undefined> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header for a request that needs `scopes`; undefined while the endpoint has asked for nothing. */
  async header(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const credential = await this.#credentialOnce();
    if (challenge.scheme === 'basic') return credential?.kind === 'password' ? basicCredential(credential) : undefined;
    if (credential?.kind === 'registry-token') return `Bearer ${credential.token}`;
    return `Bearer ${await this.#token(challenge, credential, { scopes, signal })}`;
  }

  /**
   * Takes in a 401: remembers its challenge and drops the token that was refused. True when a further
   * try may go through.
   */
  async refused(response: HttpResponse, used: string | undefined): Promise<boolean> {
    const challenges = parseChallenges(response.headers['www-authenticate']);
    const known = this.#challenge;
    const credential = await this.#credentialOnce();
    const wanted =
      challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined) ??
      challenges.find(({ scheme }) => scheme === 'basic' && credential?.kind === 'password');
    if (wanted === undefined) return false;
    this.#challenge = wanted;
    this.#secure = response.url.protocol === 'https:';
    if (used !== undefined) this.#tokens = this.#tokens.filter(({ text }) => used !== `Bearer ${text}`);
    // The same password again would be refused again.
    return !(wanted.scheme === 'basic' && known?.scheme === 'basic' && used !== undefined);
  }

  /** Whether there is a credential for the endpoint; undefined when it was never asked for one. */
  async hasCredential(): Promise<boolean | undefined> {
    return this.#credential === undefined ? undefined : (await this.#credential) !== undefined;
  }

  #credentialOnce(): Promise<Credential | undefined> {
    this.#credential ??= this.#options.credentials.credentialFor(this.#options.credentialHost);
    return this.#credential;
  }

  #token(
    challenge: Challenge,
    credential: Credential | undefined,
    { scopes, signal }: { scopes: readonly Scope[]; signal: AbortSignal | undefined },
  ): Promise<string> {
    const wanted = mergeScopes(scopes);
    const now = performance.now();
    this.#tokens = this.#tokens.filter(({ expires }) => expires > now);
    const held = this.#tokens.find((token) => coversScopes(token.scopes, wanted));
    if (held !== undefined) return Promise.resolve(held.text);
    const key = wanted.map(formatScope).join(' ');
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#ask(challenge, credential, wanted).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return untilAborted(asking, signal);
  }

  async #ask(challenge: Challenge, credential: Credential | undefined, wanted: readonly Scope[]): Promise<string> {
    // What the server named beside what this request needs (some name other resources than the repository).
    const scopes = mergeScopes([...wanted, ...parseScopes(challenge.parameters['scope'] ?? '').filter(sameAs(wanted))]);
    const { onIdentityToken } = this.#options.credentials;
    const token = await requestToken({
      realm: challenge.parameters['realm'] ?? '',
      service: challenge.parameters['service'],
      scopes,
      credential,
      host: this.#options.credentialHost,
      secure: this.#secure,
      send: this.#options.send,
      ...(onIdentityToken === undefined
        ? {}
        : { onIdentityToken: (text) => onIdentityToken(this.#options.credentialHost, text) }),
    });
    const margin = Math.min(10, token.seconds / 10);
    const expires = performance.now() + (token.seconds - margin) * 1000;
    this.#tokens.push({ scopes, text: token.text, expires });
    return token.text;
  }
}

/** A remembered challenge's scope is for the request it answered: another repository's is left out. */
function sameAs(wanted: readonly Scope[]): (scope: Scope) => boolean {
  return (scope) =>
    scope.type !== 'repository' ||
    wanted.length === 0 ||
    wanted.some(({ type, name }) => type === scope.type && name === scope.name);
}
