import type { Descriptor } from '../oci/descriptor.ts';
import { parsePlatform, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import type { Draft, EntryEdit } from './draft.ts';

/** What a person changes of one image of a draft; what is absent stays. */
export interface EntryChange {
  readonly os?: string;
  readonly architecture?: string;
  /** Empty for none. */
  readonly variant?: string;
  readonly osVersion?: string;
  /** Besides those that are there. */
  readonly osFeatures?: readonly string[];
  /** Besides those that are there. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The draft with one entry changed. Fails with UNKNOWN_PLATFORM, and INVALID_ARGUMENT where a platform would be half there. */
export function annotateEntry(draft: Draft, entry: Descriptor, change: EntryChange): Draft {
  const before = draft.edits[entry.digest];
  const platform = changedPlatform(entry.platform, change) ?? before?.platform;
  const annotations = { ...before?.annotations, ...change.annotations };
  const edit: EntryEdit = {
    ...(platform === undefined ? {} : { platform }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return { ...draft, edits: { ...draft.edits, [entry.digest]: edit } };
}

/** Undefined when nothing of it is changed. Another architecture or system drops what was said of the old one. */
function changedPlatform(before: Platform | undefined, change: EntryChange): Platform | undefined {
  const { os, architecture, variant, osVersion, osFeatures = [] } = change;
  if ([os, architecture, variant, osVersion].every((part) => part === undefined) && osFeatures.length === 0)
    return undefined;
  const named = os !== undefined || architecture !== undefined || variant !== undefined;
  const base = named ? namedPlatform(before, change) : before;
  if (base === undefined || base.os === '' || base.architecture === '') throw half();
  const { 'os.version': ownVersion, 'os.features': ownFeatures = [], ...rest } = base;
  const version = osVersion ?? ownVersion;
  const features = [...new Set([...ownFeatures, ...osFeatures])];
  return {
    ...rest,
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  };
}

function namedPlatform(before: Platform | undefined, change: EntryChange): Platform {
  const os = change.os ?? before?.os ?? '';
  const architecture = change.architecture ?? before?.architecture ?? '';
  if (os === '' || architecture === '') throw half();
  const kept = architecture === before?.architecture ? before.variant : undefined;
  const variant = change.variant ?? kept ?? '';
  const normal = parsePlatform([os, architecture, ...(variant === '' ? [] : [variant])].join('/'));
  const { variant: own, ...plain } = normal;
  // arm64's v8 and amd64's v1 go without saying; said, they stay.
  const said = change.variant === '' ? undefined : (own ?? (variant === '' ? undefined : variant));
  const same = before !== undefined && os === before.os ? before : undefined;
  return {
    ...plain,
    ...(said === undefined ? {} : { variant: said }),
    ...(same?.['os.version'] === undefined ? {} : { 'os.version': same['os.version'] }),
    ...(same?.['os.features'] === undefined ? {} : { 'os.features': same['os.features'] }),
  };
}

function half(): PolyarchError {
  return new PolyarchError('INVALID_ARGUMENT', 'the image has no platform of its own', {
    hint: 'give both --os and --arch',
  });
}
