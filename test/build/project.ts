import { afterAll, beforeAll } from 'vitest';
import type { RunResult } from '../../scripts/process.ts';
import { fixtureRegistry, testEnvironment, type TestEnvironment } from '../support/environment.ts';

export const TWO = 'linux/amd64,linux/arm64';

/** A build with what layers are made of: modes, owners, links of both kinds, a removed file, a foreign step. */
export const HELLO: Readonly<Record<string, string>> = {
  Dockerfile: `FROM busybox
LABEL from=dockerfile
COPY --chmod=0755 hello.sh /hello.sh
RUN uname -m > /arch && mkdir -p /data/sub && ln -s ../arch /data/link && ln /arch /data/hard \\
 && echo text > /data/file && chmod 4750 /data/file && chown 1000:1001 /data/sub && echo gone > /data/gone
RUN rm /data/gone
CMD ["/hello.sh"]
`,
  'hello.sh': '#!/bin/sh\necho "hello from $(uname -m)"\n',
};

/** The file's own account, with `busybox` behind docker.io, made before its tests and removed after them. */
export function sharedEnvironment(files: Readonly<Record<string, string>> = HELLO): () => TestEnvironment {
  let environment: TestEnvironment | undefined;
  beforeAll(async () => {
    environment = testEnvironment({ mirror: await fixtureRegistry('busybox'), keepWorkers: true });
    environment.write(files);
  });
  afterAll(() => environment?.[Symbol.asyncDispose]());
  return () => {
    if (environment === undefined) throw new Error('the environment is made before the tests');
    return environment;
  };
}

/** Fails with what the build said when it did not end well. */
export function succeed(result: RunResult): RunResult {
  if (result.code !== 0) throw new Error(`exit status ${result.code}\n${result.stderr}`);
  return result;
}
