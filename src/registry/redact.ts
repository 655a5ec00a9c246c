/** Query parameters that may be shown: what the distribution spec itself uses. Values of all others may be secrets. */
const SHOWN = new Set(['n', 'last', 'digest', 'mount', 'from', 'artifactType', 'scope', 'service']);

/** The address as it may be shown: no user, no password, and the values of unknown query parameters hidden. */
export function redactUrl(url: URL | string): string {
  let copy: URL;
  try {
    copy = new URL(url);
  } catch {
    return '<unreadable address>';
  }
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  const query = [...copy.searchParams].map(([name, value]) => `${name}=${SHOWN.has(name) ? value : '***'}`);
  copy.search = '';
  return query.length === 0 ? copy.href : `${copy.href}?${query.join('&')}`;
}
