import type { FromInstruction } from './ast.ts';
import { failure } from './failure.ts';
import { parseFlags } from './flags.ts';
import type { Request } from './request.ts';

const STAGE_NAME = /^[a-z][a-z0-9\-_.]*$/;

/** `FROM [--platform=P] base [AS name]`. */
export function fromInstruction({ node, base }: Request): FromInstruction {
  const [baseName, as, written] = node.args;
  const named = node.args.length === 3 && as?.toLowerCase() === 'as';
  if (baseName === undefined || (!named && node.args.length !== 1)) {
    throw failure('FROM requires either one or three arguments', {
      hint: 'write FROM <image> or FROM <image> AS <name>',
      word: as === undefined || as.toLowerCase() === 'as' ? (node.args[3] ?? node.keyword) : as,
    });
  }
  const name = named ? (written ?? '').toLowerCase() : '';
  if (named && !STAGE_NAME.test(name)) {
    const shown = JSON.stringify(written);
    throw failure(`invalid name for build stage: ${shown}, name can't start with a number or contain symbols`, {
      hint: 'a name is letters, digits, -, _ and ., and begins with a letter',
      word: written ?? '',
    });
  }
  const flags = parseFlags(node.flags, { platform: 'text' });
  return { kind: 'from', ...base, name, baseName, platform: flags.text('platform') };
}
