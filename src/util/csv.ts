import { PolyarchError } from './error.ts';

/**
 * The fields of one CSV line (RFC 4180: `"a,b"` is one field, `""` a quote in it), as Docker's flags
 * take them: `type=oci,"name=a,b"`.
 */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      for (at++; ;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw new PolyarchError('INVALID_ARGUMENT', `a quote is not closed in ${JSON.stringify(text)}`);
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
        at++;
      }
      if (at < text.length && text[at] !== ',') {
        throw new PolyarchError(
          'INVALID_ARGUMENT',
          `a comma is missing after a quoted field in ${JSON.stringify(text)}`,
        );
      }
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      field = text.slice(at, end);
      at = end;
    }
    fields.push(field);
    if (at >= text.length) return fields;
    at++;
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
