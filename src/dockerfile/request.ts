import type { CommandLine, Heredoc, Location } from './ast.ts';
import type { ParserFinding } from './lint/finding.ts';
import type { Node } from './node.ts';

/** What every instruction is made from. */
export interface Request {
  readonly node: Node;
  /** The fields that all instructions share. */
  readonly base: {
    readonly keyword: string;
    readonly location: Location;
    readonly original: string;
    readonly flags: readonly string[];
    readonly comments: readonly string[];
  };
  readonly heredocs: readonly Heredoc[];
  /** The joined line, not trimmed. */
  readonly text: string;
  readonly warn: (warning: Omit<ParserFinding, 'location' | 'comments'>) => void;
}

/** The shell or exec form of CMD, ENTRYPOINT and RUN. */
export function commandLine(node: Node): CommandLine {
  return { form: node.json ? 'exec' : 'shell', args: node.args };
}

/** BuildKit takes flags here and drops them; that is said. */
export function ignoreFlags({ node, warn }: Request): void {
  if (node.flags.length === 0) return;
  warn({ rule: 'IgnoredFlag', values: { keyword: node.name.toUpperCase(), flags: node.flags.join(' ') } });
}

/** The text behind `# <name> ` in the comments above an instruction. */
export function docComment(comments: readonly string[], name: string): string | undefined {
  if (name === '') return undefined;
  const found = comments.find((comment) => comment.startsWith(`${name} `));
  return found?.slice(name.length + 1);
}
