import type { OutputSpec } from '../exporter/output-spec.ts';
import type { AccelMode } from '../emulation/pairs.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';
import type { PlatformPattern } from '../oci/platform-pattern.ts';
import type { ProgressSink } from '../solver/progress.ts';
import type { ArchCheckMode } from './arch-report.ts';
import type { TestCommand, TestSettings } from './image-test.ts';
import type { MissingPlatform } from './tiers.ts';
import type { VersionTags } from './version-tags.ts';

/** Everything that `polyarch build` was asked for, as data; the CLI makes it of its arguments. */
export interface BuildRequest {
  readonly context: ContextInput;
  /** `-f`: a path on this machine or, for a remote context, in it; `-` is in `stdin`. Default: `Dockerfile` in the context. */
  readonly files: readonly Scoped<string>[];
  /** What came on stdin: a Dockerfile for `-f -`, a tar or a Dockerfile for the context `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Empty: this machine's own. */
  readonly platforms: readonly Platform[];
  /** Those of them that the result may go without. Default: none. */
  readonly optional?: readonly Platform[];
  /** What becomes of programs of the wrong architecture in the result. Default `error`. */
  readonly archCheck?: ArchCheckMode;
  /** Commands that must succeed in each platform's image before any of it leaves the build; all that fit a platform, in order. */
  readonly tests?: Pick<TestSettings, 'keepEntrypoint' | 'timeout'> & {
    readonly commands: readonly Scoped<TestCommand>[];
  };
  /** References as given, without any: the image is kept under its digest only. */
  readonly tags: readonly string[];
  /** `--tag-semver`: the version whose tags each of them gets. */
  readonly version?: VersionTags;
  /** Stages, by name or number. Default: the last. */
  readonly targets: readonly Scoped<string>[];
  readonly buildArgs: readonly Scoped<Assignment>[];
  /** The value is a folder, `docker-image://`, `oci-layout://`, URL or `target:NAME`. */
  readonly contexts: readonly Scoped<Assignment>[];
  readonly labels: readonly Scoped<Assignment>[];
  /** `[LEVEL[PLATFORM]:]KEY=VALUE` as buildx has it. */
  readonly annotations: readonly string[];
  readonly secrets: readonly Scoped<SecretInput>[];
  readonly ssh: readonly SshInput[];
  /** `true` for all, or stages. */
  readonly noCache: boolean | readonly string[];
  readonly pull: boolean;
  /** Native tools in emulated steps. */
  readonly accel: AccelMode;
  /** Empty: the image is kept in the local store. */
  readonly outputs: readonly OutputSpec[];
  readonly network: 'default' | 'host' | 'none';
  /** `network.host`, `security.insecure`. */
  readonly allow: readonly string[];
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent?: string;
}

export type ContextInput =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'stdin' }
  /** A tarball or a Dockerfile at an http(s) URL. */
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'git'; readonly url: string };

/** A value for every platform, or for those that its prefix `PLATFORM=` names. Texts may hold placeholders (`{arch}`). */
export interface Scoped<T> {
  readonly platform?: PlatformPattern;
  readonly value: T;
}

export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Its braces are no placeholders: it came from the environment. Default false. */
  readonly literal?: boolean;
}

/** What a secret is read from, when a step asks for it: a file or a variable of the environment. */
export type SecretInput =
  | { readonly id: string; readonly file: string }
  | { readonly id: string; readonly variable: string };

export interface SshInput {
  /** `default` when not named. */
  readonly id: string;
  /** An agent's socket or key files. */
  readonly paths: readonly string[];
}

export interface BuildOptions {
  readonly progress: ProgressSink;
  /** Said to the person at once, on stderr: what was lost, skipped or guessed. */
  readonly notice: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface BuildResult {
  /** The index, or the manifest of a single platform without one; absent when no output is an image. */
  readonly image?: Descriptor;
  /** Digest of the config of a single-platform image, what `--iidfile` holds; else the index's digest. */
  readonly imageId?: string;
  readonly platforms: readonly Platform[];
  /** Optional platforms that failed: the result is without them. */
  readonly missing: readonly MissingPlatform[];
  /** Normalised references that were set. */
  readonly tags: readonly string[];
  /** `--metadata-file`, with buildx's keys. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Where each output went: a path, a pushed reference, the local store. */
  readonly outputs: readonly { readonly type: string; readonly where: string }[];
}
