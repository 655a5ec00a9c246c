import { readFileSync } from 'node:fs';
import { DEFAULT_HOSTNAME } from './defaults.ts';
import type { ExecSpec } from './executor.ts';

/** /etc/hosts of a step, hosts(5). */
export function hostsFile(spec: Pick<ExecSpec, 'hostname' | 'extraHosts'>): string {
  const lines = [
    `127.0.0.1\tlocalhost ${spec.hostname ?? DEFAULT_HOSTNAME}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...(spec.extraHosts ?? []).map(({ host, ip }) => `${ip}\t${host}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** /etc/resolv.conf of a step: the machine's own, since the step shares its network, loopback resolvers too. */
export function resolvConf(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // Without the file, libc asks a resolver on this machine (resolv.conf(5)).
    return '';
  }
}
