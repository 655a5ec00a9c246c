/** What opens a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, as `docker login` keeps for some registries. */
  | { readonly kind: 'identity-token'; readonly token: string; readonly username?: string }
  /** A bearer token to be sent as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

export interface CredentialSource {
  /** The credential for a host as references name it (`docker.io`, `registry.example:5000`), or undefined. */
  credentialFor(host: string, options?: { readonly signal?: AbortSignal }): Promise<Credential | undefined>;
  /**
   * When present, token servers are asked for an identity token to keep in place of a password, and this is told it
   * (distribution project's token document, `offline_token`).
   */
  readonly onIdentityToken?: (host: string, token: string) => void;
}

export const ANONYMOUS: CredentialSource = { credentialFor: () => Promise.resolve(undefined) };
