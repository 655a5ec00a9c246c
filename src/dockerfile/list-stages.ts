import type { Dockerfile, Location } from './ast.ts';

/** A stage that can be built, as a person chooses among them (`--target`). */
export interface StageSummary {
  /** '' without a name. */
  readonly name: string;
  /** Its place in the file, counted from 0; also a name for `--target`. */
  readonly index: number;
  /** The base and the platform as they are written. */
  readonly baseName: string;
  readonly platform: string;
  /** What the comment `# <name> <text>` above FROM says. */
  readonly description?: string;
  /** Built when no target is given. */
  readonly isDefault: boolean;
  readonly location: Location;
}

export function listStages(dockerfile: Dockerfile): readonly StageSummary[] {
  return dockerfile.stages.map(({ name, baseName, platform, comment, location }, index) => ({
    name,
    index,
    baseName,
    platform,
    ...(comment === undefined ? {} : { description: comment }),
    isDefault: index === dockerfile.stages.length - 1,
    location,
  }));
}
