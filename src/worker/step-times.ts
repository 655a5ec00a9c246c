import type { DatabaseSync } from 'node:sqlite';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';

export const TIMES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS step_times (step TEXT NOT NULL, platform TEXT NOT NULL, ms INTEGER NOT NULL, ended INTEGER NOT NULL, PRIMARY KEY (step, platform)) WITHOUT ROWID;
`;

/** The table keeps so many times, the newest. */
const KEPT = 5000;

/** A command as it runs on a platform, whatever it is run in. */
export interface TimedStep {
  /** The vertex; the same command after the same steps has the same. */
  readonly vertex: Digest;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly platform: Platform;
}

/** How long a step took when it last ran. */
export interface StepTime {
  readonly ms: number;
  /** Milliseconds since the epoch. */
  readonly ended: number;
  readonly platform: string;
}

/** How long steps took, in the store's database: what `polyarch plan` estimates by. */
export class StepTimes {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Notes a step that ended well. A record that cannot be written is done without. */
  save(step: TimedStep, ms: number): void {
    try {
      const insert = this.#db.prepare(
        'INSERT OR REPLACE INTO step_times (step, platform, ms, ended) VALUES (?, ?, ?, ?)',
      );
      const now = Date.now();
      for (const key of [step.vertex, commandKey(step)])
        insert.run(key, formatPlatform(step.platform), Math.round(ms), now);
      this.#db
        .prepare(
          'DELETE FROM step_times WHERE ended < (SELECT ended FROM step_times ORDER BY ended DESC LIMIT 1 OFFSET ?)',
        )
        .run(KEPT);
    } catch (error) {
      debug('engine', () => `the time of a step was not noted: ${messageOf(error)}`);
    }
  }

  /** The best record for a step: of itself, else of its command on its platform, else of its command on another. */
  find(step: TimedStep): StepTime | undefined {
    const rows = (key: Digest): StepTime[] =>
      this.#db
        .prepare('SELECT platform, ms, ended FROM step_times WHERE step = ? ORDER BY ended DESC')
        .all(key)
        // The columns hold what save wrote.
        .map((row) => row as unknown as StepTime);
    const commands = rows(commandKey(step));
    const platform = formatPlatform(step.platform);
    return rows(step.vertex)[0] ?? commands.find((one) => one.platform === platform) ?? commands[0];
  }
}

function commandKey({ args, cwd }: TimedStep): Digest {
  return digestOf(JSON.stringify(['command', args, cwd]));
}
