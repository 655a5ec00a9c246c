/** A step that runs. */
export interface Step {
  name: string;
  /** Ms since the epoch. */
  readonly started: number;
  /** The last lines of its output. */
  readonly log: string[];
  /** The line that is being written. */
  partial: string;
  /** Downloads by id, in words. */
  readonly statuses: Map<string, string>;
}

export interface LineOptions {
  readonly columns: number;
  readonly color: boolean;
  /** Ms since the epoch. */
  readonly now: number;
}

const COLORS = { done: '36', cached: '36', error: '31', canceled: '33', running: '', log: '2' } as const;
const WORDS = { done: '', cached: 'CACHED ', error: 'ERROR ', canceled: 'CANCELED ', running: '' } as const;

/** ` => CACHED [2/4] RUN make                 1.2s`, as wide as the terminal. */
export function stepLine(
  step: Pick<Step, 'name' | 'started'>,
  options: LineOptions & { readonly state: keyof typeof WORDS },
): string {
  const { columns, state } = options;
  const time = `${(Math.max(0, options.now - step.started) / 1000).toFixed(1)}s`;
  const room = Math.max(0, columns - time.length - 2);
  const text = fit(` => ${WORDS[state]}${plain(step.name)}`, room);
  return paint(`${text}${' '.repeat(Math.max(1, room + 1 - width(text)))}${time}`, COLORS[state], options.color);
}

/** The block that is redrawn: a head line, then the running steps with their output, never higher than the terminal. */
export function liveLines(
  steps: readonly Step[],
  options: LineOptions & {
    readonly title: string;
    readonly rows: number;
    readonly begun: number;
    readonly finished: number;
    readonly total: number;
  },
): readonly string[] {
  const { title, columns, color, rows, now, begun, finished, total } = options;
  const head = fit(`[+] ${title} ${((now - begun) / 1000).toFixed(1)}s (${finished}/${total})`, columns - 1);
  // The last row stays free for the cursor.
  const room = Math.max(1, rows - 2);
  const shown = steps.slice(0, steps.length > room ? room - 1 : room);
  const details = shown.map((step) => [
    ...[...step.statuses.values()].map((text) => ` => => ${text}`),
    ...[...step.log, ...(step.partial === '' ? [] : [step.partial])].slice(-6).map((text) => ` => => # ${text}`),
  ]);
  // The output of every step is cut alike until all of it fits.
  let most = 6;
  const rest = steps.length - shown.length;
  const height = () =>
    shown.length + (rest > 0 ? 1 : 0) + details.reduce((sum, lines) => sum + Math.min(lines.length, most), 0);
  while (most > 0 && height() > room) most--;
  const lines = shown.flatMap((step, i) => [
    stepLine(step, { columns, color, now, state: 'running' }),
    ...(details[i] ?? [])
      .slice(most === 0 ? Infinity : -most)
      .map((text) => paint(fit(plain(text), columns - 1), COLORS.log, color)),
  ]);
  return [head, ...lines, ...(rest > 0 ? [` => … and ${rest} more`] : [])];
}

/** Without escape sequences (ECMA-48) and other control characters, which would move the cursor. */
function plain(text: string): string {
  return (
    text
      .replaceAll('\t', '    ')
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      .replaceAll(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])?|[\x00-\x1f\x7f-\x9f]/g, '')
  );
}

function paint(text: string, code: string, color: boolean): string {
  return color && code !== '' ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Cuts to so many columns. */
function fit(text: string, columns: number): string {
  let used = 0;
  let end = 0;
  for (const char of text) {
    used += charWidth(char);
    if (used > columns) return `${text.slice(0, end)}`;
    end += char.length;
  }
  return text;
}

function width(text: string): number {
  let sum = 0;
  for (const char of text) sum += charWidth(char);
  return sum;
}

/** Columns that a terminal gives a character: 0 for combining ones, 2 for East Asian wide ones and emoji (Unicode TR 11). */
function charWidth(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}
