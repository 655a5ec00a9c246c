import { type DebDistribution, isDebRelease, readRootSystem, type Release } from '../accel/root-system.ts';
import { PolyarchError } from '../util/error.ts';

/** This machine's release, or another one of the same distribution. Fails with ACCEL_UNAVAILABLE elsewhere than on Debian and Ubuntu. */
export function hostRelease(codename?: string): Release<DebDistribution> {
  const { release } = readRootSystem('/');
  if (release === undefined || !isDebRelease(release)) {
    throw new PolyarchError('ACCEL_UNAVAILABLE', 'this machine is no release of Debian or Ubuntu');
  }
  return codename === undefined ? release : { ...release, codename };
}
