import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An upload under way at a registry. */
export interface UploadRecord {
  /** The whole address that the next chunk goes to. */
  readonly location: string;
  /** Process that sends it: while that one lives, no other takes it up. */
  readonly pid: number;
}

/** Where uploads under way are remembered, so that a new process goes on where a killed one stopped. */
export interface UploadSessions {
  get(key: string): Promise<UploadRecord | undefined>;
  put(key: string, record: UploadRecord): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Remembers uploads in a folder, one small file each (mode 0600: an address may hold a signature). */
export function folderUploadSessions(folder: string): UploadSessions {
  const fileOf = (key: string): string => join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  return {
    async get(key) {
      try {
        const record: unknown = JSON.parse(readFileSync(fileOf(key), 'utf8'));
        return isRecord(record) ? record : undefined;
      } catch {
        // A record is only a short cut: one that is missing or damaged means a fresh upload.
        return undefined;
      }
    },
    async put(key, record) {
      const temporary = `${fileOf(key)}.${randomUUID()}`;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
      renameSync(temporary, fileOf(key));
    },
    async delete(key) {
      rmSync(fileOf(key), { force: true });
    },
  };
}

/** Remembers uploads for the life of the process. */
export function memoryUploadSessions(): UploadSessions {
  const records = new Map<string, UploadRecord>();
  return {
    get: (key) => Promise.resolve(records.get(key)),
    put: (key, record) => Promise.resolve(void records.set(key, record)),
    delete: (key) => Promise.resolve(void records.delete(key)),
  };
}

function isRecord(value: unknown): value is UploadRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'location' in value &&
    typeof value.location === 'string' &&
    URL.canParse(value.location) &&
    'pid' in value &&
    typeof value.pid === 'number'
  );
}
