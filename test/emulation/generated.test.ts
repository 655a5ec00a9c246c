import { expect, test } from 'vitest';
import { compileForeign } from '../../scripts/generate-foreign.ts';
import { type DispatcherHost, TOOLCHAINS, compileDispatcher, toolchain } from '../../scripts/generate-dispatcher.ts';
import { FOREIGN_CODE } from '../../src/accel/foreign/code.ts';
import { DISPATCHER_CODE } from '../../src/emulation/dispatcher/code.ts';
import { skip } from '../support/environment.ts';

test.for(Object.keys(TOOLCHAINS) as DispatcherHost[])(
  // the keys of that object
  "the dispatcher's code for %s is what npm run generate:dispatcher makes of its sources",
  (host, context) => {
    const committed = DISPATCHER_CODE[host];
    const here = toolchain(host);
    if (committed === undefined || here !== committed.toolchain) {
      return skip(context, `the code is of ${committed?.toolchain}; here is ${here ?? 'no compiler for it'}`);
    }
    expect(compileDispatcher(host).toString('base64')).toBe(committed.code);
  },
);

test('the library for long doubles is what npm run generate:foreign makes of its source', (context) => {
  const here = toolchain('amd64');
  if (here !== FOREIGN_CODE.toolchain) {
    return skip(context, `the code is of ${FOREIGN_CODE.toolchain}; here is ${here ?? 'no compiler for it'}`);
  }
  expect(compileForeign().toString('base64')).toBe(FOREIGN_CODE.code);
});
