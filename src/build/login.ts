import { isIP } from 'node:net';
import type { Credential } from '../registry/credentials.ts';
import type { KeptCredential } from '../registry/docker-config.ts';
import { canonicalDomain } from '../registry/hosts.ts';
import { PolyarchError } from '../util/error.ts';
import { openRegistries, type RegistryOptions } from './registries.ts';

export interface LoginOptions extends RegistryOptions {
  readonly signal?: AbortSignal;
}

export interface LoggedIn {
  readonly kept: KeptCredential;
  /** Whether what is kept is a token that the registry gave for the password. */
  readonly token: boolean;
  /** False when the registry lets everyone in, so that the credential was never looked at. */
  readonly checked: boolean;
}

/**
 * The host that a person means: `docker.io` for nothing and for every name of Docker Hub, with or without a scheme and
 * `/v1/` or `/v2/`. Fails with INVALID_ARGUMENT for what is no host.
 */
export function loginHost(text = 'docker.io'): string {
  const host = text.replace(/^https?:\/\//i, '').replace(/\/(?:v[12]\/?)?$/, '');
  const name = host.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) !== 0 || /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(name)) return canonicalDomain(host);
  throw new PolyarchError('INVALID_ARGUMENT', `${JSON.stringify(shown(text))} is no registry`, {
    hint: 'a registry is HOST or HOST:PORT: credentials are for all of its repositories',
  });
}

/** A person may have put a password before the host. */
function shown(text: string): string {
  return text.replace(/^[^@]*@/, '***@').slice(0, 300);
}

/** The credential that is kept for a host. Fails with DOCKER_CONFIG_INVALID and CREDENTIAL_HELPER_FAILED. */
export async function keptCredential(host: string, options: LoginOptions): Promise<Credential | undefined> {
  const { dockerCredentials } = await import('../registry/docker-config.ts');
  const config = { folder: options.dockerConfig, env: options.env, onWarning: options.notice };
  return dockerCredentials(config).credentialFor(host, { signal: options.signal });
}

/** Shows a credential to the registry; nothing is kept. Fails with UNAUTHORIZED when it is refused. */
export async function checkCredential(
  host: string,
  credential: Credential,
  options: LoginOptions,
): Promise<{ readonly checked: boolean; readonly identityToken: string | undefined }> {
  let asked = false;
  let identityToken: string | undefined;
  await using client = await openRegistries(options, {
    credentials: {
      credentialFor: (of) => {
        if (of !== host) return Promise.resolve(undefined);
        asked = true;
        return Promise.resolve(credential);
      },
      onIdentityToken: (of, token) => {
        if (of === host) identityToken = token;
      },
    },
  });
  try {
    await client.checkLogin(host, { signal: options.signal });
  } catch (error) {
    if (!(error instanceof PolyarchError) || error.code !== 'UNAUTHORIZED') throw error;
    throw new PolyarchError('UNAUTHORIZED', error.message, {
      cause: error,
      details: error.details,
      hint: 'check user and password; many registries want an access token in place of the password. Nothing was stored',
    });
  }
  return { checked: asked, identityToken };
}

/** Shows user and password to the registry and, when it takes them, keeps them as Docker does. Fails with UNAUTHORIZED, nothing being kept then. */
export async function login(
  host: string,
  user: { readonly username: string; readonly password: string },
  options: LoginOptions,
): Promise<LoggedIn> {
  const { username } = user;
  const password: Credential = { kind: 'password', ...user };
  const { checked, identityToken } = await checkCredential(host, password, options);
  const { storeCredential } = await import('../registry/docker-config.ts');
  const credential: Credential =
    identityToken === undefined ? password : { kind: 'identity-token', token: identityToken, username };
  const config = { folder: options.dockerConfig, env: options.env, signal: options.signal };
  const kept = await storeCredential(host, credential, config);
  return { kept, token: identityToken !== undefined, checked };
}

/** Forgets what is kept for a host; false when config.json knew none. */
export async function logout(host: string, options: LoginOptions): Promise<boolean> {
  const { eraseCredential } = await import('../registry/docker-config.ts');
  return eraseCredential(host, { folder: options.dockerConfig, env: options.env, signal: options.signal });
}
