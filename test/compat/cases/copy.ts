import type { CompatCase } from '../case.ts';

export const cases: readonly CompatCase[] = [
  {
    name: 'a file into a folder that is not there',
    dockerfile: 'FROM busybox\nCOPY a /new/folder/\n',
    files: { a: 'a\n' },
  },
  {
    name: 'on a foreign platform, with a step',
    dockerfile: 'FROM busybox\nCOPY a /a\nRUN uname -m > /machine\n',
    files: { a: 'a\n' },
    platforms: ['linux/arm64', 'linux/arm/v7'],
  },
  { name: 'a file that is not there', dockerfile: 'FROM busybox\n\nCOPY a b /\n', files: { b: '' }, expect: 'failure' },
];
