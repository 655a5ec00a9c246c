import { accessSync, constants } from 'node:fs';

/** Where system programs lie when PATH leaves them out, as it does for cron jobs and some services. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The absolute folders of a PATH, then the system's own, each once. */
export function programFolders(path: string | undefined): readonly string[] {
  const named = (path ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...named, ...SYSTEM_FOLDERS])];
}

/** The absolute path of a program, as execvp would choose it; undefined when it is not there. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  for (const folder of programFolders(path)) {
    const file = `${folder}/${name}`;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
