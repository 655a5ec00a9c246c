import type { ContainerConfig, HistoryEntry, ImageConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';

/** The image config of a stage while it grows; replaced, never changed. */
export interface StageImage {
  readonly platform: Platform;
  readonly author?: string;
  readonly config: ContainerConfig;
  readonly rootfs: ImageConfig['rootfs'];
  readonly history: readonly HistoryEntry[];
}

const COMMENT = 'buildkit.dockerfile.v0';
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The config of an empty base. */
export function emptyImage(platform: Platform): StageImage {
  return withDefaultPath(
    { platform, config: { WorkingDir: '/' }, rootfs: { type: 'layers', diff_ids: [] }, history: [] },
    platform,
  );
}

/** What of a base's config a build goes on with: fields that Docker's image spec does not know are left out. */
export function imageOf(config: ImageConfig): StageImage {
  const { os, architecture, variant, author, rootfs, history = [] } = config;
  const version = config['os.version'];
  const features = config['os.features'];
  return {
    platform: {
      os,
      architecture,
      ...(variant === undefined || variant === '' ? {} : { variant }),
      ...(version === undefined || version === '' ? {} : { 'os.version': version }),
      ...(features === undefined ? {} : { 'os.features': features }),
    },
    ...(author === undefined || author === '' ? {} : { author }),
    config: containerConfig(config.config ?? {}),
    rootfs,
    history,
  };
}

function containerConfig(config: ContainerConfig): ContainerConfig {
  const known = {
    User: config.User,
    ExposedPorts: config.ExposedPorts,
    Env: config.Env,
    Entrypoint: config.Entrypoint,
    Cmd: config.Cmd,
    Volumes: config.Volumes,
    WorkingDir: config.WorkingDir,
    Labels: config.Labels,
    StopSignal: config.StopSignal,
    ArgsEscaped: config.ArgsEscaped,
    Healthcheck: config.Healthcheck,
    OnBuild: config.OnBuild,
    Shell: config.Shell,
  };
  // JSON's null, which old builders write, is nothing too.
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined && value !== null));
}

/** The finished config, keys in the order in which Docker writes them, nothing for what is empty. */
export function finishImage(image: StageImage): ImageConfig {
  const { platform, author, rootfs, history } = image;
  const { config } = image;
  return {
    ...(author === undefined || author === '' ? {} : { author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    ...(platform['os.version'] === undefined ? {} : { 'os.version': platform['os.version'] }),
    ...(platform['os.features'] === undefined ? {} : { 'os.features': platform['os.features'] }),
    config: Object.fromEntries(
      CONFIG_KEYS.map((key) => [key, config[key]] as const).filter(([, value]) => !isEmpty(value)),
    ),
    rootfs,
    ...(history.length === 0 ? {} : { history }),
  };
}

const CONFIG_KEYS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const satisfies readonly (keyof ContainerConfig)[];

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

export function withConfig(image: StageImage, change: ContainerConfig): StageImage {
  return { ...image, config: { ...image.config, ...change } };
}

/** A variable that is there keeps its place. */
export function withImageEnv(image: StageImage, key: string, value: string): StageImage {
  const entry = `${key}=${value}`;
  const env = image.config.Env ?? [];
  const index = env.findIndex((other) => envPair(other)[0] === key);
  return withConfig(image, { Env: index < 0 ? [...env, entry] : env.with(index, entry) });
}

/** PATH is always set, except on Windows. */
export function withDefaultPath(image: StageImage, platform: Platform): StageImage {
  const env = image.config.Env ?? [];
  if (platform.os === 'windows' || env.some((entry) => envPair(entry)[0] === 'PATH')) return image;
  return withConfig(image, { Env: [...env, `PATH=${DEFAULT_PATH}`] });
}

export function withHistory(
  image: StageImage,
  createdBy: string,
  options: { layer?: boolean; epoch: number | undefined },
): StageImage {
  const entry: HistoryEntry = {
    ...(options.epoch === undefined ? {} : { created: rfc3339(options.epoch) }),
    created_by: createdBy,
    comment: COMMENT,
    ...(options.layer === true ? {} : { empty_layer: true }),
  };
  return { ...image, history: [...image.history, entry] };
}

export function envPair(entry: string): [key: string, value: string] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

/** The arguments as the image's shell runs them. */
export function shellCommand(image: StageImage, args: readonly string[]): string[] {
  const shell = image.config.Shell ?? [];
  const fallback = image.platform.os === 'windows' ? ['cmd', '/S', '/C'] : ['/bin/sh', '-c'];
  return [...(shell.length > 0 ? shell : fallback), args.join(' ')];
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
