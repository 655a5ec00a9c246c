import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { baseLayout } from '../../scripts/bases.ts';
import { layoutRoot } from '../../scripts/bases/layout.ts';
import type { RunningBuildkitd } from '../../scripts/buildkitd.ts';
import type { RunResult } from '../../scripts/process.ts';
import type { TestEnvironment } from '../support/environment.ts';
import type { CompatCase } from './case.ts';
import { type Facts, facts } from './compare.ts';
import { readArchive } from './flatten.ts';
import { writeCase } from './write-case.ts';

export interface Sides {
  readonly polyarch: TestEnvironment;
  /** Started when it is first asked for. */
  buildkitd(): Promise<RunningBuildkitd>;
  /** Another, for foreign platforms, or why there is none. */
  emulating(): Promise<RunningBuildkitd | string>;
  /** An ssh agent's socket. */
  readonly agent: string;
  fill(text: string): string;
  /** The other way round, so that an answer is the same whatever the ports are. */
  unfill(text: string): string;
  /** When the first build began, in seconds: times since then are `now`. */
  readonly began: number;
}

/** What became of a build: the facts of each platform's image, or its last words. */
export type Outcome =
  | {
      readonly images: Readonly<Record<string, Facts>>;
      /** The steps that ran and were not taken from the cache, by name; only of a second build. */
      readonly ran: readonly string[];
    }
  | { readonly failed: string };

export interface Builds {
  /** `unable` says why this machine has no such BuildKit. */
  buildkit(): Promise<Outcome | { readonly unable: string }>;
  polyarch(): Promise<Outcome>;
}

/** Writes a case below `folder` and gives the two ways to build it; of one that is built twice, the second time. */
export async function prepareBuilds(one: CompatCase, folder: string, sides: Sides): Promise<Builds> {
  if (one.again === undefined) return prepareBuild(one, folder, { sides, progress: 'plain' });
  const { again, ...before } = one;
  const first = await prepareBuild(before, join(folder, 'first'), { sides, progress: 'plain' });
  const second = await prepareBuild({ ...before, ...again }, join(folder, 'second'), { sides, progress: 'rawjson' });
  return {
    buildkit: async () => {
      const outcome = await first.buildkit();
      return 'images' in outcome ? second.buildkit() : outcome;
    },
    polyarch: async () => {
      const outcome = await first.polyarch();
      return 'images' in outcome ? second.polyarch() : outcome;
    },
  };
}

