import { PolyarchError } from '../util/error.ts';

const CODES: Readonly<Record<string, string>> = {
  'commander.unknownCommand': 'UNKNOWN_COMMAND',
  'commander.unknownOption': 'UNKNOWN_FLAG',
  'commander.missingArgument': 'MISSING_ARGUMENT',
  'commander.optionMissingArgument': 'MISSING_ARGUMENT',
  'commander.excessArguments': 'TOO_MANY_ARGUMENTS',
};

/** What commander found wrong with a command line, as a coded error with the nearest word that there is. */
export function usageError(
  error: { readonly code: string; readonly message: string },
  command: string | undefined,
): PolyarchError {
  const match = /^(?:error: )?([\s\S]*?)(?:\n\((Did you mean [\s\S]*)\))?$/.exec(error.message);
  const [, message = error.message, suggestion] = match ?? [];
  const help =
    command === undefined ? 'polyarch --help lists the commands' : `polyarch ${command} --help shows the flags`;
  return new PolyarchError(CODES[error.code] ?? 'USAGE', command === undefined ? message : `${command}: ${message}`, {
    hint: suggestion === undefined ? help : `${suggestion.replaceAll('\n', ' ')} (${help})`,
  });
}
