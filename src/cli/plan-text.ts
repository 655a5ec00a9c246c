import type { Estimate, Plan, PlannedStep } from '../build/plan.ts';
import { columns } from './format.ts';

/** A command is shown so long. */
const WIDTH = 44;

/** A plan for a person: the steps, why they run so, and the lines that would make them faster. */
export function planText(plan: Plan): string {
  const { machine, platforms, steps } = plan;
  const head = `For ${platforms.join(', ')}, on a machine of ${machine}:\n\n`;
  if (steps.length === 0)
    return `${head}No step runs a program: the files of bases and of the context are put together.\n`;
  return [head, stepTable(plan), '\n', reasons(steps), adviceText(plan)].join('');
}

function stepTable({ steps, platforms }: Plan): string {
  const several = new Set(steps.map(({ file }) => file)).size > 1;
  const timed = steps.some((one) => one.estimate !== undefined);
  const rows = steps.map((one) => [
    several ? `${one.file}:${one.line}` : String(one.line),
    one.stage,
    short(one.step),
    one.for.length === platforms.length && platforms.length > 1 ? 'all' : one.for.join(', '),
    one.how,
    ...(one.estimate === undefined ? [] : [timeOf(one.estimate)]),
  ]);
  return columns([['LINE', 'STAGE', 'STEP', 'FOR', 'HOW', ...(timed ? ['TIME'] : [])], ...rows]);
}

function short(step: string): string {
  return step.length <= WIDTH ? step : `${step.slice(0, WIDTH - 1)}…`;
}

function timeOf({ seconds, basis, platform }: Estimate): string {
  const time = seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds));
  return basis === 'recorded' ? `${time}s` : `about ${time}s (by its time on ${platform})`;
}

/** Each reason once, in the order of the steps. */
function reasons(steps: readonly PlannedStep[]): string {
  const known = new Map(steps.map(({ how, why, mend }) => [`${how} ${why}`, { how, why, mend }]));
  const rows = [...known.values()].flatMap(({ how, why, mend }) => [
    [`${how}:`, why],
    ...(mend === undefined ? [] : [['', `hint: ${mend}`]]),
  ]);
  return columns(rows);
}

function adviceText({ advice }: Plan): string {
  if (advice.length === 0) return '';
  const each = advice.map(({ file, line, stage, message, rewrite }) => {
    const lines = rewrite.map((text) => `    ${text}\n`).join('');
    return `\n${file}:${line}, stage ${stage}: ${message}:\n${lines}`;
  });
  return `\nWhat would make it faster:\n${each.join('')}`;
}
