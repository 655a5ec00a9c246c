import { createInterface } from 'node:readline';
import { PolyarchError } from '../util/error.ts';
import type { CliContext } from './context.ts';

type Asking = Pick<CliContext, 'stdin' | 'stderr' | 'signal'>;

/** The first line of stdin, empty when there is none; nothing more can be read afterwards. */
async function firstLine({ stdin, signal }: Asking): Promise<string> {
  const lines = createInterface({ input: stdin, terminal: false });
  const stop = () => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of lines) return line;
    signal.throwIfAborted();
    return '';
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    stdin.destroy();
  }
}

/** Asks a question that only `y` and `yes` answer with yes. Fails with NOT_CONFIRMED otherwise. */
export async function confirm(question: string, context: Asking): Promise<void> {
  context.stderr.write(`${question} [y/N] `);
  const answer = await firstLine(context);
  if (/^y(es)?$/i.test(answer.trim())) return;
  if (!context.stdin.isTTY) context.stderr.write('\n');
  throw new PolyarchError('NOT_CONFIRMED', 'nothing was removed', { hint: 'answer y, or give -f' });
}

/** Asks on a terminal, one line an entry, in their order; nothing is echoed of those that are `secret`. */
export async function askOnTerminal(
  questions: readonly { readonly prompt: string; readonly secret: boolean }[],
  { stdin, stderr, signal }: Asking,
): Promise<string[]> {
  const answers: string[] = [];
  stdin.setRawMode(true);
  const stop = () => void stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    stderr.write(questions[0]?.prompt ?? '');
    let line = '';
    for await (const part of stdin.setEncoding('utf8')) {
      // An encoding is set.
      for (const key of part as string) {
        const question = questions[answers.length];
        if (key === '\u0003' || (key === '\u0004' && line === '')) throw canceled();
        if (key === '\r' || key === '\n') {
          stderr.write('\n');
          answers.push(line);
          line = '';
          if (answers.length === questions.length) return answers;
          stderr.write(questions[answers.length]?.prompt ?? '');
        } else if (key === '\u007f' || key === '\b') {
          if (line !== '' && question?.secret === false) stderr.write('\b \b');
          line = [...line].slice(0, -1).join('');
        } else if (key >= ' ') {
          line += key;
          if (question?.secret === false) stderr.write(key);
        }
      }
    }
    signal.throwIfAborted();
    throw canceled();
  } finally {
    signal.removeEventListener('abort', stop);
    if (!stdin.destroyed) stdin.setRawMode(false);
    stdin.destroy();
  }
}

function canceled(): PolyarchError {
  return new PolyarchError('CANCELED', 'no answer was given');
}
