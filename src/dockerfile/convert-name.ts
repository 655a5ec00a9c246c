import type { Platform } from '../oci/platform.ts';
import { normalizePlatform } from '../oci/platform-normal.ts';
import { formatPlatformFull, parsePlatform } from '../oci/platform-parse.ts';
import type { Env } from './convert-args.ts';
import type { StageBuild } from './convert-stages.ts';

export interface NameOptions {
  readonly multiPlatform: boolean;
  readonly platform: Platform | undefined;
  readonly env: Env;
  readonly isTrigger?: boolean;
  /** The name of a further vertex of the same instruction. */
  readonly same?: boolean;
}

/** `[linux/arm64 builder 2/4] RUN make`: the name of a stage's next vertex. */
export function vertexName(stage: StageBuild, text: string, options: NameOptions): string {
  if (stage.commandCount === 0) return text;
  if (options.same !== true) stage.commandIndex++;
  const { platform, env } = options;
  const parts = [
    ...(options.multiPlatform && platform !== undefined
      ? [formatPlatformFull(platform) + crossTarget(platform, env)]
      : []),
    ...(stage.shownName === '' ? [] : [stage.shownName]),
    `${String(stage.commandIndex).padStart(String(stage.commandCount).length)}/${stage.commandCount}`,
  ];
  return `[${parts.join(' ')}] ${options.isTrigger === true ? 'ONBUILD ' : ''}${text}`;
}

/** The first word in upper case. */
export function upperKeyword(text: string): string {
  return text.replace(/^[^ ]*/, (keyword) => keyword.toUpperCase());
}

/** `->arm64`: the platform that a step says it builds for, when that is not the one it runs on. */
function crossTarget(base: Platform, env: Env): string {
  const wanted = targetOf(env);
  if (wanted === undefined) return '';
  const target = normalizePlatform({
    ...wanted,
    os: wanted.os === '' ? base.os : wanted.os,
    architecture: wanted.architecture === '' ? base.architecture : wanted.architecture,
  });
  if (target.os !== base.os) return `->${formatPlatformFull(target)}`;
  if (target.architecture === base.architecture) return '';
  return `->${target.architecture}${target.variant === undefined ? '' : `/${target.variant}`}`;
}

function targetOf(env: Env): Platform | undefined {
  const whole = env.get('TARGETPLATFORM');
  if (whole !== undefined) {
    try {
      return parsePlatform(whole);
    } catch {
      // Then the parts count.
    }
  }
  const [os, architecture, variant] = ['TARGETOS', 'TARGETARCH', 'TARGETVARIANT'].map((name) => env.get(name));
  if (os === undefined && architecture === undefined && variant === undefined) return undefined;
  return { os: os ?? '', architecture: architecture ?? '', ...(variant === undefined ? {} : { variant }) };
}
