import { isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { EntryCorrection, EntryHistory } from './entry-history.js';
import type { CorrectionView, RetractionView } from './history.contract.js';

/** What an answer says of the corrections of an entry: why, who and when, and what they changed. */
export const correctionViews = ({ corrections }: EntryHistory): CorrectionView[] => corrections.map(correctionView);

function correctionView({ event, changed, retraction }: EntryCorrection): CorrectionView {
  const { correctionReason } = event.data as { readonly correctionReason?: unknown };
  return {
    ...byWhom(event, correctionReason),
    changed: changed.map(({ field, before, after }) => ({ field, before: readable(before), after: readable(after) })),
    retracted: retractionView(retraction),
  };
}

export function retractionView(event: RecordedEvent | undefined): RetractionView | null {
  if (!event) return null;
  return byWhom(event, (event.data as { readonly retractionReason?: unknown }).retractionReason);
}

const byWhom = ({ header, recordedAt }: RecordedEvent, reason: unknown): RetractionView => ({
  eventId: header.id,
  recordedAt,
  actor: header.actor,
  reason: typeof reason === 'string' ? reason : null,
});

const readable = (value: unknown): unknown => (isErased(value) ? null : value);
