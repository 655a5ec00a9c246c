import type { Platform } from '../oci/platform.ts';
import { formatPlatform, formatPlatformFull } from '../oci/platform-parse.ts';
import type { ProxyEnv } from '../llb/exec.ts';
import type { Dockerfile } from './ast.ts';
import { locate } from './failure.ts';
import { expandWord } from './shell-words.ts';

export type Env = ReadonlyMap<string, string>;

export interface ArgOptions {
  readonly targetPlatform: Platform;
  readonly buildPlatform: Platform;
  readonly target?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
}

/** Build arguments that act without being declared. */
const PREDEFINED = /^(?:https?|ftp|no|all)_proxy$|^BUILDKIT_|^SOURCE_DATE_EPOCH$|^(?:BUILD|TARGET)[A-Z]+$/i;

export function isPredefined(name: string): boolean {
  return PREDEFINED.test(name);
}

/** The platform arguments, in scope for FROM and for an ARG of their name. */
export function platformArgs(dockerfile: Dockerfile, options: ArgOptions): Env {
  const { buildPlatform: build, targetPlatform: target, buildArgs } = options;
  const stage = options.target ?? dockerfile.stages.at(-1)?.name ?? '';
  const values: readonly (readonly [string, string])[] = [
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', build['os.version'] ?? ''],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
    ['TARGETPLATFORM', formatPlatformFull(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', target['os.version'] ?? ''],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['TARGETSTAGE', stage === '' ? 'default' : stage],
  ];
  return new Map(values.map(([name, value]) => [name, buildArgs.get(name) ?? value]));
}

/** Those, and what is declared before the first FROM. */
export function globalArgs(
  dockerfile: Dockerfile,
  options: { platformArgs: Env; buildArgs: ReadonlyMap<string, string> },
): Env {
  const env = new Map(options.platformArgs);
  for (const instruction of dockerfile.metaArgs) {
    for (const { key, value } of instruction.args) {
      try {
        const given = options.buildArgs.get(key);
        const { escape } = dockerfile.directives;
        const word =
          value === undefined ? undefined : () => expandWord(value, (name) => env.get(name), { escape }).result;
        const result = given ?? word?.();
        if (result === undefined) continue;
        env.delete(key);
        env.set(key, result);
      } catch (error) {
        throw locate(error, { location: instruction.location, lines: dockerfile.lines });
      }
    }
  }
  return env;
}

/** The proxy variables among the build arguments; steps get them although they are not declared. */
export function proxyOf(buildArgs: ReadonlyMap<string, string>): ProxyEnv | undefined {
  const found: Record<'http' | 'https' | 'ftp' | 'no' | 'all', string> = {
    http: '',
    https: '',
    ftp: '',
    no: '',
    all: '',
  };
  let any = false;
  for (const key of [...buildArgs.keys()].toSorted()) {
    const which = /^(https?|ftp|no|all)_proxy$/i.exec(key)?.[1]?.toLowerCase();
    if (which === undefined) continue;
    found[which as keyof typeof found] = buildArgs.get(key) ?? ''; // one of the pattern's alternatives
    any = true;
  }
  return any ? found : undefined;
}
