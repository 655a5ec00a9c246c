import type { ProxyEnv } from '../llb/exec.ts';
import type { State } from '../llb/state.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { formatPlatform } from '../oci/platform-parse.ts';
import { PolyarchError } from '../util/error.ts';
import type { PatternMatcher } from '../util/patterns.ts';
import type { Dockerfile } from './ast.ts';
import type { Env } from './convert-args.ts';
import type { ConvertOptions } from './convert-options.ts';
import type { StageGraph } from './convert-stages.ts';
import { type LocateOptions, locate } from './failure.ts';
import type { Lint } from './lint/lint.ts';

/** What the stages of one conversion share. */
export interface Conversion {
  readonly dockerfile: Dockerfile;
  readonly options: ConvertOptions;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly globalArgs: Env;
  /** Seconds. */
  readonly epoch: number | undefined;
  readonly proxy: ProxyEnv | undefined;
  readonly lint: Lint;
  readonly graph: StageGraph;
  /** The main context; what is read of it is known only at the end. */
  readonly buildContext: State;
  /** Of the main context's `.dockerignore`. */
  readonly ignored: PatternMatcher | undefined;
  readonly images: Map<string, { readonly reference: string; readonly digest: Digest; readonly platform: Platform }>;
}

export interface PlaceOptions extends Omit<LocateOptions, 'lines'> {
  readonly conversion: Conversion;
}

/** `error` with the place in the Dockerfile, and the platform, which the message names when there are several. */
export function atPlace(error: unknown, { conversion, ...place }: PlaceOptions): unknown {
  if (!(error instanceof PolyarchError) || 'startLine' in error.details) return error;
  const platform = formatPlatform(conversion.options.targetPlatform);
  const several = conversion.options.multiPlatform === true && !error.message.includes(platform);
  const named = new PolyarchError(error.code, several ? `${error.message} (for ${platform})` : error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    details: { platform, ...error.details },
  });
  return locate(named, { ...place, lines: conversion.dockerfile.lines });
}
