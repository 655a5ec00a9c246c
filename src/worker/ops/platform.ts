import { type Platform, normalizePlatform } from '../../oci/platform.ts';
import type { Op as PbOp } from '../../pb/ops.ts';

/** The platform that an op is constrained to. */
export function platformOf(op: PbOp): Platform | undefined {
  const platform = op.platform;
  if (platform === undefined || platform.OS === '') return undefined;
  return normalizePlatform({
    os: platform.OS,
    architecture: platform.Architecture,
    ...(platform.Variant === '' ? {} : { variant: platform.Variant }),
    ...(platform.OSVersion === '' ? {} : { 'os.version': platform.OSVersion }),
  });
}
