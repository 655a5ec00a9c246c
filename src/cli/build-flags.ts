import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Assignment, ContextInput, Scoped, SecretInput, SshInput } from '../build/request.ts';
import { csvAttributes } from '../util/csv.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';
import { platformPrefix } from './platform-prefix.ts';

type Env = Readonly<Record<string, string | undefined>>;

function invalid(flag: string, text: string, why: string, example: string): PolyarchError {
  return new PolyarchError('INVALID_ARGUMENT', `${flag} ${JSON.stringify(text)}: ${why}`, {
    hint: `for example: ${flag} ${example}`,
  });
}

/** `KEY=VALUE`, or `KEY` alone: its value from the environment, and left out when it is not set there. */
export function keyValues(flag: string, texts: readonly string[], env?: Env): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key === '') throw invalid(flag, text, 'the name is empty', 'NAME=VALUE');
    const value = equals < 0 ? env?.[key] : text.slice(equals + 1);
    if (equals < 0 && env === undefined) throw invalid(flag, text, 'it is not NAME=VALUE', 'NAME=VALUE');
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

/** As keyValues, each with the prefix `PLATFORM=` or without; a name alone has the value `alone`, where there is one. */
export function assignments(
  flag: string,
  texts: readonly string[],
  options: { env?: Env; alone?: string } = {},
): Scoped<Assignment>[] {
  return texts.flatMap((text) => {
    const { value: rest, ...scope } = platformPrefix(text, { flag, keyed: flag !== '--build-arg' });
    const whole = rest.includes('=') || options.alone === undefined ? rest : `${rest}=${options.alone}`;
    const literal = whole.includes('=') ? {} : { literal: true };
    const pairs = keyValues(flag, [whole], options.env);
    return [...pairs].map(([name, value]) => ({ ...scope, value: { name, value, ...literal } }));
  });
}

/** `[PLATFORM=]id=NAME[,src=FILE][,env=VARIABLE]`; without a source the environment's variable NAME, else the file NAME. */
export function parseSecret(text: string, { env }: { env: Env }): Scoped<SecretInput> {
  const keys = ['id', 'src', 'source', 'env', 'type'];
  const { value: spec, ...scope } = platformPrefix(text, { flag: '--secret' });
  const given = csvAttributes(spec, '--secret');
  const example = 'id=token,src=token.txt';
  for (const key of given.keys())
    if (!keys.includes(key)) throw invalid('--secret', text, `there is no key ${key}${didYouMean(key, keys)}`, example);
  const type = given.get('type');
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw invalid('--secret', text, `type is file or env, not ${type}`, example);
  let file = given.get('src') ?? given.get('source');
  let variable = given.get('env');
  const id = given.get('id') ?? file ?? variable;
  if (id === undefined || id === '') throw invalid('--secret', text, 'id= is missing', example);
  if (type === 'env' && file !== undefined) [variable, file] = [file, undefined];
  if (file === undefined && variable === undefined && type !== 'file' && env[id] !== undefined) variable = id;
  return { ...scope, value: variable === undefined ? { id, file: file ?? id } : { id, variable } };
}

/** `default`, `ID`, `ID=SOCKET` or `ID=KEY,KEY`; without paths the agent of SSH_AUTH_SOCK. */
export function parseSsh(text: string, { cwd, env }: { cwd: string; env: Env }): SshInput {
  const equals = text.indexOf('=');
  const id = equals < 0 ? text : text.slice(0, equals);
  if (id === '') throw invalid('--ssh', text, 'the id is empty', 'default');
  if (equals >= 0) {
    const home = env['HOME'] ?? homedir();
    return {
      id,
      paths: text
        .slice(equals + 1)
        .split(',')
        .map((path) => resolve(cwd, path.replace(/^~(?=\/)/, home))),
    };
  }
  const socket = env['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '') {
    throw new PolyarchError('SSH_AGENT', `--ssh ${id}: there is no agent: SSH_AUTH_SOCK is not set`, {
      hint: 'start one (eval "$(ssh-agent)"; ssh-add), or name a key: --ssh default=FILE',
    });
  }
  return { id, paths: [socket] };
}

/** `HOST:IP` or `HOST=IP`, the address in brackets or not. */
export function parseHost(text: string): { host: string; ip: string } {
  const match = /^([^:=]+)[:=]\[?([^\]]+)\]?$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw invalid('--add-host', text, 'it is not HOST:IP', 'db:10.0.0.5');
  const [, host, ip] = match;
  if (ip === 'host-gateway') return { host, ip: '127.0.0.1' };
  if (!/^[0-9.]+$/.test(ip) && !ip.includes(':'))
    throw invalid('--add-host', text, `${ip} is no IP address`, 'db:10.0.0.5');
  return { host, ip };
}

/** `TYPE=SOFT[:HARD]` */
export function parseUlimit(text: string): { name: string; soft: number; hard: number } {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text);
  if (match === null) throw invalid('--ulimit', text, 'it is not TYPE=SOFT[:HARD]', 'nofile=1024:2048');
  const [, name = '', soft, hard = soft] = match;
  return { name, soft: Number(soft), hard: Number(hard) };
}

/** `64m`, `1g`, `1048576`: bytes in powers of 1024. */
export function parseBytes(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(text.trim());
  if (match === null) throw invalid(flag, text, 'it is no size', '128m');
  const exponent = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase().replace('b', ''));
  return Math.floor(Number(match[1]) * 1024 ** exponent);
}

/** The last argument of build: a folder, `-`, a tarball's URL, a git URL. */
export function parseContext(text: string): ContextInput {
  if (text === '-') return { kind: 'stdin' };
  if (/^(git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(text) || /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(text))
    return { kind: 'git', url: text };
  if (/^https?:\/\//.test(text)) return { kind: 'http', url: text };
  return { kind: 'directory', path: text };
}

/** `--network` of a step or a run. */
export function networkMode(text: string): 'default' | 'host' | 'none' {
  if (text === 'default' || text === 'host' || text === 'none') return text;
  throw new PolyarchError('INVALID_ARGUMENT', `--network ${JSON.stringify(text)} is none of default, host, none`);
}
