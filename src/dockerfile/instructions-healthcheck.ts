import type { HealthcheckInstruction } from './ast.ts';
import { failure } from './failure.ts';
import { parseFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { ignoreFlags } from './request.ts';
import type { Request } from './request.ts';
import { parseDuration, parseInt32 } from './scalars.ts';

const MILLISECOND = 1e6;
const UNSET = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

/** `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD command`. */
export function healthcheckInstruction(request: Request): HealthcheckInstruction {
  const { node, base } = request;
  const [type, ...args] = node.args;
  if (type === undefined) {
    throw failure('HEALTHCHECK requires at least one argument', {
      hint: 'write HEALTHCHECK CMD command or HEALTHCHECK NONE',
      word: node.keyword,
    });
  }
  if (type.toUpperCase() === 'NONE') {
    if (args.length > 0) throw failure('HEALTHCHECK NONE takes no arguments', { word: args.join(' ') });
    ignoreFlags(request);
    return { kind: 'healthcheck', ...base, test: ['NONE'], ...UNSET };
  }
  const flags = parseFlags(node.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (type.toUpperCase() !== 'CMD') {
    throw failure(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`, { word: type });
  }
  if (args.length === 0) throw failure('Missing command after HEALTHCHECK CMD', { word: type });
  return {
    kind: 'healthcheck',
    ...base,
    test: [node.json ? 'CMD' : 'CMD-SHELL', ...args],
    interval: interval(flags, 'interval'),
    timeout: interval(flags, 'timeout'),
    startPeriod: interval(flags, 'start-period'),
    startInterval: interval(flags, 'start-interval'),
    retries: retries(flags.text('retries')),
  };
}

function interval(flags: Flags, name: string): number {
  const text = flags.text(name);
  if (text === '') return 0;
  const duration = parseDuration(text);
  if (duration === undefined) {
    throw failure(`invalid duration ${JSON.stringify(text)} in --${name}`, {
      hint: 'write it like 30s or 1m30s',
      word: [`--${name}=${text}`, text],
    });
  }
  if (duration !== 0 && duration < MILLISECOND) {
    throw failure(`Interval "${name}" cannot be less than 1ms`, { word: [`--${name}=${text}`, text] });
  }
  return duration;
}

function retries(text: string): number {
  if (text === '') return 0;
  const count = parseInt32(text);
  const word = [`--retries=${text}`, text];
  if (count === undefined) throw failure(`invalid number ${JSON.stringify(text)} in --retries`, { word });
  if (count < 0) throw failure(`--retries cannot be negative (${count})`, { word });
  return count;
}
