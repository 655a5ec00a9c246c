import type { CheckedFile } from '../build/call.ts';
import type { Location } from '../dockerfile/ast.ts';
import type { Outline, OutlineArg, OutlineMount } from '../dockerfile/convert-outline.ts';
import type { Finding } from '../dockerfile/lint/finding.ts';
import type { StageSummary } from '../dockerfile/list-stages.ts';
import type { PolyarchError } from '../util/error.ts';

/*
 * What `--call=…,format=json` prints: the shapes of BuildKit's requests frontend.lint, frontend.outline and
 * frontend.targets (frontend/subrequests/), as buildx prints them. `hint` and `rewrite` are this project's own.
 */

export function checkJson(
  findings: readonly Finding[],
  options: { sources: readonly CheckedFile[]; error?: PolyarchError | undefined },
): string {
  const { sources, error } = options;
  const indexOf = (file: string) =>
    Math.max(
      0,
      sources.findIndex(({ name }) => name === file),
    );
  const located = (location: Location) => placeOf(location, indexOf(location.file));
  return json({
    warnings: findings.map(({ rule, summary, message, mend, url, location, rewrite }) => ({
      ruleName: rule,
      description: summary,
      url,
      detail: message,
      location: located(location),
      hint: mend,
      ...(rewrite === undefined ? {} : { rewrite }),
    })),
    sources: sources.map(({ name, data }) => ({ filename: name, language: 'Dockerfile', data: base64(data) })),
    ...(error === undefined ? {} : { buildError: buildError(error, located) }),
  });
}

function buildError(error: PolyarchError, located: (location: Location) => object): object {
  const { file, startLine, endLine } = error.details;
  const isPlace = typeof file === 'string' && typeof startLine === 'number' && typeof endLine === 'number';
  return { message: error.message, location: isPlace ? located({ file, startLine, endLine }) : {} };
}

export function outlineJson(outline: Outline, sources: readonly CheckedFile[]): string {
  const { name, description, args, secrets, ssh } = outline;
  const mounts = (list: readonly OutlineMount[]) =>
    list.map((one) => ({
      name: one.name,
      ...(one.required ? { required: true } : {}),
      location: placeOf(one.location),
    }));
  return json({
    ...(name === '' ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(args.length === 0 ? {} : { args: args.map((arg) => argOf(arg)) }),
    ...(secrets.length === 0 ? {} : { secrets: mounts(secrets) }),
    ...(ssh.length === 0 ? {} : { ssh: mounts(ssh) }),
    sources: sources.map(({ data }) => base64(data)),
  });
}

function argOf({ name, description, value, location }: OutlineArg): object {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { value }),
    location: placeOf(location),
  };
}

export function targetsJson(stages: readonly StageSummary[], sources: readonly CheckedFile[]): string {
  return json({
    targets: stages.map(({ name, isDefault, description, baseName, platform, location }) => ({
      ...(name === '' ? {} : { name }),
      ...(isDefault ? { default: true } : {}),
      ...(description === undefined ? {} : { description }),
      base: baseName,
      ...(platform === '' ? {} : { platform }),
      location: placeOf(location),
    })),
    sources: sources.map(({ data }) => base64(data)),
  });
}

function placeOf({ startLine, endLine }: Location, sourceIndex = 0): object {
  return {
    ...(sourceIndex === 0 ? {} : { sourceIndex }),
    ranges: [{ start: { line: startLine }, end: { line: endLine } }],
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString('base64');
}
