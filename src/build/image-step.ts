import { DEFAULT_HOSTNAME } from '../executor/defaults.ts';
import type { ContainerConfig, ImageConfig } from '../oci/config.ts';
import type { Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import type { StepSpec } from '../worker/protocol.ts';

/** What is run of an image, otherwise than its config says. */
export interface ImageStep {
  readonly image: string;
  /** Empty: the image's own. */
  readonly command: readonly string[];
  /** Replaces the image's ENTRYPOINT, and drops its CMD; empty: none. */
  readonly entrypoint?: string;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly network: 'default' | 'host' | 'none';
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
}

/** The image's config with what the request says otherwise (OCI image spec, conversion.md). */
export function imageStep(
  { config, platform }: { readonly config: ImageConfig; readonly platform: Platform },
  request: ImageStep,
): StepSpec {
  const own: ContainerConfig = config.config ?? {};
  const entrypoint = request.entrypoint === undefined ? (own.Entrypoint ?? []) : [request.entrypoint].filter(Boolean);
  const command = request.command.length > 0 || request.entrypoint !== undefined ? request.command : (own.Cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw new PolyarchError('NO_COMMAND', `${request.image} has neither ENTRYPOINT nor CMD`, {
      hint: `say what to run: polyarch run ${request.image} COMMAND`,
    });
  }
  const user = request.user ?? own.User;
  return {
    args,
    env: environment([`HOSTNAME=${request.hostname ?? DEFAULT_HOSTNAME}`, ...(own.Env ?? [])], request.env),
    cwd: request.cwd ?? (own.WorkingDir || '/'),
    platform,
    network: request.network,
    security: 'sandbox',
    extraHosts: request.extraHosts,
    ...(user === undefined || user === '' ? {} : { user }),
    ...(request.hostname === undefined ? {} : { hostname: request.hostname }),
  };
}

function environment(image: readonly string[], given: ReadonlyMap<string, string>): string[] {
  const all = new Map(image.map((entry) => [entry.split('=', 1)[0] ?? '', entry] as const));
  for (const [name, value] of given) all.set(name, `${name}=${value}`);
  return [...all.values()];
}