async function prepareBuild(
  one: CompatCase,
  folder: string,
  { sides, progress }: { sides: Sides; progress: 'plain' | 'rawjson' },
): Promise<Builds> {
  const context = join(folder, 'context');
  const { fill } = sides;
  mkdirSync(context, { recursive: true });
  const file = one.file ?? 'Dockerfile';
  const { dockerfile } = one;
  writeCase(context, { [file]: dockerfile, ...one.files }, fill);
  for (const [id, text] of Object.entries(one.secrets ?? {})) writeFileSync(join(folder, `secret-${id}`), text);

  const polyarch: string[] = [
    '--platform',
    (one.platforms ?? ['linux/amd64']).join(','),
    '--file',
    join(context, file),
  ];
  const buildctl: string[] = ['--opt', `platform=${(one.platforms ?? ['linux/amd64']).join(',')}`];
  const both = (flag: readonly string[], option: readonly string[]): void => {
    polyarch.push(...flag);
    buildctl.push(...option);
  };
  for (const [name, value] of Object.entries(one.args ?? {}))
    both(['--build-arg', `${name}=${fill(value)}`], ['--opt', `build-arg:${name}=${fill(value)}`]);
  for (const [name, value] of Object.entries(one.labels ?? {}))
    both(['--label', `${name}=${value}`], ['--opt', `label:${name}=${value}`]);
  if (one.target !== undefined) both(['--target', one.target], ['--opt', `target=${one.target}`]);
  for (const id of Object.keys(one.secrets ?? {})) {
    const secret = ['--secret', `id=${id},src=${join(folder, `secret-${id}`)}`];
    both(secret, secret);
  }
  if (one.ssh !== undefined) {
    const ssh = ['--ssh', `${one.ssh === true ? 'default' : one.ssh}=${sides.agent}`];
    both(ssh, ssh);
  }
  for (const [index, [name, value]] of Object.entries(one.contexts ?? {}).entries()) {
    if (typeof value === 'string') {
      both(['--build-context', `${name}=${fill(value)}`], ['--opt', `context:${name}=${fill(value)}`]);
    } else if ('layout' in value || 'built' in value) {
      const layout = 'layout' in value ? baseLayout(value.layout) : join(folder, `built-${index}`);
      if ('built' in value) await buildLayout(value.built, layout, sides);
      const id = `layout${index}`;
      both(
        ['--build-context', `${name}=oci-layout://${layout}@${layoutRoot(layout)?.digest ?? ''}`],
        [
          '--oci-layout',
          `${id}=${layout}`,
          '--opt',
          `context:${name}=oci-layout://${id}@${layoutRoot(layout)?.digest ?? ''}`,
        ],
      );
    } else {
      const place = join(folder, `named-${index}`);
      mkdirSync(place);
      writeCase(place, value.files, fill);
      both(
        ['--build-context', `${name}=${place}`],
        ['--local', `${name}=${place}`, '--opt', `context:${name}=local:${name}`],
      );
    }
  }
  if (one.context === undefined) {
    const locals = { context, dockerfile: join(context, dirname(file)) };
    both(
      [],
      Object.entries(locals).flatMap(([name, path]) => ['--local', `${name}=${path}`]),
    );
    both([], ['--opt', `filename=${basename(file)}`]);
  } else {
    polyarch.splice(2, 2);
    both([], ['--opt', `context=${fill(one.context)}`]);
  }
  both((one.flags?.polyarch ?? []).map(fill), (one.flags?.buildctl ?? []).map(fill));

  const archives = [join(folder, 'buildkit.tar'), join(folder, 'polyarch.tar')] as const;
  const options = () => ({ allowFailure: true, signal: AbortSignal.timeout(180_000) });
  const frontend = ['build', '--progress', progress, '--frontend', 'dockerfile.v0'];
  const where = one.context === undefined ? context : fill(one.context);
  const outcome = (result: RunResult, archive: string): Outcome => {
    if (result.code !== 0) return { failed: sides.unfill(result.stderr) };
    const images = [...readArchive(readFileSync(archive), sides.unfill)];
    return {
      images: Object.fromEntries(images.map(([name, image]) => [name, unfilled(facts(image, sides.began), sides)])),
      ran: stepsRun(sides.unfill(result.stderr)),
    };
  };
  return {
    buildkit: async () => {
      const daemon = await (one.platforms === undefined ? sides.buildkitd() : sides.emulating());
      if (typeof daemon === 'string') return { unable: daemon };
      const output = ['--output', `type=oci,dest=${archives[0]}`];
      return outcome(await daemon.buildctl([...frontend, ...buildctl, ...output], options()), archives[0]);
    },
    polyarch: async () => {
      const output = ['--output', `type=oci,dest=${archives[1]}`];
      const argv = ['build', '--progress', progress, ...polyarch, ...output, where];
      return outcome(await sides.polyarch.polyarch(argv, { allowFailure: true }), archives[1]);
    },
  };
}

/** An OCI layout folder of a Dockerfile that needs no context, made by polyarch. */
async function buildLayout(dockerfile: string, layout: string, { polyarch }: Sides): Promise<void> {
  const folder = `${layout}-context`;
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  const argv = ['build', '--platform', 'linux/amd64', '--output', `type=oci,dest=${layout},tar=false`, folder];
  await polyarch.polyarch(argv);
}

function unfilled(image: Facts, { unfill }: Sides): Facts {
  return Object.fromEntries(Object.entries(image).map(([where, what]) => [where, unfill(what)]));
}

/** Of `--progress=rawjson`, the instructions that were not cached. */
function stepsRun(stderr: string): string[] {
  const seen = new Map<string, boolean>();
  for (const line of stderr.split('\n').filter((text) => text.startsWith('{"vertexes"'))) {
    const { vertexes } = JSON.parse(line) as { vertexes: { name: string; started?: string; cached?: boolean }[] };
    for (const { name, started, cached } of vertexes) {
      if (!/^\[[^\]]*\d+\/\d+\] (?!FROM)/.test(name)) continue;
      if (cached === true) seen.set(name, false);
      else if (started !== undefined && !seen.has(name)) seen.set(name, true);
    }
  }
  return [...seen].filter(([, ran]) => ran).map(([name]) => name);
}
