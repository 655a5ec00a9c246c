import type { CompatCase } from '../case.ts';

/** cap_net_bind_service, effective and permitted. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const on = (text: string): string => `FROM busybox\n${text}\n`;

/** Odd files of a context. */
export const cases: readonly CompatCase[] = [
  {
    name: 'every mode',
    dockerfile: on('COPY . /to/'),
    files: Object.fromEntries(
      [0o0, 0o400, 0o600, 0o644, 0o666, 0o711, 0o777, 0o1755, 0o2755, 0o4755, 0o6711].map((mode) => [
        `m${mode.toString(8)}`,
        { text: 'x\n', mode },
      ]),
    ),
  },
  {
    name: 'modes of folders',
    dockerfile: on('COPY . /to/'),
    files: Object.fromEntries(
      [0o700, 0o755, 0o777, 0o1777, 0o2775].map((mode) => [
        `m${mode.toString(8)}`,
        { special: 'folder' as const, mode },
      ]),
    ),
  },
  {
    name: 'times',
    dockerfile: on('COPY . /to/'),
    files: {
      old: { text: 'o', mtime: 1 },
      before: { text: 'b', mtime: -86400 },
      later: { text: 'l', mtime: 1_600_000_000 },
      l: { link: 'old', mtime: 1_000_000_000 },
    },
  },
  {
    name: 'owners become root',
    dockerfile: on('COPY . /to/'),
    files: {
      f: { text: 'f', owner: [1000, 1001] },
      d: { special: 'folder', owner: [1, 2] },
      l: { link: 'f', owner: [5, 6] },
    },
  },
  { name: 'a socket is left out', dockerfile: on('COPY . /to/'), files: { sock: { special: 'socket' }, f: 'f\n' } },
  { name: 'a fifo', dockerfile: on('COPY . /to/'), files: { fifo: { special: 'fifo', mode: 0o640 }, f: 'f\n' } },
  {
    name: 'a device',
    dockerfile: on('COPY . /to/'),
    files: { null: { special: 'device', mode: 0o666 }, 'd/null': { special: 'device', mode: 0o600 }, f: 'f\n' },
  },
  {
    name: 'extended attributes',
    dockerfile:
      'FROM busybox AS s\nCOPY . /to/\nRUN true\nFROM busybox\nCOPY able /\nCOPY --from=s /to /kept\nCOPY --chown=1:1 able /owned',
    files: {
      able: { text: 'x\n', mode: 0o755, xattrs: { 'security.capability': CAPABILITY } },
      noted: { text: 'n\n', xattrs: { 'user.note': Buffer.from('noted') } },
      d: { special: 'folder', xattrs: { 'user.note': Buffer.from('of a folder') } },
    },
  },
  {
    name: 'hard links',
    dockerfile: on('COPY . /to/\nCOPY d /d'),
    files: { f: 'f\n', 'd/g': { hardlink: 'f' }, 'd/h': { hardlink: 'f' } },
  },
  {
    name: 'odd names',
    dockerfile: on('COPY . /to/'),
    files: {
      'a b': '1',
      'new\nline': '2',
      '-x': '3',
      ü: '4',
      'u\u0308': '5',
      '*': '6',
      '[x]': '7',
      '\\back': '8',
      "quote'": '9',
      '"': '10',
      '#': '11',
      $x: '12',
      'wh.': '13',
      '.whx': '14',
    },
  },
  {
    name: 'a long name and a deep path',
    dockerfile: on('COPY . /to/'),
    files: { ['n'.repeat(255)]: '1', [`${'deep/'.repeat(60)}file`]: '2' },
  },
  { name: 'a large file', dockerfile: on('COPY big /'), files: { big: Buffer.alloc(3_000_001, 'polyarch ') } },
  {
    name: 'an empty file and an empty folder',
    dockerfile: on('COPY f d /to/\nCOPY d /d'),
    files: { f: '', d: { special: 'folder' } },
  },
  { name: 'a context with nothing else', dockerfile: on('COPY . /to/') },
  {
    name: 'a Dockerfile in a folder',
    dockerfile: on('COPY . /to/'),
    file: 'docker/app/Dockerfile',
    files: { f: 'f\n', 'docker/x': 'x\n' },
  },
  {
    name: 'a Dockerfile in small letters is not looked for when it is named',
    dockerfile: on('COPY . /to/'),
    file: 'dockerfile',
    files: { f: 'f\n' },
  },
  {
    name: 'a link to a Dockerfile',
    dockerfile: on('COPY real /to/'),
    file: 'real',
    files: { f: 'f\n', Dockerfile: { link: 'real' } },
  },
];
