import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';

const CODES: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'UNKNOWN_FLAG',
  'commander.missingArgument': 'MISSING_ARGUMENT',
  'commander.optionMissingArgument': 'MISSING_ARGUMENT',
  'commander.excessArguments': 'TOO_MANY_ARGUMENTS',
};

export function unknownCommand(command: string, known: readonly string[]): PolyarchError {
  return new PolyarchError('UNKNOWN_COMMAND', `there is no command "${command}"${didYouMean(command, known)}`, {
    hint: 'polyarch --help lists the commands',
  });
}

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
