import type { Conversion } from './conversion.ts';
import type { StageBuild } from './convert-stages.ts';
import type { Dockerfile, Location } from './ast.ts';
import { expandWord } from './shell-words.ts';

/** A build argument that has an effect on a target. */
export interface OutlineArg {
  readonly name: string;
  /** With the values of this build; absent without one. */
  readonly value?: string;
  /** What the comment `# NAME …` above says. */
  readonly description?: string;
  readonly location: Location;
}

/** A secret or ssh agent that a step of a target mounts. */
export interface OutlineMount {
  readonly name: string;
  readonly required: boolean;
  readonly location: Location;
}

/** What a person may give when a target is built; as BuildKit's request `frontend.outline`. */
export interface Outline {
  /** '' for a stage without a name. */
  readonly name: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

/** One stage's part of it, gathered while the stage is converted. */
export interface StageOutline {
  readonly usedArgs: Set<string>;
  /** Declared in the stage, and not merely taken over from the global scope. */
  readonly args: Map<string, OutlineArg>;
  readonly secrets: Map<string, OutlineMount>;
  readonly ssh: Map<string, OutlineMount>;
}

interface GlobalArg extends OutlineArg {
  /** Arguments in its default. */
  readonly uses: ReadonlySet<string>;
}

export function outlineOf(target: StageBuild, conversion: Conversion): Outline {
  const { dockerfile, graph } = conversion;
  const globals = globalOutline(dockerfile, conversion);
  const args = new Map<string, OutlineArg>();
  const secrets = new Map<string, OutlineMount>();
  const ssh = new Map<string, OutlineMount>();
  for (const { outline } of graph.reachable([target])) {
    const declared = new Map<string, OutlineArg>([...globals, ...outline.args]);
    for (const name of withUses(outline.usedArgs, globals)) {
      const arg = declared.get(name);
      if (arg !== undefined && !args.has(name)) args.set(name, arg);
    }
    for (const [name, mount] of outline.secrets) if (!secrets.has(name)) secrets.set(name, mount);
    for (const [name, mount] of outline.ssh) if (!ssh.has(name)) ssh.set(name, mount);
  }
  const stage = dockerfile.stages.find(({ from }) => from.location === target.location);
  return {
    name: target.name,
    ...(stage?.comment === undefined ? {} : { description: stage.comment }),
    args: byLine(args),
    secrets: byLine(secrets),
    ssh: byLine(ssh),
  };
}

function globalOutline(
  dockerfile: Dockerfile,
  { globalArgs, buildArgs }: Pick<Conversion, 'globalArgs' | 'buildArgs'>,
): ReadonlyMap<string, GlobalArg> {
  const { escape } = dockerfile.directives;
  const found = new Map<string, GlobalArg>();
  for (const { args, location } of dockerfile.metaArgs) {
    for (const { key, value: written, comment } of args) {
      const matched =
        written === undefined || buildArgs.has(key)
          ? []
          : expandWord(written, (name) => globalArgs.get(name), { escape }).matched;
      // A default that is made of the argument itself uses what that used.
      const uses = new Set(matched.flatMap((name) => (name === key ? [...(found.get(key)?.uses ?? [])] : [name])));
      const value = globalArgs.get(key);
      found.set(key, { name: key, location, uses, ...defined({ value, description: comment }) });
    }
  }
  return found;
}

function withUses(names: ReadonlySet<string>, globals: ReadonlyMap<string, GlobalArg>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const used of globals.get(name)?.uses ?? []) visit(used);
  };
  for (const name of names) visit(name);
  return found;
}

function byLine<T extends { readonly location: Location }>(all: ReadonlyMap<string, T>): T[] {
  return [...all.values()].toSorted((a, b) => a.location.startLine - b.location.startLine);
}

/** The fields that are there. */
export function defined(fields: { readonly value: string | undefined; readonly description: string | undefined }): {
  readonly value?: string;
  readonly description?: string;
} {
  const { value, description } = fields;
  return { ...(value === undefined ? {} : { value }), ...(description === undefined ? {} : { description }) };
}
