import type { Platform } from '../oci/platform.ts';
import { normalizePlatform } from '../oci/platform-normal.ts';
import type { OpMetadata, SourceLocation } from './definition.ts';
import { joinPath } from './paths.ts';
import type { Output } from './vertex.ts';

/**
 * A filesystem that can be made, and how steps on top of it run (BuildKit's llb.State). Immutable: every
 * function that changes one gives a new one.
 */
export interface State {
  /** What the filesystem is made of; undefined is empty (scratch). */
  readonly output: Output | undefined;
  /** In the order in which they were last set. */
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly directory: string;
  /** `USER[:GROUP]`; empty is root. */
  readonly user: string;
  readonly hostname: string;
  readonly network: Network;
  /** The platform that steps on it run for. */
  readonly platform?: Platform;
}

export type Network = 'default' | 'host' | 'none';

/** What is common to all vertices. */
export interface VertexOptions {
  /** How progress names it. */
  readonly name?: string;
  readonly description?: Readonly<Record<string, string>>;
  readonly ignoreCache?: boolean;
  readonly location?: SourceLocation;
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak?: boolean };
}

const SCRATCH: State = {
  output: undefined,
  env: new Map(),
  directory: '/',
  user: '',
  hostname: '',
  network: 'default',
};

/** The empty filesystem. */
export function scratch(): State {
  return SCRATCH;
}

/** A state of nothing but an output; its platform is normalised. */
export function stateOf(output: Output | undefined, platform?: Platform): State {
  return platform === undefined ? { ...SCRATCH, output } : withPlatform({ ...SCRATCH, output }, platform);
}

/** The same settings on another filesystem. */
export function withOutput(state: State, output: Output | undefined): State {
  return { ...state, output };
}

export function withEnv(state: State, key: string, value: string): State {
  const env = new Map(state.env);
  env.delete(key);
  return { ...state, env: env.set(key, value) };
}

/** A relative directory is below the current one. */
export function withDirectory(state: State, directory: string): State {
  return { ...state, directory: directory.startsWith('/') ? directory : joinPath(state.directory, directory) };
}

export function withUser(state: State, user: string): State {
  return { ...state, user };
}

export function withHostname(state: State, hostname: string): State {
  return { ...state, hostname };
}

export function withNetwork(state: State, network: Network): State {
  return { ...state, network };
}

export function withPlatform(state: State, platform: Platform): State {
  return { ...state, platform: normalizePlatform(platform) };
}

/** The metadata that the options stand for. */
export function metadataOf(options: VertexOptions): OpMetadata {
  const { name, ignoreCache, location, progressGroup } = options;
  const description = name === undefined ? options.description : { ...options.description, 'llb.customname': name };
  return {
    ...(ignoreCache === true ? { ignoreCache } : {}),
    ...(description === undefined ? {} : { description }),
    ...(location === undefined ? {} : { location }),
    ...(progressGroup === undefined ? {} : { progressGroup }),
  };
}
