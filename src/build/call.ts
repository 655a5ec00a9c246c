import type { Outline } from '../dockerfile/convert-outline.ts';
import type { Finding } from '../dockerfile/lint/finding.ts';
import { type StageSummary, listStages } from '../dockerfile/list-stages.ts';
import { formatPlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { askingBriefly } from './asking.ts';
import { eachOnce } from './findings.ts';
import { type ConversionChoices, type RequestSurroundings, openRequest } from './open-request.ts';
import type { BuildRequest } from './request.ts';
import { Tiers } from './tiers.ts';
import type { Workspace } from './workspace.ts';

/** A Dockerfile that was looked at. */
export interface CheckedFile {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly files: readonly CheckedFile[];
  /** What a build would fail with before its first step. */
  readonly error?: PolyarchError;
}

/**
 * The lint's findings, of all stages or those that the target needs, on every platform. Nothing is run, and a base
 * whose registry gives no answer is done without.
 */
export async function check(
  workspace: Workspace,
  request: BuildRequest,
  around: RequestSurroundings,
): Promise<CheckResult> {
  const findings: Finding[] = [];
  const files: CheckedFile[] = [];
  const onFinding = eachOnce((finding) => findings.push(finding));
  const asking = askingFor(workspace, around);
  try {
    await using opened = await openRequest(workspace, request, { ...around, onDockerfile: keep(files) });
    const tiers = new Tiers(request.optional ?? []);
    for (const own of opened.inputs) {
      const allStages = own.target === undefined;
      await tiers.attempt(own.platform, () => opened.convert(own, { ...asking, allStages, onFinding }));
    }
    for (const { platform, error } of tiers.missing)
      around.notice(`${formatPlatform(platform)} is optional, and its build would fail: ${error.message}`);
  } catch (error) {
    // Without a Dockerfile there is nothing to say about it.
    if (!(error instanceof PolyarchError) || files.length === 0 || around.signal.aborted) throw error;
    return { findings, files, error };
  }
  return { findings, files };
}

/** What may be set when the target is built for the first of the platforms. */
export async function outline(
  workspace: Workspace,
  request: BuildRequest,
  around: RequestSurroundings,
): Promise<{ outline: Outline; files: readonly CheckedFile[] }> {
  const files: CheckedFile[] = [];
  await using opened = await openRequest(workspace, request, { ...around, onDockerfile: keep(files) });
  const [first] = opened.inputs;
  if (first === undefined) throw new Error('a build is for one platform at least');
  const converted = await opened.convert(first, askingFor(workspace, around));
  return { outline: converted.outline(), files };
}

/** The stages that can be built for the first of the platforms. */
export async function targets(
  workspace: Workspace,
  request: BuildRequest,
  around: RequestSurroundings,
): Promise<{ stages: readonly StageSummary[]; files: readonly CheckedFile[] }> {
  const files: CheckedFile[] = [];
  await using opened = await openRequest(workspace, request, { ...around, onDockerfile: keep(files) });
  const [first] = opened.inputs;
  if (first === undefined) throw new Error('a build is for one platform at least');
  return { stages: listStages(opened.dockerfileOf(first).dockerfile), files };
}

function keep(files: CheckedFile[]): RequestSurroundings['onDockerfile'] {
  return ({ name, bytes }) => void files.push({ name, data: bytes });
}

/** Goes on without the bases that no registry tells about, and says so once of each. */
export function askingFor(
  { engine }: Workspace,
  { notice, signal }: RequestSurroundings,
): Pick<ConversionChoices, 'metaResolver' | 'onUnknownBase' | 'signal'> {
  const said = new Set<string>();
  const onUnknownBase = (name: string, error: PolyarchError): void => {
    if (said.has(name)) return;
    said.add(name);
    notice(`the config of ${name} is not known, and what depends on it is left out: ${error.message}`);
  };
  return { metaResolver: askingBriefly(engine.images), onUnknownBase, signal };
}
