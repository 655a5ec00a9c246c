import { PolyarchError } from '../../util/error.ts';

/** A piece of a template: text, or the words of one action, `{{…}}`. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly words: readonly Word[]; readonly source: string };

export interface Word {
  readonly kind: 'string' | 'number' | 'field' | 'variable' | 'name' | 'mark';
  /** A string's value; else the word as written. */
  readonly text: string;
  /** Whether a blank comes before it: `.A .B` are two fields, `.A.B` is one. */
  readonly spaced: boolean;
}

const WORD =
  /(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<number>-?\d+(?:\.\d+)?)|(?<field>\.[A-Za-z_]\w*)|(?<variable>\$\w*)|(?<name>[A-Za-z_]\w*)|(?<mark>:=|[.(),|=])/y;

/** Cuts a Go template (text/template) into its pieces. Fails with INVALID_ARGUMENT. */
export function pieces(template: string): readonly Piece[] {
  const found: Piece[] = [];
  let trim = false;
  const text = (part: string, trimEnd: boolean) => {
    const cut = trim ? part.replace(/^\s+/, '') : part;
    const kept = trimEnd ? cut.replace(/\s+$/, '') : cut;
    if (kept !== '') found.push({ kind: 'text', text: kept });
  };
  let at = 0;
  for (;;) {
    const open = template.indexOf('{{', at);
    if (open < 0) break;
    const { end, inner } = actionAt(template, open);
    text(template.slice(at, open), /^-\s/.test(inner));
    trim = /\s-$/.test(inner);
    const source = `{{${inner}}}`;
    const body = inner.replace(/^-\s/, '').replace(/\s-$/, '').trim();
    if (!/^\/\*[^]*\*\/$/.test(body)) found.push({ kind: 'action', words: wordsOf(body, source), source });
    at = end;
  }
  text(template.slice(at), false);
  return found;
}

/** The action's inside; braces in its strings do not end it. */
function actionAt(template: string, open: number): { readonly end: number; readonly inner: string } {
  const match = /^\{\{((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*[^]*?\*\/|[^"`}]|\}(?!\}))*)\}\}/.exec(template.slice(open));
  if (match === null) throw templateError(template.slice(open, open + 40), 'it does not end');
  return { end: open + match[0].length, inner: match[1] ?? '' };
}

function wordsOf(body: string, source: string): readonly Word[] {
  const words: Word[] = [];
  let spaced = true;
  for (let at = 0; at < body.length;) {
    const blank = /\s+/y;
    blank.lastIndex = at;
    const skipped = blank.exec(body);
    if (skipped !== null) {
      spaced = true;
      at += skipped[0].length;
      continue;
    }
    WORD.lastIndex = at;
    const groups = WORD.exec(body)?.groups;
    const [kind, text] = Object.entries(groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (kind === undefined || text === undefined)
      throw templateError(source, `${JSON.stringify(body[at])} has no place there`);
    // The names of the groups are the kinds.
    words.push({ kind: kind as Word['kind'], text: kind === 'string' ? unquoted(text, source) : text, spaced });
    at += text.length;
    spaced = false;
  }
  return words;
}

function unquoted(text: string, source: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    throw templateError(source, `${text} is no string`);
  }
}

/** The failure of a `--format` template. */
export function templateError(source: string, why: string): PolyarchError {
  return new PolyarchError('INVALID_ARGUMENT', `--format: ${source}: ${why}`, {
    hint: 'a Go template, e.g. {{.Name}}, {{json .Manifest}}, {{range .Manifest.Manifests}}{{.Digest}}{{end}}; docs/decisions/0009-templates.md has all of it',
  });
}
