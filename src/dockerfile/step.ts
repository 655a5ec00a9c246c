import type { VertexOptions } from '../llb/state.ts';
import type { Platform } from '../oci/platform.ts';
import type { Conversion } from './conversion.ts';
import type { Env } from './convert-args.ts';
import { type StageImage, withHistory } from './convert-image.ts';
import { upperKeyword, vertexName } from './convert-name.ts';
import type { StageBuild, StageCommand } from './convert-stages.ts';
import type { RuleName } from './lint/rules.ts';
import { type WordOptions, expandWord, expandWords } from './shell-words.ts';
import { didYouMean } from './suggest.ts';

/** One instruction being carried out: its stage, its environment and what is common to all kinds. */
export class Step {
  readonly stage: StageBuild;
  readonly conversion: Conversion;
  readonly command: StageCommand;
  /** Of the stage before the instruction. */
  readonly env: Env;

  constructor(command: StageCommand, options: { stage: StageBuild; conversion: Conversion }) {
    this.command = command;
    this.stage = options.stage;
    this.conversion = options.conversion;
    this.env = options.stage.state.env;
  }

  /** The same with the environment as it is now. */
  now(): Step {
    return new Step(this.command, { stage: this.stage, conversion: this.conversion });
  }

  /** What steps of the stage run for. */
  get platform(): Platform {
    return this.stage.platform ?? this.conversion.options.targetPlatform;
  }

  /** The word with its variables; warns of those that are not set. */
  readonly expand = (word: string, options: WordOptions = {}): string => {
    const { escape } = this.conversion.dockerfile.directives;
    const { result, unmatched } = expandWord(word, (name) => this.env.get(name), { escape, ...options });
    this.#warnUnset(unmatched);
    return result;
  };

  expandToMany(word: string): readonly string[] {
    const { escape } = this.conversion.dockerfile.directives;
    return expandWords(word, (name) => this.env.get(name), { escape });
  }

  report(rule: RuleName, values: Readonly<Record<string, string>>): void {
    this.conversion.lint.report(rule, values, this.command.instruction);
  }

  /** The instruction as progress shows it, variables replaced where that can be done. */
  shown(options: { text?: string; env?: Env; words?: WordOptions } = {}): string {
    const { escape } = this.conversion.dockerfile.directives;
    const { text = this.command.instruction.original, env = this.env } = options;
    try {
      return upperKeyword(expandWord(text, (name) => env.get(name), { escape, ...options.words }).result);
    } catch {
      return upperKeyword(text);
    }
  }

  /** The name of the instruction's vertex; `same` for one more vertex of it. */
  name(shown: string, options: { platform?: Platform | undefined; same?: boolean } = {}): string {
    const { multiPlatform = false } = this.conversion.options;
    const platform = 'platform' in options ? options.platform : this.platform;
    const { isTrigger } = this.command;
    return vertexName(this.stage, shown, {
      multiPlatform,
      platform,
      env: this.stage.state.env,
      isTrigger,
      ...(options.same === undefined ? {} : { same: options.same }),
    });
  }

  /** Place, and whether the cache may be used. */
  get vertexOptions(): VertexOptions {
    const { location } = this.command.instruction;
    return this.stage.ignoreCache ? { location, ignoreCache: true } : { location };
  }

  /** Sets the stage's image, with an entry in its history. */
  commit(image: StageImage, createdBy: string, options: { layer?: boolean } = {}): void {
    this.stage.image = withHistory(image, createdBy, { ...options, epoch: this.conversion.epoch });
  }

  #warnUnset(names: readonly string[]): void {
    if (this.stage.baseUnknown) return;
    for (const name of names) {
      if (this.stage.args.some((arg) => arg.key === name) || NOT_IN_ENV.has(name)) continue;
      const near = didYouMean(name, [...this.env.keys()]).replace('did you mean ', 'did you mean $');
      this.report('UndefinedVar', { name, near });
    }
  }
}

/** Arguments that steps do not see. */
export const NOT_IN_ENV: ReadonlySet<string> = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);
