/** OCI image spec, image-index.md "platform"; the same shape as containerd's specs.Platform. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

export { normalizePlatform } from './platform-normal.ts';
export {
  formatPlatform,
  formatPlatformFull,
  localPlatform,
  parsePlatform,
  type ParsePlatformOptions,
  parsePlatforms,
} from './platform-parse.ts';
export {
  compatiblePlatforms,
  isAttestation,
  matchPlatform,
  type MatchOptions,
  type PlatformMatcher,
  platformMatcher,
  selectPlatform,
} from './platform-match.ts';
export { noMatchingPlatform, requirePlatform, type RequirePlatformOptions } from './platform-require.ts';
