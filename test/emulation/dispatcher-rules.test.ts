import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, startClient, step } from '../executor/client.ts';
import { temporaryFolder } from '../support/environment.ts';
import { makeBusyboxPack } from './busybox-pack.ts';
import { COMMANDS, goCommandsScript, prepareGoCommands, readGoCommands } from './dispatcher-go-commands.ts';
import {
  CASES,
  NAMES,
  NAMES_LIST,
  OTHER_ORDER_CASES,
  type RuleCase,
  type RuleResult,
  expectedOfRule,
  namesScript,
  prepareRules,
  readNames,
  readRules,
  rulesScript,
} from './dispatcher-rules.ts';

const folder = temporaryFolder();
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function runCases(architecture: string, cases: readonly RuleCase[]): Promise<readonly RuleResult[]> {
  const busybox = await makeBusyboxPack(folder.path, architecture);
  prepareRules(busybox);
  const platform = { os: 'linux', architecture };
  const args = ['sh', '-c', rulesScript(cases)];
  const answer = await client.run(step({ rootfs: busybox.rootfs, accel: busybox.pack, platform, args }));
  expect(answer.error).toBeUndefined();
  return readRules(answer.output, cases);
}

let results: readonly RuleResult[] = [];
beforeAll(async () => {
  results = await runCases('arm64', CASES);
});

test.each(CASES.map((one, index) => [...one, index] as const))('%s %s %s', (env, rule, line, isNative, index) => {
  expect(results[index]).toEqual(expectedOfRule([env, rule, line, isNative]));
});

test('C.UTF-8 on a machine of the other byte order', async () => {
  expect(await runCases('s390x', OTHER_ORDER_CASES)).toEqual(OTHER_ORDER_CASES.map(expectedOfRule));
});

test('a program of many names runs native under those of its list, and apk where the root filesystem names its architecture', async () => {
  const { rootfs, pack } = await makeBusyboxPack(join(folder.path, 'names'), 'arm64');
  const platform = { os: 'linux', architecture: 'arm64' };
  const run = async () => {
    const args = ['sh', '-c', namesScript()];
    return readNames((await client.run(step({ rootfs, accel: pack, platform, args }))).output);
  };
  expect(await run()).toEqual(NAMES);
  rmSync(join(pack, NAMES_LIST));
  expect((await run()).filter(([, isNative]) => isNative)).toEqual([]);
});

test('the go command runs native with the variables of its list and the folder that it lies in, where nothing else sets it', async () => {
  const busybox = await makeBusyboxPack(join(folder.path, 'go'), 'arm64');
  prepareGoCommands(busybox);
  const { rootfs, pack } = busybox;
  const platform = { os: 'linux', architecture: 'arm64' };
  const args = ['sh', '-c', goCommandsScript()];
  const { output } = await client.run(step({ rootfs, accel: pack, platform, args }));
  expect(readGoCommands(output)).toEqual(COMMANDS);
});
