import type { Device, NetworkMode, RunInstruction, SecurityMode } from './ast.ts';
import { parseCsvLine } from './csv.ts';
import { failure } from './failure.ts';
import { parseFlags } from './flags.ts';
import { commandLine } from './request.ts';
import type { Request } from './request.ts';
import { parseMountFlag } from './mount.ts';
import { parseBool } from './scalars.ts';
import { didYouMean } from './suggest.ts';

const NETWORKS: readonly NetworkMode[] = ['default', 'none', 'host'];
const SECURITY: readonly SecurityMode[] = ['sandbox', 'insecure'];

/** `RUN [--mount= …] [--network=] [--security=] [--device= …] command`. */
export function runInstruction({ node, base, heredocs }: Request): RunInstruction {
  const flags = parseFlags(node.flags, { mount: 'texts', network: 'text', security: 'text', device: 'texts' });
  const given = (name: string): boolean => flags.texts(name).length > 0;
  const network = given('network') ? NETWORKS.find((mode) => mode === flags.text('network')) : 'default';
  const security = given('security') ? SECURITY.find((mode) => mode === flags.text('security')) : 'sandbox';
  const devices = flags.texts('device').map(parseDevice);
  const mounts = flags.texts('mount').map(parseMountFlag);
  if (network === undefined) {
    throw failure(`invalid network mode ${mode(flags.text('network'), NETWORKS)}`, {
      hint: `use one of ${NETWORKS.join(', ')}`,
      word: `--network=${flags.text('network')}`,
    });
  }
  if (security === undefined) {
    throw failure(`invalid security mode ${mode(flags.text('security'), SECURITY)}`, {
      hint: `use one of ${SECURITY.join(', ')}`,
      word: `--security=${flags.text('security')}`,
    });
  }
  return { kind: 'run', ...base, command: commandLine(node), heredocs, mounts, network, security, devices };
}

/** The wrong mode, and the known one that is like it. */
function mode(text: string, known: readonly string[]): string {
  return JSON.stringify(text) + didYouMean(text, known);
}

/** `vendor.com/class=name`, `name=…`, `required[=bool]`, separated by commas. */
function parseDevice(raw: string): Device {
  let name = '';
  let required = false;
  for (const field of parseCsvLine(raw)) {
    const equals = field.indexOf('=');
    const key = field.slice(0, equals < 0 ? undefined : equals).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      const parsed = value === undefined ? true : parseBool(value);
      if (parsed === undefined) throw failure(`invalid value for ${key}: ${value}`, { word: field });
      required = parsed;
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw failure(`device name already set to ${name}`, { word: field });
      name = value;
    } else if (name === '') {
      name = field;
    } else if (value === undefined) {
      throw failure(`invalid field '${field}' must be a key=value pair${didYouMean(key, ['required'])}`, {
        word: field,
      });
    } else {
      throw failure(`unexpected key '${key}' in '${field}'${didYouMean(key, ['name', 'required'])}`, {
        word: [field, key],
      });
    }
  }
  return { name, required };
}
