import type { ParserFinding } from './lint/finding.ts';

/**
 * A parsed Dockerfile. Words stay as they are written (quotes, escapes and `$` references included);
 * they are expanded later, with the environment of their stage, by `expandWord` of shell-words.ts.
 */

/** Whole lines of a source file, both ends included, counted from 1. */
export interface Location {
  readonly file: string;
  readonly startLine: number;
  readonly endLine: number;
}

/** Parser directives at the head of the file. */
export interface Directives {
  /** The whole value of `# syntax=`. */
  readonly syntax?: string;
  readonly escape: EscapeToken;
  /** The whole value of `# check=`, e.g. `skip=JSONArgsRecommended;error=true`. */
  readonly check?: string;
}

export type EscapeToken = '\\' | '`';

export interface Dockerfile {
  readonly filename: string;
  readonly directives: Directives;
  /** The ARG instructions before the first FROM. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** What the parser found that is no error. */
  readonly warnings: readonly ParserFinding[];
  /** The source, line by line, without line ends; for excerpts. */
  readonly lines: readonly string[];
}

/** One FROM and what follows it. */
export interface Stage {
  /** The name after AS in lower case; '' without one. */
  readonly name: string;
  /** The base as written: an image reference or a stage name, possibly with variables. */
  readonly baseName: string;
  /** `--platform` as written; '' without one. */
  readonly platform: string;
  /** The comment `# <name> <text>` above FROM. */
  readonly comment?: string;
  readonly instructions: readonly Instruction[];
  readonly from: FromInstruction;
  /** Where the FROM stands. */
  readonly location: Location;
  /** The text of the FROM. */
  readonly sourceCode: string;
}

interface Base {
  /** The keyword as written, e.g. `run` or `RUN`. */
  readonly keyword: string;
  readonly location: Location;
  /** The instruction with continuation lines joined, comments and heredoc bodies left out, trimmed. */
  readonly original: string;
  /** `--flag=value` words as the parser read them (quotes removed), in order. */
  readonly flags: readonly string[];
  /** The comment lines above the instruction, without `#`. */
  readonly comments: readonly string[];
}

/** The body of a heredoc. */
export interface Heredoc {
  /** The terminator with its quotes removed; also the file's name for COPY and ADD. */
  readonly name: string;
  /** The number before `<<`; 0 without one. */
  readonly fileDescriptor: number;
  /** False when any part of the terminator is quoted: variables in the body stay. */
  readonly expand: boolean;
  /** `<<-`: leading tabs are to be removed, see `chompHeredoc`. */
  readonly chomp: boolean;
  /** The lines between as written, line ends included. */
  readonly content: string;
}

/** A command in one of its two forms. */
export interface CommandLine {
  /** `shell`: `args` holds one text for the stage's shell (none when empty). `exec`: the JSON array. */
  readonly form: 'shell' | 'exec';
  readonly args: readonly string[];
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Written as `KEY value` instead of `KEY=value`. */
  readonly legacy: boolean;
}

export interface ArgDeclaration {
  readonly key: string;
  readonly value?: string;
  /** The comment `# <key> <text>` above. */
  readonly comment?: string;
}

export interface FromInstruction extends Base {
  readonly kind: 'from';
  readonly name: string;
  readonly baseName: string;
  readonly platform: string;
}

export interface ArgInstruction extends Base {
  readonly kind: 'arg';
  readonly args: readonly ArgDeclaration[];
}

export interface EnvInstruction extends Base {
  readonly kind: 'env';
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends Base {
  readonly kind: 'label';
  readonly pairs: readonly KeyValue[];
}

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
export type Sharing = 'shared' | 'private' | 'locked';
export type NetworkMode = 'default' | 'none' | 'host';
export type SecurityMode = 'sandbox' | 'insecure';

/** `RUN --mount=` before its variables are expanded; `parseMount` of mount.ts gives the `Mount`. */
export interface MountFlag {
  /** The text after `--mount=`. */
  readonly raw: string;
  /** `from=`, which takes no variables; '' without one. */
  readonly from: string;
}

/** A `RUN --mount=` with its variables expanded. */
export interface Mount {
  readonly type: MountType;
  readonly from: string;
  readonly source: string;
  readonly target: string;
  /** By default true, except for cache and tmpfs. */
  readonly readonly: boolean;
  /** `id=`; '' without one. */
  readonly id: string;
  /** Cache only; '' means `shared`. */
  readonly sharing: Sharing | '';
  /** Secret and ssh only. */
  readonly required: boolean;
  /** Tmpfs only: bytes; 0 is no limit. */
  readonly size: number;
  /** Secret only: the environment variable to set; '' means the one named after the secret. */
  readonly env?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** `RUN --device=`: a CDI device. */
export interface Device {
  readonly name: string;
  readonly required: boolean;
}

export interface RunInstruction extends Base {
  readonly kind: 'run';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly MountFlag[];
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly devices: readonly Device[];
}

/** What COPY and ADD have in common. */
export interface Transfer extends Base {
  /** Paths, patterns or (ADD) addresses. */
  readonly sources: readonly string[];
  /** Files given in the Dockerfile; `<<-` bodies have their tabs removed already. */
  readonly inline: readonly Heredoc[];
  readonly destination: string;
  /** Written as a JSON array. */
  readonly json: boolean;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends Transfer {
  readonly kind: 'copy';
  readonly from: string;
  readonly parents: boolean;
}

export interface AddInstruction extends Transfer {
  readonly kind: 'add';
  readonly checksum: string;
  /** Undefined when not given. */
  readonly keepGitDir?: boolean;
  /** Undefined when not given. */
  readonly unpack?: boolean;
}

export interface CmdInstruction extends Base {
  readonly kind: 'cmd';
  readonly command: CommandLine;
}

export interface EntrypointInstruction extends Base {
  readonly kind: 'entrypoint';
  readonly command: CommandLine;
}

export interface ExposeInstruction extends Base {
  readonly kind: 'expose';
  /** Sorted; a word may expand to several ports. */
  readonly ports: readonly string[];
}

export interface HealthcheckInstruction extends Base {
  readonly kind: 'healthcheck';
  /** As in the image config: `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly test: readonly string[];
  /** Nanoseconds; 0 when not given. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface MaintainerInstruction extends Base {
  readonly kind: 'maintainer';
  readonly maintainer: string;
}

export interface OnbuildInstruction extends Base {
  readonly kind: 'onbuild';
  /** The text for the image config, heredoc bodies included; read back by `parseTrigger`. */
  readonly trigger: string;
}

export interface ShellInstruction extends Base {
  readonly kind: 'shell';
  readonly shell: readonly string[];
}

export interface StopsignalInstruction extends Base {
  readonly kind: 'stopsignal';
  readonly signal: string;
}

export interface UserInstruction extends Base {
  readonly kind: 'user';
  readonly user: string;
}

export interface VolumeInstruction extends Base {
  readonly kind: 'volume';
  readonly volumes: readonly string[];
  /** Written as a JSON array. */
  readonly json: boolean;
}

export interface WorkdirInstruction extends Base {
  readonly kind: 'workdir';
  readonly path: string;
}

/** What may stand in a stage after its FROM. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

export type AnyInstruction = Instruction | FromInstruction;
