import type { AddInstruction, CopyInstruction, Heredoc, Transfer } from './ast.ts';
import { failure } from './failure.ts';
import { parseFlags } from './flags.ts';
import type { FlagKind, Flags } from './flags.ts';
import { chompHeredoc, parseHeredocWord } from './heredoc.ts';
import type { Request } from './request.ts';

const SHARED: Readonly<Record<string, FlagKind>> = { chown: 'text', chmod: 'text', link: 'bool', exclude: 'texts' };

/** `COPY [flags] source … destination`. */
export function copyInstruction(request: Request): CopyInstruction {
  requireDestination(request);
  const flags = parseFlags(request.node.flags, { ...SHARED, from: 'text', parents: 'bool' });
  const parents = flags.bool('parents') ?? false;
  return { kind: 'copy', ...transfer(request, flags), from: flags.text('from'), parents };
}

/** `ADD [flags] source … destination`. */
export function addInstruction(request: Request): AddInstruction {
  requireDestination(request);
  const flags = parseFlags(request.node.flags, {
    ...SHARED,
    checksum: 'text',
    'keep-git-dir': 'bool',
    unpack: 'bool',
  });
  const keepGitDir = flags.bool('keep-git-dir');
  const unpack = flags.bool('unpack');
  return {
    kind: 'add',
    ...transfer(request, flags),
    checksum: flags.text('checksum'),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function requireDestination({ node }: Request): void {
  if (node.args.length >= 2) return;
  throw failure(
    `${node.name.toUpperCase()} requires at least two arguments, but only one was provided. ` +
      'Destination could not be determined',
    { hint: `write ${node.name.toUpperCase()} <source> … <destination>`, word: [...node.args, node.keyword] },
  );
}

function transfer({ node, base, heredocs }: Request, flags: Flags): Omit<Transfer, 'kind'> {
  const destination = node.args.at(-1) ?? '';
  if (parseHeredocWord(destination) !== undefined) {
    throw failure(`${node.name.toUpperCase()} cannot accept a heredoc as a destination`, { word: destination });
  }
  const contents = new Map(heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const sources: string[] = [];
  const inline: Heredoc[] = [];
  for (const source of node.args.slice(0, -1)) {
    const word = parseHeredocWord(source);
    if (word === undefined) {
      sources.push(source);
      continue;
    }
    const content = contents.get(word.name) ?? '';
    inline.push({ ...word, content: word.chomp ? chompHeredoc(content) : content });
  }
  return {
    ...base,
    sources,
    inline,
    destination,
    json: node.json,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.bool('link') ?? false,
    exclude: flags.texts('exclude'),
  };
}
