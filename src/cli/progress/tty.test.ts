import { describe, expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import type { ProgressEvent } from '../../solver/progress.ts';
import { ttyProgress } from './tty.ts';

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const TOKENS = /\x1b\[(\d+)A|(\x1b\[0J)|(\x1b\[[?\d;]*[a-zA-Z])|([\s\S])/gu;

/** As much of a terminal as the progress uses; gives the lines that are to be seen, scrolled off ones too. */
function screen(text: string): string[] {
  const rows = [''];
  let [row, column] = [0, 0];
  for (const [, up, erase, other, char] of text.matchAll(TOKENS)) {
    if (up !== undefined) row -= Number(up);
    else if (erase !== undefined) {
      rows.length = row + 1;
      rows[row] = rows[row]?.slice(0, column) ?? '';
    } else if (char === '\n') rows[++row] ??= '';
    else if (char === '\r') column = 0;
    else if (other === undefined && char !== undefined) {
      const line = rows[row] ?? '';
      rows[row] = line.slice(0, column) + char + line.slice(column + 1);
      column += char.length;
    }
  }
  return rows.filter((line) => line !== '');
}

const vertex = (name: string, rest: Partial<Extract<ProgressEvent, { kind: 'vertex' }>> = {}): ProgressEvent => ({
  kind: 'vertex',
  digest: digestOf(name),
  name,
  inputs: [],
  ...rest,
});
const log = (name: string, text: string): ProgressEvent => ({
  kind: 'log',
  vertex: digestOf(name),
  stream: 1,
  data: Buffer.from(text),
  time: 2000,
});

function drawn(rows = 24, columns = 40) {
  let written = '';
  let now = 1000;
  const view = ttyProgress(
    { title: 'Building', rows, columns, color: false, write: (text) => (written += text) },
    () => now,
  );
  return {
    view,
    at: (time: number) => (now = time),
    lines: () => screen(written),
    written: () => written,
  };
}

describe('progress on a terminal', () => {
  test('running steps with their time and output, below finished ones', () => {
    const { view, at, lines } = drawn();
    for (const name of ['one', 'two', 'three']) view.event(vertex(name));
    view.event(vertex('one', { started: 1000 }));
    view.event(vertex('one', { started: 1000, completed: 1500 }));
    view.event(vertex('two', { started: 1500 }));
    view.event(log('two', 'first\nsecond\nthi'));
    at(3200);
    view.tick();
    expect(lines()).toEqual([
      ' => one                            0.5s',
      '[+] Building 2.2s (1/3)',
      ' => two                            1.7s',
      ' => => # first',
      ' => => # second',
      ' => => # thi',
    ]);
    view.event(log('two', 'rd\n'));
    view.event(vertex('two', { started: 1500, completed: 3500, cached: true }));
    view.event(vertex('three', { started: 3500, completed: 3600, error: 'no' }));
    view.end();
    expect(lines()).toEqual([
      ' => one                            0.5s',
      ' => CACHED two                     2.0s',
      ' => ERROR three                    0.1s',
    ]);
  });

  test('the last six lines of output, never more lines than the terminal has', () => {
    const { view, lines } = drawn(10);
    view.event(vertex('a', { started: 1000 }));
    view.event(log('a', Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')));
    view.tick();
    expect(lines().slice(2)).toEqual([14, 15, 16, 17, 18, 19].map((i) => ` => => # line ${i}`));
    for (let i = 0; i < 30; i++) view.event(vertex(`step ${i}`, { started: 1000 }));
    view.tick();
    expect(lines().length).toBeLessThan(10);
    expect(lines().at(-1)).toMatch(/… and \d+ more/);
  });

  test('downloads', () => {
    const { view, lines } = drawn();
    view.event(vertex('pull', { started: 1000 }));
    const status = { kind: 'status', vertex: digestOf('pull'), id: 'sha256:abc', total: 2_000_000 } as const;
    view.event({ ...status, current: 500_000 });
    view.tick();
    expect(lines().at(-1)).toBe(' => => sha256:abc 500kB / 2MB');
    view.event({ ...status, current: 2_000_000 });
    view.tick();
    expect(lines().at(-1)).toMatch(/^ => pull/);
  });

  test('output cannot move the cursor, and nothing is wider than the terminal', () => {
    const { view, lines, written } = drawn(24, 30);
    view.event(vertex('名前'.repeat(30), { started: 1000 }));
    view.event(
      log('名前'.repeat(30), `\x1b[2J\x1b[31mred\x1b[0m\ttab\x07\x1b]0;title\x07\n${'long '.repeat(50)}\nold\rnew\n`),
    );
    view.tick();
    for (const sequence of ['\x1b[2J', '\x1b[31m', '\x07']) expect(written()).not.toContain(sequence);
    expect(lines().slice(2)).toEqual([' => => # red    tab', ` => => # ${'long '.repeat(4)}`, ' => => # new']);
    // A wide character takes two columns.
    expect(lines()[1]?.replaceAll(/[^\x20-\x7e]/g, '..').length).toBeLessThanOrEqual(30);
  });

  test('a notice stays above; the end says what was canceled and gives the cursor back, once', () => {
    const { view, at, lines, written } = drawn();
    view.event(vertex('slow', { started: 1000 }));
    view.notice('note: hello');
    at(2000);
    view.end();
    view.end();
    view.tick();
    expect(lines()).toEqual(['note: hello', ' => CANCELED slow                  1.0s']);
    expect(written().split('\x1b[?25l')).toHaveLength(2);
    expect(written().split('\x1b[?25h')).toHaveLength(2);
    expect(written().lastIndexOf('\x1b[?25l')).toBeLessThan(written().lastIndexOf('\x1b[?25h'));
  });
});
