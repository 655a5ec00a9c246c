import type { NamedContext } from './convert-options.ts';
import type { StageImage } from './convert-image.ts';
import { emptyImage } from './convert-image.ts';
import type { Platform } from '../oci/platform.ts';
import { type State, scratch } from '../llb/state.ts';
import { PolyarchError } from '../util/error.ts';
import type { Instruction, Location } from './ast.ts';
import type { StageOutline } from './convert-outline.ts';
import { failure } from './failure.ts';
import { didYouMean } from './suggest.ts';

/** One stage while it is converted, or an image that is used as if it were one. */
export interface StageBuild {
  /** As in the file, lower case; '' without one. */
  readonly name: string;
  /** As progress shows it. */
  shownName: string;
  /** With its variables expanded. */
  readonly baseName: string;
  readonly location: Location;
  readonly sourceCode: string;
  /** Above its FROM, without `#`. */
  readonly comments: readonly string[];
  /** Names of arguments in its FROM that have no value. */
  readonly emptyArgs: readonly string[];
  /** What it asks of the person who builds it. */
  readonly outline: StageOutline;
  /** The stage that it starts from. */
  base: StageBuild | undefined;
  /** Used in place of the stage. */
  readonly context: NamedContext | undefined;
  /** An image named by COPY --from or RUN --mount. */
  readonly unregistered: boolean;
  commands: readonly StageCommand[];
  readonly dependencies: Map<StageBuild, Instruction>;
  readonly ignoreCache: boolean;
  platform: Platform | undefined;
  state: State;
  image: StageImage;
  resolved: boolean;
  /** Its state is final. */
  done: boolean;
  /** Its base's config could not be asked for (`onUnknownBase`): variables and triggers of it are not known. */
  baseUnknown: boolean;
  triggersRead: boolean;
  args: readonly { readonly key: string; readonly value?: string }[];
  /** What it reads of the build context. */
  readonly contextPaths: Set<string>;
  /** What is read of it; shared by all that start from it. */
  paths: Set<string>;
  commandCount: number;
  commandIndex: number;
  workdirSet: boolean;
  /** The latest of the instructions of which only the last counts. */
  readonly single: Map<'cmd' | 'entrypoint' | 'healthcheck', Instruction>;
}

export interface StageCommand {
  readonly instruction: Instruction;
  /** For COPY the one that `--from` names; for RUN one for each mount. */
  readonly sources: readonly (StageBuild | undefined)[];
  readonly isTrigger: boolean;
}

export interface NewStage {
  readonly name: string;
  readonly baseName: string;
  readonly location: Location;
  readonly sourceCode?: string;
  readonly comments?: readonly string[];
  readonly usedArgs?: readonly string[];
  readonly emptyArgs?: readonly string[];
  readonly platform?: Platform;
  readonly context?: NamedContext;
  readonly ignoreCache?: boolean;
  readonly unregistered?: boolean;
}

const NO_IMAGE = emptyImage({ os: '', architecture: '' });

export function newStage(given: NewStage): StageBuild {
  return {
    name: given.name,
    shownName: given.name,
    baseName: given.baseName,
    location: given.location,
    sourceCode: given.sourceCode ?? '',
    comments: given.comments ?? [],
    emptyArgs: given.emptyArgs ?? [],
    outline: { usedArgs: new Set(given.usedArgs), args: new Map(), secrets: new Map(), ssh: new Map() },
    base: undefined,
    context: given.context,
    unregistered: given.unregistered === true,
    commands: [],
    dependencies: new Map(),
    ignoreCache: given.ignoreCache === true,
    platform: given.platform,
    state: scratch(),
    image: NO_IMAGE,
    resolved: false,
    done: false,
    baseUnknown: false,
    triggersRead: false,
    args: [],
    contextPaths: new Set(),
    paths: new Set(),
    commandCount: 0,
    commandIndex: 0,
    workdirSet: false,
    single: new Map(),
  };
}

/** The stages of a file, then the images that they copy or mount from. */
export class StageGraph {
  readonly stages: StageBuild[] = [];
  readonly #byName = new Map<string, StageBuild>();
  readonly #images = new Map<string, StageBuild>();

  add(stage: StageBuild): void {
    this.stages.push(stage);
    if (stage.context === undefined) stage.base = this.#byName.get(stage.baseName);
    if (stage.name !== '') this.#byName.set(stage.name.toLowerCase(), stage);
  }

  byName(name: string): StageBuild | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  names(): string[] {
    return this.stages.filter((stage) => !stage.unregistered && stage.shownName !== '').map((stage) => stage.shownName);
  }

