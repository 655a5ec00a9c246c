import { check, outline, targets } from '../build/call.ts';
import type { RequestSurroundings } from '../build/open-request.ts';
import type { BuildRequest } from '../build/request.ts';
import type { Workspace } from '../build/workspace.ts';
import type { Call } from './call-flag.ts';
import { checkJson, outlineJson, targetsJson } from './call-json.ts';
import { describeJson, describeText } from './call-describe.ts';
import { outlineText, targetsText } from './call-text.ts';
import type { CliContext } from './context.ts';
import { byPlace, renderCheck } from './render-findings.ts';

/** Does what `--call` asks for instead of a build; gives the exit status, buildx's. */
export async function runCall(
  call: Call,
  request: BuildRequest,
  at: { workspace: Workspace; around: RequestSurroundings; context: CliContext },
): Promise<number> {
  const { workspace, around, context } = at;
  const write = (text: string) => void context.stdout.write(text);
  switch (call.name) {
    case 'outline': {
      const found = await outline(workspace, request, around);
      write(call.json ? outlineJson(found.outline, found.files) : outlineText(found.outline));
      return 0;
    }
    case 'targets': {
      const { stages, files } = await targets(workspace, request, around);
      write(call.json ? targetsJson(stages, files) : targetsText(stages));
      return 0;
    }
    case 'describe':
      write(call.json ? describeJson() : describeText());
      return 0;
    case 'check': {
      const { findings: all, files, error } = await check(workspace, request, around);
      const findings = byPlace(all);
      if (call.json) write(checkJson(findings, { sources: files, error }));
      else if (error === undefined || findings.length > 0) write(renderCheck(findings));
      if (error !== undefined) throw error;
      return findings.length > 0 && !call.ignoreStatus ? 1 : 0;
    }
  }
}
