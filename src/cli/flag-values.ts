import { type Platform, localPlatform } from '../oci/platform.ts';

/** For flags that may be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** This machine's own platform. */
export function hostPlatform(): Platform {
  return localPlatform();
}
