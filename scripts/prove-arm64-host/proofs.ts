import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAP_FILE, type RanNative, countRan } from '../../src/emulation/accel-map.ts';
import { COMMANDS, goCommandsScript, readGoCommands } from '../../test/emulation/dispatcher-go-commands.ts';
import {
  CASES,
  NAMES,
  NAMES_LIST,
  OTHER_ORDER_CASES,
  expectedOfRule,
  namesScript,
  readNames,
  readRules,
  rulesScript,
} from '../../test/emulation/dispatcher-rules.ts';
import {
  MACHINES,
  PRELOAD_FILE,
  UNNOTICED,
  UNPRIVILEGED,
  UNPRIVILEGED_NATIVE,
  UNPRIVILEGED_OUTPUT,
  WRITES,
  machinesOutput,
} from '../../test/emulation/dispatcher-scenes.ts';

/** What a script printed, and what the dispatcher noted. */
export interface Answer {
  readonly output: string;
  readonly ran: Uint8Array;
}

/** A script for a place's shell on the arm64 machine. */
export interface Proof {
  readonly name: string;
  readonly place: string;
  readonly script: string;
  /** Default root. */
  readonly user?: string;
  /** Whether the place's pack is mounted; default true. */
  readonly accel?: boolean;
  /** Run by the machine itself before. */
  readonly before?: string;
  readonly check: (answer: Answer, facts: ProofFacts) => { readonly found: unknown; readonly wanted: unknown };
}

interface ProofFacts {
  readonly answers: ReadonlyMap<string, Answer>;
  /** The folder of the place's pack. */
  readonly pack: string;
}

/** Settings for QEMU, one of which a guest can see. */
export const SETTINGS = [
  'QEMU_CPU=qemu',
  'QEMU_SET_ENV=FROM_QEMU=1',
  'QEMU_UNSET_ENV=QEMU_CPU,QEMU_SET_ENV,QEMU_UNSET_ENV',
];

const NATIVE = 'aarch64';
const FOREIGN = 'riscv64';
const EMULATED = 'the same, emulated';

const prints =
  (wanted: string): Proof['check'] =>
  ({ output }) => ({ found: output, wanted });

function ran({ ran: notes }: Answer, pack: string): readonly RanNative[] {
  return countRan(readFileSync(join(pack, MAP_FILE)), notes);
}

/** The same as with no pack, telling nothing of the native machine, though programs ran on it: so often. */
function unnoticed(reference: string, isRight: (times: number) => boolean): Proof['check'] {
  return (answer, { answers, pack }) => {
    const [most] = ran(answer, pack);
    const found = {
      output: answer.output,
      tellsMachine: answer.output.includes(NATIVE),
      isNative: most?.tool === 'bin/busybox' && isRight(most.times),
    };
    return { found, wanted: { output: answers.get(reference)?.output, tellsMachine: false, isNative: true } };
  };
}

export const PROOFS: readonly Proof[] = [
  {
    name: 'what the map knows is native, what it does not know is emulated',
    place: 'scenes',
    script: MACHINES,
    check: (answer, { pack }) => ({
      found: { output: answer.output, ran: ran(answer, pack) },
      wanted: { output: machinesOutput(NATIVE, FOREIGN), ran: [{ tool: 'bin/busybox', times: 3 }] },
    }),
  },
  {
    name: 'nothing is native without a pack',
    place: 'scenes',
    script: `${MACHINES}; ls -d /dev/.accel`,
    accel: false,
    check: prints(`${`${FOREIGN}\n`.repeat(5)}ls: /dev/.accel: No such file or directory\n`),
  },
  {
    name: EMULATED,
    place: 'scenes',
    script: UNNOTICED,
    accel: false,
    check: ({ output }) => ({ found: output.split('\n').length, wanted: 10 }),
  },
  {
    name: 'arguments, links, scripts, descriptors, environment, chroot',
    place: 'scenes',
    script: UNNOTICED,
    check: unnoticed(EMULATED, (times) => times > 5),
  },
  {
    name: `${EMULATED}, another user`,
    place: 'scenes',
    script: UNPRIVILEGED,
    user: 'nobody',
    accel: false,
    check: prints(UNPRIVILEGED_OUTPUT),
  },
  {
    name: 'setuid and execute-only programs of another user',
    place: 'scenes',
    script: UNPRIVILEGED,
    user: 'nobody',
    check: unnoticed(`${EMULATED}, another user`, (times) => times === UNPRIVILEGED_NATIVE),
  },
  { name: '/etc/ld.so.preload', place: 'scenes', script: PRELOAD_FILE, check: prints(`${FOREIGN}\n${NATIVE}\n`) },
  {
    name: 'writing into the pack',
    place: 'scenes',
    script: WRITES,
    check: ({ output }) => ({
      found: { isRefused: output.includes('Read-only file system'), isNative: output.includes(NATIVE) },
      wanted: { isRefused: true, isNative: true },
    }),
  },
  {
    name: 'rules: environment, compilers, linkers, Python, Go tools, apk',
    place: 'rules',
    script: rulesScript(CASES),
    check: ({ output }) => ({ found: readRules(output, CASES), wanted: CASES.map(expectedOfRule) }),
  },
  {
    name: 'programs of many names',
    place: 'names',
    script: namesScript(),
    check: ({ output }) => ({ found: readNames(output), wanted: NAMES }),
  },
  {
    name: 'programs of many names without their list',
    place: 'names',
    before: `rm /places/names/${FOREIGN}-pack/${NAMES_LIST}`,
    script: namesScript(),
    check: ({ output }) => ({ found: readNames(output), wanted: NAMES.map(([line]) => [line, false]) }),
  },
  {
    name: 'go commands',
    place: 'go',
    script: goCommandsScript(),
    check: ({ output }) => ({ found: readGoCommands(output), wanted: COMMANDS }),
  },
  {
    name: 'rules of a machine of the other byte order',
    place: 's390x',
    script: rulesScript(OTHER_ORDER_CASES),
    check: ({ output }) => ({
      found: readRules(output, OTHER_ORDER_CASES),
      wanted: OTHER_ORDER_CASES.map(expectedOfRule),
    }),
  },
  {
    name: "QEMU's settings: they hold for each process, reach no guest, and a person's own counts instead",
    place: 's390x',
    accel: false,
    script: [
      'env | grep -c QEMU_',
      'env -i /bin/busybox env',
      'env -i QEMU_CPU=qemu /bin/busybox env',
      "sh -c 'echo $#' $(/bin/busybox seq 20000); uname -m",
    ].join('\n'),
    check: prints('0\nFROM_QEMU=1\nQEMU_CPU=qemu\n19999\ns390x\n'),
  },
  {
    name: "QEMU's settings reach no native program",
    place: 's390x',
    script: '/dev/busybox env -i /bin/busybox env; /dev/busybox env -i /foreign/busybox env; uname -m',
    check: prints(`FROM_QEMU=1\n${NATIVE}\n`),
  },
];
