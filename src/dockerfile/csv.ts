import { failure } from './failure.ts';

/**
 * The fields of one line of comma-separated values (RFC 4180): a field that begins with `"` ends at the next single
 * `"`, and `""` in it is a quote. @throws DOCKERFILE_PARSE for a quote elsewhere, an open one, and an empty line.
 */
export function parseCsvLine(line: string): string[] {
  const text = line.replace(/\r?\n$/, '');
  if (text === '') throw failure('a list of fields is empty');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let field = '';
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw failure(`extraneous or missing " in quoted-field of ${text}`);
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
        at++;
      }
      fields.push(field);
      if (at === text.length) return fields;
      if (text[at] !== ',') throw failure(`extraneous or missing " in quoted-field of ${text}`);
      at++;
      continue;
    }
    const comma = text.indexOf(',', at);
    const field = text.slice(at, comma < 0 ? undefined : comma);
    if (field.includes('"')) throw failure(`bare " in non-quoted-field of ${text}`);
    fields.push(field);
    if (comma < 0) return fields;
    at = comma + 1;
  }
}
