import type {
  AddInstruction,
  AnyInstruction,
  CopyInstruction,
  Directives,
  Dockerfile,
  EscapeToken,
  HealthcheckInstruction,
  Heredoc,
  RunInstruction,
} from '../../src/dockerfile/ast.ts';
import { heredocsOfLine } from '../../src/dockerfile/heredoc.ts';

/** The text of a Dockerfile that `parseDockerfile` reads back to the same instructions, each on one line. */
export function printDockerfile(file: Dockerfile): string {
  const { escape } = file.directives;
  const all = [...file.metaArgs, ...file.stages.flatMap((stage) => [stage.from, ...stage.instructions])];
  return `${printDirectives(file.directives)}\n${all.map((instruction) => print(instruction, escape)).join('')}`;
}

/** What printing keeps, as JSON: not the places, the spelling, and flags that have no effect. */
export function meaningOf(file: Dockerfile): string {
  const dropped = new Set(['location', 'original', 'sourceCode', 'flags', 'keyword', 'lines', 'warnings']);
  return JSON.stringify(file, (key, value: unknown) => (dropped.has(key) ? undefined : value), 1);
}

function printDirectives({ syntax, check, escape }: Directives): string {
  const given = { syntax, check, escape: escape === '\\' ? undefined : escape };
  return Object.entries(given)
    .map(([name, value]) => (value === undefined ? '' : `# ${name}=${value}\n`))
    .join('');
}

function print(instruction: AnyInstruction, escape: EscapeToken): string {
  const comments = instruction.comments.map((comment) => `# ${comment}\n`).join('');
  const keyword = instruction.kind.toUpperCase();
  if (instruction.kind === 'onbuild') {
    // Only the last trigger of a file can end in an escape token, one that joined it to nothing.
    const tail = instruction.trigger.replace(/[ \t]+$/, '');
    const end = tail.endsWith(escape) && !tail.endsWith(escape + escape) ? escape : '';
    return `${comments}${keyword} ${instruction.trigger}${end}\n`;
  }
  const flags = printFlags(instruction, escape);
  const operands = printOperands(instruction);
  const text = [keyword, ...flags, ...(operands.startsWith('--') ? ['--'] : []), operands].join(' ').trimEnd();
  // A form feed behind an escape token keeps it from joining the next line, and is dropped when read.
  const line = text.endsWith(escape) ? `${text}\f` : text;
  return `${comments}${line}\n${printBodies(instruction, line)}`;
}

function printFlags(instruction: AnyInstruction, escape: EscapeToken): string[] {
  return flagsOf(instruction)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => {
      if (/^[\w./:=,@+$-]+$/.test(value)) return `--${name}=${value}`;
      // Single quotes where they serve: the search for heredocs reads the same text with a backslash as its escape.
      const quote = value.includes("'") ? '"' : "'";
      const escaped = [...value].map((char) => (char === quote || char === escape ? escape + char : char));
      return `--${name}=${quote}${escaped.join('')}${quote}`;
    });
}

type Flag = readonly [name: string, value: string];

function flagsOf(instruction: AnyInstruction): Flag[] {
  switch (instruction.kind) {
    case 'from':
      return [['platform', instruction.platform]];
    case 'run':
      return runFlags(instruction);
    case 'copy':
      return [
        ...transferFlags(instruction),
        ['from', instruction.from],
        ['parents', instruction.parents ? 'true' : ''],
      ];
    case 'add':
      return [
        ...transferFlags(instruction),
        ['checksum', instruction.checksum],
        ['keep-git-dir', String(instruction.keepGitDir ?? '')],
        ['unpack', String(instruction.unpack ?? '')],
      ];
    case 'healthcheck':
      return healthcheckFlags(instruction);
    default:
      return [];
  }
}

function runFlags({ mounts, network, security, devices }: RunInstruction): Flag[] {
  return [
    ...mounts.map(({ raw }): Flag => ['mount', raw]),
    ['network', network],
    ['security', security],
    ...devices.map(({ name, required }): Flag => {
      const field = `name=${name}`;
      const quoted = /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
      return ['device', `${quoted},required=${required}`];
    }),
  ];
}

