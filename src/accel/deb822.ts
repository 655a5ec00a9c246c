/** A paragraph of fields: names in lower case, continuation lines joined by newlines without their first blank. */
export type Paragraph = ReadonlyMap<string, string>;

/** The paragraphs of a control file (deb822(5)): dpkg's status, Packages, Release, apt's `.sources`. Lines that are none are passed over. */
export function parseParagraphs(text: string): Paragraph[] {
  return text
    .split(/\n(?:[ \t]*\n)+/)
    .map(parseParagraph)
    .filter((paragraph) => paragraph.size > 0);
}

export function parseParagraph(text: string): Paragraph {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    last = colon > 0 ? line.slice(0, colon).toLowerCase() : undefined;
    if (last !== undefined) fields.set(last, line.slice(colon + 1).trim());
  }
  return fields;
}
