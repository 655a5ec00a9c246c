import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Makes src/pb/ops.ts of src/pb/ops.proto: a TypeScript type for each message and the field table that
 * src/pb/codec.ts reads and writes by. Run: npm run generate:pb
 */

interface Field {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly options?: { readonly jstype?: string };
}

interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly nestedType?: readonly (Message & { readonly options?: { readonly mapEntry?: boolean } })[];
}

interface File {
  readonly messageType: readonly Message[];
  readonly enumType: readonly {
    readonly name: string;
    readonly value: readonly { readonly name: string; readonly number?: number }[];
  }[];
}

const ROOT = join(import.meta.dirname, '..');

function generate(): string {
  const buf = join(ROOT, 'node_modules/.bin/buf');
  const image = execFileSync(buf, ['build', 'src/pb', '-o', '-#format=json'], { cwd: ROOT, encoding: 'utf8' });
  const { file } = JSON.parse(image) as { file: File[] }; // buf's own FileDescriptorSet
  const messages = file.flatMap((one) => one.messageType);
  const enums = file.flatMap((one) => one.enumType);
  const tables = messages.map(
    (message) =>
      `  ${message.name}: [${fieldsOf(message)
        .map((field) => `\n    ${field.table},`)
        .join('')}\n  ],`,
  );
  const values = enums.map((one) => {
    for (const [index, value] of one.value.entries())
      if ((value.number ?? 0) !== index) throw new Error(`${one.name} has gaps`);
    return `  ${one.name}: [${one.value.map((value) => `'${value.name}'`).join(', ')}],`;
  });
  return `// Generated from ops.proto by scripts/generate-pb.ts: do not edit.
import { type FieldTable, codec } from './codec.ts';

${enums.map((one) => `export type ${one.name} = ${one.value.map((value) => `'${value.name}'`).join(' | ')};`).join('\n')}

${messages.map((message) => typeOf(message)).join('\n\n')}

/** Every message by its name. */
export interface Messages {
${messages.map((message) => `  readonly ${message.name}: ${message.name};`).join('\n')}
}

const ENUMS: Readonly<Record<string, readonly string[]>> = {
${values.join('\n')}
};

const FIELDS: Readonly<Record<keyof Messages, FieldTable>> = {
${tables.join('\n')}
};

export const { encode, decode } = codec<Messages>(FIELDS, ENUMS);
`;
}

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly oneof: string | undefined;
  readonly optional: boolean;
  readonly table: string;
}

function fieldsOf(message: Message): Entry[] {
  return (message.field ?? [])
    .toSorted((a, b) => Number(a.oneofIndex !== undefined) - Number(b.oneofIndex !== undefined) || a.number - b.number)
    .map((field) => {
      const entry = message.nestedType?.find((nested) => field.typeName === `.pb.${message.name}.${nested.name}`);
      const oneof = field.oneofIndex === undefined ? undefined : message.oneofDecl?.[field.oneofIndex]?.name;
      const value = entry === undefined ? field : entry.field?.find((one) => one.number === 2);
      if (value === undefined) throw new Error(`${message.name}.${field.name}: no value type`);
      if (entry !== undefined && entry.field?.find((one) => one.number === 1)?.type !== 'TYPE_STRING')
        throw new Error(`${message.name}.${field.name}: only maps by string are supported`);
      const repeated = entry === undefined && field.label === 'LABEL_REPEATED';
      const { wire, type } = valueType(value);
      const label =
        entry !== undefined ? 'map' : repeated ? 'repeated' : oneof === undefined ? undefined : `oneof ${oneof}`;
      return {
        name: field.jsonName,
        type: entry !== undefined ? `Readonly<Record<string, ${type}>>` : repeated ? `readonly ${type}[]` : type,
        oneof,
        optional: !repeated && entry === undefined && value.type === 'TYPE_MESSAGE',
        table: `[${field.number}, '${field.jsonName}', '${wire}'${label === undefined ? '' : `, '${label}'`}]`,
      };
    });
}

function valueType(field: Field): { wire: string; type: string } {
  const small = field.options?.jstype === 'JS_NUMBER';
  switch (field.type) {
    case 'TYPE_STRING':
      return { wire: 'string', type: 'string' };
    case 'TYPE_BYTES':
      return { wire: 'bytes', type: 'Uint8Array' };
    case 'TYPE_BOOL':
      return { wire: 'bool', type: 'boolean' };
    case 'TYPE_INT32':
      return { wire: 'int32', type: 'number' };
    case 'TYPE_UINT32':
      return { wire: 'uint32', type: 'number' };
    case 'TYPE_INT64':
      return small ? { wire: 'int64 number', type: 'number' } : { wire: 'int64', type: 'bigint' };
    case 'TYPE_UINT64':
      return small ? { wire: 'uint64 number', type: 'number' } : { wire: 'uint64', type: 'bigint' };
    case 'TYPE_MESSAGE':
    case 'TYPE_ENUM': {
      const name = (field.typeName ?? '').replace(/^\.pb\./, '');
      return { wire: name, type: name };
    }
    default:
      throw new Error(`${field.name}: ${field.type} is not supported`);
  }
}

function typeOf(message: Message): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  const fields = fieldsOf(message);
  for (const field of fields) {
    if (field.oneof === undefined) {
      lines.push(`  readonly ${field.name}${field.optional ? '?' : ''}: ${field.type};`);
    } else if (!seen.has(field.oneof)) {
      seen.add(field.oneof);
      const cases = fields.filter((one) => one.oneof === field.oneof);
      lines.push(
        `  readonly ${field.oneof}?:${cases.map((one) => `\n    | { readonly kind: '${one.name}'; readonly value: ${one.type} }`).join('')};`,
      );
    }
  }
  return `export interface ${message.name} {\n${lines.join('\n')}\n}`;
}

/** The file's text, formatted. */
export function formatted(): string {
  const options = { cwd: ROOT, encoding: 'utf8', input: generate() } as const;
  return execFileSync(join(ROOT, 'node_modules/.bin/oxfmt'), ['--stdin-filepath=src/pb/ops.ts'], options);
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(ROOT, 'src/pb/ops.ts'), formatted());
