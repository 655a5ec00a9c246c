import { PolyarchError } from './error.ts';

/** In the words of Go's encoding/csv, which people know from Docker. */
const UNCLOSED = 'extraneous or missing " in quoted-field';

/**
 * The fields of one CSV line (RFC 4180: `"a,b"` is one field, `""` a quote in it), as Docker's flags
 * take them: `type=oci,"name=a,b"`. An empty line is one empty field.
 *
 * @param refuse makes the error, given what is wrong. Default: INVALID_ARGUMENT.
 */
export function csvFields(
  text: string,
  refuse = (why: string) => new PolyarchError('INVALID_ARGUMENT', `${why} of ${JSON.stringify(text)}`),
): string[] {
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    let field = '';
    if (text[at] === '"') {
      for (at++; ;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw refuse(UNCLOSED);
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
        at++;
      }
      if (at < text.length && text[at] !== ',') throw refuse(UNCLOSED);
    } else {
      const comma = text.indexOf(',', at);
      field = text.slice(at, comma < 0 ? undefined : comma);
      if (field.includes('"')) throw refuse('bare " in non-quoted-field');
      at += field.length;
    }
    fields.push(field);
    if (at >= text.length) return fields;
  }
}

/** `key=value` fields; keys in lower case. A field without `=` is handed to `bare`, or refused. */
export function csvAttributes(text: string, flag: string, bare?: (field: string) => void): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals >= 0) found.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
    else if (bare !== undefined) bare(field);
    else {
      throw new PolyarchError(
        'INVALID_ARGUMENT',
        `${flag}: ${JSON.stringify(field)} is not KEY=VALUE, in ${JSON.stringify(text)}`,
      );
    }
  }
  return found;
}
