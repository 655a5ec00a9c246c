/** The public API: build images from a program of your own. */
export { build, type BuildSurroundings } from './build/build.ts';
export type {
  Assignment,
  BuildRequest,
  BuildResult,
  ContextInput,
  Scoped,
  SecretInput,
  SshInput,
} from './build/request.ts';
export { Workspace, type WorkspaceOptions } from './build/workspace.ts';
export { parseOutput, type OutputSpec } from './exporter/output-spec.ts';
export { formatPlatform, parsePlatform, parsePlatforms, type Platform } from './oci/platform.ts';
export { parsePlatformPattern, type PlatformPattern } from './oci/platform-pattern.ts';
export { parseReference, type Reference } from './oci/reference.ts';
export { PolyarchError } from './util/error.ts';
