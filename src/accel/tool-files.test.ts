import { expect, it } from 'vitest';
import { PAIRS } from '../emulation/pairs.ts';
import { debianArchitecture } from './plan-pack.ts';
import { foreignPlace, placeOf, toolMatcher } from './tool-files.ts';

function matches(packageName: string, architecture: string, path: string): boolean {
  const pair = PAIRS.find((one) => one.package === packageName);
  const [foreign, native] = [debianArchitecture(architecture), debianArchitecture('amd64')];
  if (pair === undefined || foreign === undefined || native === undefined) throw new Error(packageName);
  return toolMatcher(pair, foreign)(foreignPlace(placeOf(path), { pair, foreign, native }));
}

it.each([
  ['coreutils', 'arm64', './bin/ls', true],
  ['coreutils', 'arm64', './usr/bin/ls', true],
  ['coreutils', 'arm', './bin/ls', false],
  ['coreutils', 'arm64', './bin/uname', false],
  ['coreutils', 'arm64', './usr/bin/sort', false],
  ['coreutils', 'arm64', './usr/share/doc/bin/ls', false],
  ['binutils-{gnu}', 'arm64', './usr/bin/aarch64-linux-gnu-as', true],
  ['binutils-{gnu}', 'arm64', './usr/bin/x86_64-linux-gnu-as', true],
  ['binutils-{gnu}', 'arm64', './usr/bin/aarch64-linux-gnu-gp-archive', false],
  ['cpp-14-{gnu}', 'arm64', './usr/libexec/gcc-cross/aarch64-linux-gnu/14/cc1', true],
  ['golang-1.19-go', 'arm', './usr/lib/go-1.19/pkg/tool/linux_amd64/compile', true],
  ['golang-1.19-go', 'arm', './usr/lib/go-1.19/bin/go', false],
  ['dpkg', 'arm64', './usr/bin/dpkg-deb', true],
  ['dpkg', 'arm64', './usr/sbin/start-stop-daemon', false],
])('%s on %s: %s is a tool: %s', (name, architecture, path, expected) => {
  expect(matches(name, architecture, path)).toBe(expected);
});
