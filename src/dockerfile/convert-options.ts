import type { ImageConfig } from '../oci/config.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Definition } from '../llb/definition.ts';
import type { PolyarchError } from '../util/error.ts';
import type { ImageMetaResolver, ResolveImageOptions } from '../llb/metadata.ts';
import type { Network, State } from '../llb/state.ts';
import type { Outline } from './convert-outline.ts';
import type { Finding } from './lint/finding.ts';

export interface ConvertOptions {
  /** What the result is for. */
  readonly targetPlatform: Platform;
  /** What the machine that builds is. */
  readonly buildPlatform: Platform;
  /**
   * The platform was not asked for: the result is of its base's platform then
   * (`FROM --platform=linux/arm64 …` in the last stage). Default false.
   */
  readonly implicitPlatform?: boolean;
  /** Several platforms are built: names of vertices begin with theirs. Default false. */
  readonly multiPlatform?: boolean;
  /** Stage to build, by name or as its place in the file, counted from 0. Default: the last. */
  readonly target?: string;
  readonly buildArgs?: ReadonlyMap<string, string>;
  readonly labels?: ReadonlyMap<string, string>;
  readonly contexts?: NamedContexts;
  /** What the graph calls the secret that the file calls `id`. Default: the same. */
  readonly secretKey?: (id: string) => string;
  readonly metaResolver: ImageMetaResolver;
  /** Every stage is converted, whether the target needs it or not; for the lint. Default false. */
  readonly allStages?: boolean;
  /** All platforms that are built, for rules of the lint that depend on them. Default: the target's only. */
  readonly platforms?: readonly Platform[];
  /** Told of each finding of the lint at once, so that they are known even when the conversion fails. */
  readonly onFinding?: (finding: Finding) => void;
  /**
   * Told of a base whose registry gives no answer; the conversion then goes on as if the image were empty, and
   * leaves out what depends on its config. Without it that is an error.
   */
  readonly onUnknownBase?: (name: string, error: PolyarchError) => void;
  /** A git, http or other state in place of the local folder `context`. */
  readonly mainContext?: State;
  /** Patterns of the `.dockerignore` of the local main context. */
  readonly excludes?: readonly string[];
  /** For all stages, or those named. */
  readonly noCache?: boolean | readonly string[];
  readonly resolveMode?: ResolveImageOptions['mode'];
  readonly network?: Network;
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent?: string;
  readonly hostname?: string;
  /** The time of the main context in seconds, for `SOURCE_DATE_EPOCH=context`; undefined when it has none of its own. */
  readonly contextTime?: () => Promise<number | undefined>;
  /** The time of a git or http state in seconds, for SOURCE_DATE_EPOCH with the name of a context or a stage. */
  readonly sourceTime?: (state: State) => Promise<number | undefined>;
  /** BuildKit's session, named in local sources; none for the embedded engine. */
  readonly session?: string;
  readonly signal?: AbortSignal;
}

/**
 * Finds a named context (`--build-context`) by its name: as written, or a reference's short form without
 * `:latest` (`docker.io/library/alpine:latest` is asked for as `alpine`). Asked for every stage's name and base.
 */
export type NamedContexts = (
  name: string,
  query: { readonly platform: Platform },
) => NamedContext | undefined | Promise<NamedContext | undefined>;

export type NamedContext =
  /** `docker-image://REFERENCE`; `scratch` is the empty image. */
  | { readonly kind: 'image'; readonly reference: string }
  /** `oci-layout://…`: asked of the meta resolver as `oci-layout://REFERENCE`; `store` names it in the graph. */
  | { readonly kind: 'oci-layout'; readonly reference: string; readonly store: string }
  /** A folder, by the name under which it is offered. */
  | {
      readonly kind: 'local';
      readonly name: string;
      readonly excludes?: readonly string[];
      readonly sharedKeyHint?: string;
    }
  /** Anything else: git, http, another build's result (`target:`). Loaded only when it is used. */
  | {
      readonly kind: 'state';
      readonly load: (options: {
        readonly signal?: AbortSignal;
      }) => Promise<{ readonly state: State; readonly config?: ImageConfig }>;
    };

export interface ConvertResult {
  readonly definition: Definition;
  /** Of the Dockerfile, for excerpts. */
  readonly lines: readonly string[];
  /** The result as it is before marshalling, for other builds to start from. */
  readonly state: State;
  /** `rootfs` is the base's; history entries of this build have `created` only with SOURCE_DATE_EPOCH. */
  readonly config: ImageConfig;
  /** The platform of the result, with its variant filled in. */
  readonly platform: Platform;
  /** What the config of the base under the result says that it is for; the result's own without a base. */
  readonly basePlatform: Platform;
  readonly warnings: readonly Finding[];
  /** Names of the stages that the result needs (`stage-N` without one), in the file's order. */
  readonly usedStages: readonly string[];
  /** What a person may set when the target is built. */
  readonly outline: () => Outline;
  /** Images that were resolved, as `name:tag@digest`. */
  readonly images: readonly { readonly reference: string; readonly digest: Digest; readonly platform: Platform }[];
  /** Some step of the result must not come from the cache. */
  readonly ignoresCache: boolean;
  /** Seconds since the epoch, when SOURCE_DATE_EPOCH is set. */
  readonly sourceDateEpoch?: number;
}
