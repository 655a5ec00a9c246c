import type { DatabaseSync } from 'node:sqlite';
import type { ElfFile } from '../snapshot/elf-files.ts';

export const ELF_SCHEMA = `
  CREATE TABLE IF NOT EXISTS layer_elfs (layer TEXT PRIMARY KEY, files TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS arch_checks (key TEXT PRIMARY KEY, findings TEXT NOT NULL) WITHOUT ROWID;
`;

export function saveElfs(db: DatabaseSync, layer: string, files: readonly ElfFile[]): void {
  db.prepare('INSERT OR REPLACE INTO layer_elfs (layer, files) VALUES (?, ?)').run(layer, JSON.stringify(files));
}

/** The programs and shared libraries of a layer, when they are known. */
export function loadElfs(db: DatabaseSync, layer: string): readonly ElfFile[] | undefined {
  const files = db.prepare('SELECT files FROM layer_elfs WHERE layer = ?').get(layer)?.['files'];
  return files === undefined ? undefined : (JSON.parse(String(files)) as ElfFile[]); // written by saveElfs
}
