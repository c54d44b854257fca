import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { BasedOn, DraftContent, ProtocolDraftEvent } from './protocol.events.js';

/** A draft that somebody began, whatever became of it. */
export type BegunDraft = {
  readonly draftId: Id;
  /** Of the protocol whose next version it shall be. */
  readonly code: string;
  readonly draft: DraftContent;
  readonly basedOn: BasedOn | null;
} & (
  | { readonly status: 'open' }
  | { readonly status: 'discarded' }
  | { readonly status: 'published'; readonly version: number }
);

export type ProtocolDraftState = { readonly status: 'none' } | BegunDraft;

function evolve(state: ProtocolDraftState, event: RecordedEvent<ProtocolDraftEvent>): ProtocolDraftState {
  if (event.type === 'ProtocolDrafted') return { status: 'open', ...event.data };
  if (state.status === 'none') return state;
  const { draftId, code, draft, basedOn } = state;
  switch (event.type) {
    case 'ProtocolDraftChanged':
      return { ...state, draft: event.data.draft };
    case 'ProtocolDraftDiscarded':
      return { status: 'discarded', draftId, code, draft, basedOn };
    case 'ProtocolDraftPublished':
      return { status: 'published', version: event.data.version, draftId, code, draft, basedOn };
    default:
      return assertNever(event, 'event of a draft');
  }
}

export const draftFold = { initial: { status: 'none' } as ProtocolDraftState, evolve };
