declare const POLYARCH_VERSION: string;

/** Of this package; 0.0.0 when it runs unbundled. */
export function version(): string {
  return typeof POLYARCH_VERSION === 'string' ? POLYARCH_VERSION : '0.0.0';
}
