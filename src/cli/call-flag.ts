import { csvFields } from '../util/csv.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';

/** What `--call` asks for instead of a build. */
export interface Call {
  readonly name: 'check' | 'outline' | 'targets' | 'describe';
  readonly json: boolean;
  /** Exit with 0 whatever a check finds. */
  readonly ignoreStatus: boolean;
}

const NAMES: Readonly<Record<string, Call['name'] | 'build'>> = {
  build: 'build',
  check: 'check',
  lint: 'check',
  outline: 'outline',
  targets: 'targets',
  'subrequests.describe': 'describe',
};

/** Reads `--call NAME[,format=json][,ignorestatus=BOOL]`; undefined for a build. Fails with INVALID_ARGUMENT. */
export function parseCall(text: string): Call | undefined {
  let name: Call['name'] | 'build' | undefined;
  let json = false;
  let ignoreStatus = false;
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const value = field.slice(equals + 1);
    if (equals < 0 && name === undefined) {
      name = NAMES[field];
      if (name === undefined)
        throw invalid(text, `there is no method ${field}${didYouMean(field, Object.keys(NAMES))}`);
    } else if (equals > 0 && field.startsWith('format=') && (value === 'json' || value === 'text')) {
      json = value === 'json';
    } else if (equals > 0 && field.startsWith('ignorestatus=') && /^(?:true|false|1|0)$/.test(value)) {
      ignoreStatus = value === 'true' || value === '1';
    } else throw invalid(text, `${field} is not understood`);
  }
  if (name === undefined) throw invalid(text, 'it names no method');
  return name === 'build' ? undefined : { name, json, ignoreStatus };
}

function invalid(text: string, why: string): PolyarchError {
  return new PolyarchError('INVALID_ARGUMENT', `--call ${JSON.stringify(text)}: ${why}`, {
    hint: '--call build|check|outline|targets|subrequests.describe[,format=json]',
  });
}
