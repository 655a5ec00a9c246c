import { PolyarchError } from '../util/error.ts';

/** A fault of this machine's settings (a file, a flag, a program), whoever asked for the registry: `details.settings` says so. */
export function settingsFailure(
  code: 'REGISTRY_CONFIG' | 'DOCKER_CONFIG_INVALID' | 'CREDENTIAL_HELPER_FAILED' | 'CREDENTIAL_HELPER_MISSING',
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): PolyarchError {
  return new PolyarchError(code, message, { ...options, details: { settings: true } });
}
