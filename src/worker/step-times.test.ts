import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { parsePlatform } from '../oci/platform.ts';
import { StepTimes, TIMES_SCHEMA, type TimedStep } from './step-times.ts';

const step = (vertex: string, command: string, platform: string): TimedStep => ({
  vertex: digestOf(vertex),
  args: ['/bin/sh', '-c', command],
  cwd: '/',
  platform: parsePlatform(platform),
});

it('finds a step by itself, by its command on its platform, and by its command on another', () => {
  const db = new DatabaseSync(':memory:');
  db.exec(TIMES_SCHEMA);
  const times = new StepTimes(db);
  times.save(step('a', 'make', 'linux/amd64'), 1000.4);
  times.save(step('b', 'make', 'linux/arm64'), 9000);
  expect(times.find(step('a', 'make', 'linux/amd64'))).toMatchObject({ ms: 1000, platform: 'linux/amd64' });
  expect(times.find(step('c', 'make', 'linux/arm64'))).toMatchObject({ ms: 9000, platform: 'linux/arm64' });
  expect(times.find(step('c', 'make', 'linux/s390x'))?.platform).toMatch(/^linux\/a(?:rm|md)64$/);
  expect(times.find(step('c', 'make all', 'linux/amd64'))).toBeUndefined();
  times.save(step('a', 'make', 'linux/amd64'), 500);
  expect(times.find(step('a', 'make', 'linux/amd64'))).toMatchObject({ ms: 500 });
});

it('goes on when nothing can be written', () => {
  const db = new DatabaseSync(':memory:');
  new StepTimes(db).save(step('a', 'make', 'linux/amd64'), 1);
  expect(db.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toEqual({ n: 0 });
});