  /** Reads what a command copies or mounts from; images become stages of their own. */
  command(instruction: Instruction, options: { stage: StageBuild; isTrigger?: boolean }): StageCommand {
    const sources = this.#sourcesOf(instruction);
    for (const source of sources) {
      if (source === undefined) continue;
      options.stage.dependencies.set(source, instruction);
      if (source.unregistered && !this.stages.includes(source)) this.add(source);
    }
    return { instruction, sources, isTrigger: options.isTrigger === true };
  }

  #sourcesOf(instruction: Instruction): (StageBuild | undefined)[] {
    const { location } = instruction;
    if (instruction.kind === 'run') {
      return instruction.mounts.map(({ from }) => (from === '' ? undefined : this.#source(from, location)));
    }
    if (instruction.kind !== 'copy' || instruction.from === '') return [];
    const { from } = instruction;
    if (/\$|["'\\]/.test(from)) {
      throw failure(`COPY --from=${from}: variables are not expanded here`, {
        hint: 'define a stage with FROM and an ARG before the first FROM, and copy from that stage',
        word: [`--from=${from}`, '--from'],
      });
    }
    if (!/^[+-]?\d+$/.test(from)) return [this.#source(from, location)];
    const stage = this.stages[Number(from)];
    if (stage !== undefined) return [stage];
    throw failure(`COPY --from=${from}: there is no stage ${from}`, {
      code: 'STAGE_NOT_FOUND',
      hint: `the file has ${this.stages.length} stages, counted from 0`,
      word: `--from=${from}`,
    });
  }

  #source(from: string, location: Location): StageBuild {
    const known = this.byName(from) ?? this.#images.get(from);
    if (known !== undefined) return known;
    const image = newStage({ name: '', baseName: from, location, unregistered: true });
    this.#images.set(from, image);
    return image;
  }

  /** @throws PolyarchError STAGE_NOT_FOUND, listing the stages */
  target(name: string | undefined): StageBuild {
    const stages = this.stages.filter((stage) => !stage.unregistered);
    const found = name === undefined ? stages.at(-1) : (this.byName(name) ?? this.#byNumber(name, stages));
    return found ?? this.#missing(name ?? '');
  }

  /** @throws PolyarchError STAGE_NOT_FOUND, as `target` */
  named(name: string): StageBuild {
    return this.byName(name) ?? this.#missing(name);
  }

  #missing(name: string): never {
    const names = this.names();
    throw new PolyarchError('STAGE_NOT_FOUND', `there is no stage "${name}"${didYouMean(name, names)}`, {
      hint: `the Dockerfile has the stages ${names.join(', ')}`,
      details: { target: name, stages: names },
    });
  }

  /** `2` or `stage-2`. */
  #byNumber(name: string, stages: readonly StageBuild[]): StageBuild | undefined {
    const number = /^(?:stage-)?(\d+)$/.exec(name)?.[1];
    return number === undefined ? undefined : stages[Number(number)];
  }

  /** Stages that need one another, the first again at the end, the instruction that closes the circle, and those before it. */
  circle(): { stages: readonly StageBuild[]; instruction: Instruction; others: readonly Instruction[] } | undefined {
    const finished = new Set<StageBuild>();
    const path: StageBuild[] = [];
    const visit = (stage: StageBuild): ReturnType<StageGraph['circle']> => {
      if (finished.has(stage)) return undefined;
      path.push(stage);
      for (const [next, instruction] of stage.dependencies) {
        if (path.includes(next)) {
          const around = path.slice(path.indexOf(next));
          const others = around.slice(1).map((one, at) => around[at]?.dependencies.get(one));
          return { stages: [...around, next], instruction, others: others.filter((other) => other !== undefined) };
        }
        const found = visit(next);
        if (found !== undefined) return found;
      }
      path.pop();
      finished.add(stage);
      return undefined;
    };
    for (const stage of this.stages) {
      const found = visit(stage);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The stages and all that they need. */
  reachable(from: readonly StageBuild[]): Set<StageBuild> {
    const found = new Set<StageBuild>();
    const waiting = [...from];
    for (let stage = waiting.pop(); stage !== undefined; stage = waiting.pop()) {
      if (found.has(stage)) continue;
      found.add(stage);
      if (stage.base !== undefined) waiting.push(stage.base);
      waiting.push(...stage.dependencies.keys());
    }
    return found;
  }
}

/** What a stage takes over from the stage that it starts from. */
export function inherit(stage: StageBuild): void {
  const { base } = stage;
  if (base === undefined) return;
  stage.state = base.state;
  stage.platform = base.platform;
  const { OnBuild: _, ...config } = base.image.config;
  stage.image = { ...base.image, config };
  stage.paths = base.paths;
  stage.workdirSet = base.workdirSet;
  stage.args = base.args;
  stage.baseUnknown = base.baseUnknown;
}
