import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goDistribution } from '../../scripts/go-distribution.ts';
import { testEnvironment } from '../support/environment.ts';
import { useKeptPacks } from '../support/kept-packs.ts';

/** Not an image of Debian: only Go, as `COPY --from=golang /usr/local/go` has it. */
test('the compiler of a Go in /usr/local/go runs native and gives the bytes of the emulated one', async () => {
  using env = testEnvironment();
  useKeptPacks(env);
  const compiler = 'pkg/tool/linux_arm64/compile';
  env.write({
    Dockerfile: [
      'FROM scratch AS work',
      'COPY go /usr/local/go',
      'COPY p.go /',
      'ENV GOOS=linux GOARCH=arm64',
      'ARG RUN',
      `RUN ["/usr/local/go/${compiler}", "-p", "p", "-complete", "-trimpath", "/", "-o", "/p.o", "/p.go"]`,
      'FROM scratch',
      'COPY --from=work /p.o /',
      '',
    ].join('\n'),
    'p.go':
      'package p\n\nfunc F(n int) (sum float64) {\n\tfor i := range n {\n\t\tsum += 1 / float64(i+1)\n\t}\n\treturn\n}\n',
  });
  const distribution = await goDistribution('1.25.4', 'arm64');
  for (const part of ['VERSION', compiler]) cpSync(join(distribution, part), join(env.folder, 'go', part));
  const build = async (accel: string, arg = accel): Promise<{ log: string; object: Buffer }> => {
    const out = join(env.home, `out-${accel}`);
    const words = ['build', '--progress', 'plain', '--platform', 'linux/arm64', '--accel', accel, '--build-arg'];
    const { stderr } = await env.polyarch([...words, `RUN=${arg}`, '-o', out, '.']);
    return { log: stderr, object: readFileSync(join(out, 'p.o')) };
  };
  const [off, exact] = [await build('off'), await build('exact')];
  expect(off.log).not.toContain('ran native');
  expect(exact.log).toContain('ran native: compile\n');
  expect(exact.object.equals(off.object)).toBe(true);
  appendFileSync(join(env.folder, 'go', compiler), '\n');
  expect((await build('exact', 'another compiler of that version')).log).not.toContain('ran native');
  const { stdout } = await env.polyarch(['accel', 'ls', '--format', 'json']);
  expect(stdout).toContain('"go go1.25.4"');
});
