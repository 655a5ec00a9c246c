import { basename } from 'node:path';

/** What a downloaded file is called: the name that is asked for, else the server's, else the address's last part. */
export function downloadName(
  address: string,
  options: { filename?: string; disposition?: string | undefined },
): string {
  const { filename, disposition } = options;
  return clean(filename) ?? clean(dispositionName(disposition ?? '')) ?? clean(lastPart(address)) ?? 'download';
}

/** RFC 6266: `filename*` (RFC 8187) before `filename`. */
function dispositionName(header: string): string | undefined {
  const encoded = /;\s*filename\*\s*=\s*(?:UTF-8|ISO-8859-1)'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
  }
  const [, quoted, token] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
}

function lastPart(address: string): string {
  const path = new URL(address).pathname;
  try {
    return basename(decodeURIComponent(path));
  } catch {
    return basename(path);
  }
}

/** One path component, or undefined when nothing usable is left. */
function clean(name: string | undefined): string | undefined {
  const last = basename((name ?? '').replaceAll('\\', '/').replaceAll('\0', ''));
  return last === '' || last === '.' || last === '..' || Buffer.byteLength(last) > 255 ? undefined : last;
}
