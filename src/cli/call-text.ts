import type { Outline, OutlineMount } from '../dockerfile/convert-outline.ts';
import type { StageSummary } from '../dockerfile/list-stages.ts';
import { columns } from './format.ts';

/** What a person may give when a target is built, in buildx's tables. */
export function outlineText(outline: Outline): string {
  const { name, description, args, secrets, ssh } = outline;
  const head = [
    ['TARGET:', name === '' ? '(default)' : name],
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const mounts = (title: string, list: readonly OutlineMount[]) => [
    [title, 'REQUIRED'],
    ...list.map((one) => [one.name, one.required ? 'true' : '']),
  ];
  const tables = [
    ...(name === '' && description === undefined ? [] : [head]),
    ...(args.length === 0
      ? []
      : [
          [
            ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
            ...args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
          ],
        ]),
    ...(secrets.length === 0 ? [] : [mounts('SECRET', secrets)]),
    ...(ssh.length === 0 ? [] : [mounts('SSH', ssh)]),
  ];
  return tables.map((rows) => `${columns(rows)}\n`).join('');
}

/** The stages that can be built, in buildx's table. */
export function targetsText(stages: readonly StageSummary[]): string {
  return columns([
    ['TARGET', 'DESCRIPTION'],
    ...stages.map(({ name, isDefault, description = '' }) => [
      isDefault ? `${name} (default)`.trimStart() : name,
      description,
    ]),
  ]);
}
