import { existsSync } from 'node:fs';
import { findPeer } from '../../scripts/peers.ts';
import { findProgram } from '../../scripts/process.ts';
import type { TokenServer } from './token-server.ts';

/**
 * `docker-registry` is Debian's (distribution 2.8), `distribution` its version 3, `memory` one in memory with all of the
 * OCI distribution spec v1.1, `zot` one that a person put on PATH.
 */
export type RegistryKind = 'docker-registry' | 'distribution' | 'memory' | 'zot';

interface Settings {
  readonly root: string;
  /** 0: a free one. */
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly htpasswd: string | undefined;
  readonly tokens: TokenServer | undefined;
  readonly proxyOf: string | undefined;
}

interface RegistryProgram {
  /** Its path, when it is here. */
  readonly find: () => string | undefined;
  /** How it comes here. */
  readonly mend: string;
  readonly argv: (config: string) => readonly string[];
  readonly config: (settings: Settings) => unknown;
  /** Its port, in its log. */
  readonly listening: RegExp;
}

const DEBIAN = '/usr/bin/docker-registry';
const PEERS = 'node scripts/start.mjs scripts/peers.ts, with a Go as test/peers/registries/go.mod names it';

export const registryPrograms: Readonly<Record<RegistryKind, RegistryProgram>> = {
  'docker-registry': {
    find: () => (existsSync(DEBIAN) ? DEBIAN : undefined),
    mend: 'apt-get install docker-registry',
    argv: (config) => ['serve', config],
    config: distributionConfig,
    listening: /listening on 127\.0\.0\.1:(\d+)/,
  },
  distribution: {
    find: () => findPeer('distribution'),
    mend: PEERS,
    argv: (config) => ['serve', config],
    config: distributionConfig,
    listening: /listening on 127\.0\.0\.1:(\d+)/,
  },
  memory: {
    find: () => findPeer('memory-registry'),
    mend: PEERS,
    argv: () => [],
    config: ({ tls, htpasswd, tokens }) => {
      if (tls ?? htpasswd ?? tokens) throw new Error('the registry in memory has neither TLS nor accounts');
      return {};
    },
    listening: /listening on 127\.0\.0\.1:(\d+)/,
  },
  zot: {
    find: () => findProgram('zot'),
    mend: 'put zot on PATH',
    argv: (config) => ['serve', config],
    config: zotConfig,
    listening: /kernel chosen port","port":(\d+)/,
  },
};

/** JSON is YAML. */
function distributionConfig({ root, port, tls, htpasswd, tokens, proxyOf }: Settings): unknown {
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: root },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: `127.0.0.1:${port}`, ...(tls === undefined ? {} : { tls }) },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'polyarch test', path: htpasswd } } }),
    ...(tokens === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: tokens.realm,
              service: tokens.service,
              issuer: tokens.issuer,
              rootcertbundle: tokens.certificate,
            },
          },
        }),
    ...(proxyOf === undefined ? {} : { proxy: { remoteurl: proxyOf } }),
  };
}

function zotConfig({ root, port, tls, htpasswd, tokens }: Settings): unknown {
  const auth = {
    ...(htpasswd === undefined ? {} : { htpasswd: { path: htpasswd } }),
    ...(tokens === undefined
      ? {}
      : { bearer: { realm: tokens.realm, service: tokens.service, cert: tokens.certificate } }),
  };
  return {
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: root },
    http: {
      address: '127.0.0.1',
      port: String(port),
      ...(tls === undefined ? {} : { tls: { cert: tls.certificate, key: tls.key } }),
      auth,
    },
    log: { level: 'info' },
  };
}
