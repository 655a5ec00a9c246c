import { LIMITS } from '../util/limits.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';
import {
  array,
  boolean,
  checkShape,
  digest,
  integer,
  object,
  parseObject,
  record,
  type Shape,
  string,
} from './shape.ts';

/** OCI image spec, config.md, with Docker's extensions. Unknown fields are kept. */
export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: RootFs;
  readonly history?: readonly HistoryEntry[];
}

export interface RootFs {
  readonly type: 'layers';
  /** Digests of the uncompressed layers, lowest first. */
  readonly diff_ids: readonly Digest[];
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  /** True when the entry made no layer. */
  readonly empty_layer?: boolean;
}

/** How a container of the image runs. The key names are Go's. */
export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Windows: the command line is escaped already. */
  readonly ArgsEscaped?: boolean;
  /** Docker's. */
  readonly Healthcheck?: Healthcheck;
  /** Docker's: instructions for a build that starts from the image. */
  readonly OnBuild?: readonly string[];
  /** Docker's: the shell of RUN, CMD and ENTRYPOINT in shell form. */
  readonly Shell?: readonly string[];
  /** Docker's: seconds. */
  readonly StopTimeout?: number;
}

/** Docker's. Times are nanoseconds; 0 or absent inherits. */
export interface Healthcheck {
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', command]`; empty inherits. */
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

const strings = array(string);
const empties: Shape = record(object({}));

const containerShape = object(
  {},
  {
    User: string,
    ExposedPorts: empties,
    Env: strings,
    Entrypoint: strings,
    Cmd: strings,
    Volumes: empties,
    WorkingDir: string,
    Labels: record(string),
    StopSignal: string,
    ArgsEscaped: boolean,
    Healthcheck: object(
      {},
      {
        Test: strings,
        Interval: integer,
        Timeout: integer,
        StartPeriod: integer,
        StartInterval: integer,
        Retries: integer,
      },
    ),
    OnBuild: strings,
    Shell: strings,
    StopTimeout: integer,
  },
);

const historyShape = object(
  {},
  { created: string, created_by: string, author: string, comment: string, empty_layer: boolean },
);

const configShape = object(
  { rootfs: object({ type: string }, { diff_ids: array(digest, LIMITS.descriptors) }) },
  {
    os: string,
    architecture: string,
    variant: string,
    'os.version': string,
    'os.features': strings,
    created: string,
    author: string,
    config: containerShape,
    history: array(historyShape, LIMITS.descriptors * 10),
  },
);

/** An image config. Fails with CONFIG_INVALID that names the place in it. */
export function parseConfig(bytes: Uint8Array, descriptor: Partial<Pick<Descriptor, 'digest'>> = {}): ImageConfig {
  const kind = {
    name: descriptor.digest === undefined ? 'the image config' : `image config ${descriptor.digest}`,
    code: 'CONFIG_INVALID',
    maxBytes: LIMITS.configBytes,
  };
  const value = parseObject(bytes, kind);
  checkShape(value, configShape, kind);
  // The shape was checked just above; what old builders left out is filled in below.
  const config = value as unknown as ImageConfig;
  return {
    ...config,
    os: config.os ?? '',
    architecture: config.architecture ?? '',
    rootfs: { ...config.rootfs, diff_ids: config.rootfs.diff_ids ?? [] },
  };
}

/** The platform that a config says it is for, as it says it. */
export function platformOf(config: ImageConfig): Platform {
  const { os, architecture, variant } = config;
  const version = config['os.version'];
  const features = config['os.features'];
  return {
    os,
    architecture,
    ...(variant === undefined || variant === '' ? {} : { variant }),
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
    ...(features === undefined || features.length === 0 ? {} : { 'os.features': features }),
  };
}
