import { draftEntries } from '../manifest/draft.ts';
import { draftName, DraftStore } from '../manifest/draft-store.ts';
import { formatPlatform, isAttestation } from '../oci/platform.ts';
import { familiarReference, parseReference } from '../oci/reference.ts';
import { storePaths } from '../worker/paths.ts';

export interface ListedDraft {
  /** As people write it. */
  readonly name: string;
  readonly platforms: readonly string[];
  /** Where its images are from, in full. */
  readonly sources: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The drafts in the store's folder, which is made when the first is written. */
export function openDrafts(home: string): DraftStore {
  return new DraftStore(storePaths(home).database);
}

/** Every draft, by name; no registry is asked. */
export function listDrafts(drafts: DraftStore): readonly ListedDraft[] {
  return drafts.list().map((draft) => ({
    name: familiarReference(parseReference(draft.name)),
    platforms: draftEntries(draft).flatMap(({ descriptor }) =>
      isAttestation(descriptor)
        ? []
        : [descriptor.platform === undefined ? 'unknown' : formatPlatform(descriptor.platform)],
    ),
    sources: draft.sources.map(({ name }) => name),
    createdAt: draft.createdAt,
    updatedAt: draft.updatedAt,
  }));
}

/** Forgets a draft; what it was made of stays. Fails with DRAFT_NOT_FOUND. */
export function removeDraft(drafts: DraftStore, text: string): void {
  const name = draftName(text);
  drafts.require(name);
  drafts.remove(name);
}
