import { isIP } from 'node:net';
import type { ExposeInstruction } from './ast.ts';
import { goList } from './convert-format.ts';
import { withConfig } from './convert-image.ts';
import { failure } from './failure.ts';
import type { Step } from './step.ts';
import { didYouMean } from './suggest.ts';

const MAX_PORT = 65_535;
const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];

/** `EXPOSE 80 443/tcp 8000-8010/udp`, with variables that may hold several. */
export function dispatchExpose(instruction: ExposeInstruction, step: Step): void {
  const words = instruction.ports.flatMap((word) => step.expandToMany(word));
  const ports = words.flatMap((word) => portsOf(word, step));
  const { image } = step.stage;
  const all = { ...image.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  step.commit(withConfig(image, { ExposedPorts: all }), `EXPOSE ${goList(ports)}`);
}

/** `[[IP:]HOST_PORT:]PORT[-PORT][/PROTOCOL]`; only the port of the container counts. */
function portsOf(word: string, step: Step): string[] {
  const parts = word.split(':');
  const [range = '', written = ''] = (parts.at(-1) ?? '').split(/\/(.*)/s);
  const hostPort = parts.at(-2) ?? '';
  const address = parts.slice(0, -2).join(':');
  const protocol = written === '' ? 'tcp' : written.toLowerCase();
  if (range === '') throw invalid(word, 'it has no port');
  if (!PROTOCOLS.includes(protocol)) {
    throw invalid(word, `there is no protocol ${written}${didYouMean(protocol, PROTOCOLS)}`);
  }
  if (written !== written.toLowerCase()) {
    step.report('ExposeProtoCasing', { port: word });
  }
  if (address !== '' || hostPort !== '') {
    step.report('ExposeInvalidFormat', { port: word });
  }
  if (address !== '' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0)
    throw invalid(word, `${address} is no IP address`);
  const [first, last] = rangeOf(range, word);
  if (hostPort !== '') {
    const [hostFirst, hostLast] = rangeOf(hostPort, word);
    if (last - first !== hostLast - hostFirst && first !== last) throw invalid(word, 'its ranges differ in length');
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

function rangeOf(text: string, word: string): [first: number, last: number] {
  const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '') throw invalid(word, `"${text}" is no port or range of ports`);
  if (first > MAX_PORT || last > MAX_PORT) throw invalid(word, `ports end at ${MAX_PORT}`);
  if (last < first) throw invalid(word, 'its range ends before it begins');
  return [first, last];
}

function invalid(word: string, why: string): Error {
  return failure(`EXPOSE ${word}: ${why}`, { hint: 'write PORT, PORT/udp or FIRST-LAST/tcp', word });
}
