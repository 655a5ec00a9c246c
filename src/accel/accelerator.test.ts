import { expect, it } from 'vitest';
import { familiesOf } from './accelerator.ts';

it.each([
  ['apt-get update && apt-get install -y gcc make', ['binutils', 'gcc']],
  ['apt-get install -y build-essential=12.9', ['binutils', 'gcc', 'python']],
  ['apt-get install -y golang-1.19-go', ['go']],
  ['echo agccb', []],
])('%s', (command, families) => expect(familiesOf(['/bin/sh', '-c', command])).toEqual(families));