function transferFlags({ chown, chmod, link, exclude }: CopyInstruction | AddInstruction): Flag[] {
  return [
    ['chown', chown],
    ['chmod', chmod],
    ['link', link ? 'true' : ''],
    ...exclude.map((pattern): Flag => ['exclude', pattern]),
  ];
}

function healthcheckFlags(check: HealthcheckInstruction): Flag[] {
  return [
    ['interval', duration(check.interval)],
    ['timeout', duration(check.timeout)],
    ['start-period', duration(check.startPeriod)],
    ['start-interval', duration(check.startInterval)],
    ['retries', check.retries === 0 ? '' : String(check.retries)],
  ];
}

function duration(nanoseconds: number): string {
  return nanoseconds === 0 ? '' : `${nanoseconds}ns`;
}

function printOperands(instruction: Exclude<AnyInstruction, { kind: 'onbuild' }>): string {
  switch (instruction.kind) {
    case 'from':
      return instruction.baseName + (instruction.name === '' ? '' : ` AS ${instruction.name}`);
    case 'arg':
      return instruction.args.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ');
    case 'env':
    case 'label':
      // Two blanks behind a key that could escape one.
      return instruction.pairs
        .map(({ key, value, legacy }) => `${key}${legacy ? (/[\\`]$/.test(key) ? '  ' : ' ') : '='}${value}`)
        .join(' ');
    case 'run':
    case 'cmd':
    case 'entrypoint': {
      const { form, args } = instruction.command;
      return printList(args, form === 'exec');
    }
    case 'copy':
    case 'add': {
      // Heredocs first, so that no quote or escape in a source reaches them.
      const words = [...instruction.inline.map(printHeredocWord), ...instruction.sources, instruction.destination];
      return printList(words, instruction.json);
    }
    case 'healthcheck': {
      const [type, ...args] = instruction.test;
      if (type === 'NONE') return type;
      return `CMD ${printList(args, type === 'CMD')}`;
    }
    case 'expose':
      return instruction.ports.join(' ');
    case 'volume':
      return printList(instruction.volumes, instruction.json);
    case 'shell':
      return printList(instruction.shell, true);
    case 'maintainer':
      return instruction.maintainer;
    case 'stopsignal':
      return instruction.signal;
    case 'user':
      return instruction.user;
    case 'workdir':
      return instruction.path;
  }
}

function printList(words: readonly string[], json: boolean): string {
  return json ? JSON.stringify(words) : words.join(' ');
}

/** The escape in a heredoc's name is a backslash whatever the directive says. */
function printHeredocWord({ name, fileDescriptor, expand, chomp }: Heredoc): string {
  const start = `${fileDescriptor === 0 ? '' : fileDescriptor}<<${chomp ? '-' : ''}`;
  if (expand) return start + name.replaceAll(/['"\\$]/g, String.raw`\$&`);
  return name.includes("'") ? `${start}"${name.replaceAll(/["\\$]/g, String.raw`\$&`)}"` : `${start}'${name}'`;
}

function printBodies(instruction: AnyInstruction, line: string): string {
  if (instruction.kind === 'run') {
    if (instruction.command.form === 'exec') return '';
    return instruction.heredocs.map(({ name, content }) => `${content}${name}\n`).join('');
  }
  if ((instruction.kind !== 'copy' && instruction.kind !== 'add') || instruction.json) return '';
  // Heredocs of one name share the last one's content, which only those without `<<-` hold whole.
  const wholeLast = instruction.inline.toSorted((left, right) => Number(right.chomp) - Number(left.chomp));
  const contents = new Map(wholeLast.map(({ name, content }) => [name, content]));
  const names = heredocsOfLine(line).map(({ name }) => name);
  return names
    .map((name, index) => `${names.lastIndexOf(name) === index ? (contents.get(name) ?? '') : ''}${name}\n`)
    .join('');
}
