import { parseParagraphs } from './deb822.ts';

/** A suite of an archive, as apt's sources name it. */
export interface AptSource {
  /** Ends in `/`. */
  readonly uri: string;
  /** e.g. `bookworm-updates` */
  readonly suite: string;
  readonly components: readonly string[];
}

/** Reads a file of apt's sources (sources.list(5)), in either style. Gives http and https sources of binary packages. */
export function parseAptSources(text: string, style: 'list' | 'sources'): AptSource[] {
  const found = style === 'list' ? listSources(text) : paragraphSources(text);
  return found
    .filter(({ uri, suite }) => /^https?:\/\//.test(uri) && URL.canParse(uri) && !suite.endsWith('/'))
    .map((source) => ({ ...source, uri: source.uri.replace(/\/*$/, '/') }));
}

function listSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.replace(/#.*$/, ''));
    const [, uri, suite, components = ''] = match ?? [];
    return uri === undefined || suite === undefined ? [] : [{ uri, suite, components: words(components) }];
  });
}

function paragraphSources(text: string): AptSource[] {
  return parseParagraphs(text).flatMap((paragraph) => {
    const field = (name: string) => words(paragraph.get(name) ?? '');
    if (!field('types').includes('deb') || /^(no|false|without|off|disable|0)$/i.test(paragraph.get('enabled') ?? ''))
      return [];
    return field('uris').flatMap((uri) =>
      field('suites').map((suite) => ({ uri, suite, components: field('components') })),
    );
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
