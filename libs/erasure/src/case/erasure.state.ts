import type { Erased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ErasureEvent, ErasureGround } from './erasure.events.js';

export interface ErasureRequest {
  readonly erasureId: string;
  readonly ground: ErasureGround;
  readonly reason: string | Erased;
  /** Who asked for it: the other one has to be somebody else. */
  readonly by: string;
  readonly at: Instant;
}

export interface LegalHold {
  readonly holdId: string;
  readonly reason: string | Erased;
  readonly by: string;
  readonly at: Instant;
}

/** What is decided about the erasure of one registration. */
export interface ErasureCase {
  /** The one that waits for a second person; null: none. */
  readonly request: ErasureRequest | null;
  /** Those that stand. */
  readonly holds: readonly LegalHold[];
  readonly confirmed: {
    readonly erasureId: string;
    readonly by: string;
    readonly at: Instant;
    readonly registrations: readonly string[];
  } | null;
  /** Requests that were declined, and holds that were lifted. */
  readonly closed: readonly string[];
}

const INITIAL: ErasureCase = { request: null, holds: [], confirmed: null, closed: [] };

export const erasureFold = { initial: INITIAL, evolve };

function evolve(state: ErasureCase, event: RecordedEvent<ErasureEvent>): ErasureCase {
  const { recordedAt: at, header } = event;
  const by = header.actor;
  switch (event.type) {
    case 'ErasureRequested': {
      const { erasureId, ground, reason } = event.data;
      return { ...state, request: { erasureId, ground, reason, by, at } };
    }
    case 'ErasureConfirmed': {
      const { erasureId, registrations } = event.data;
      return { ...state, request: null, confirmed: { erasureId, by, at, registrations } };
    }
    case 'ErasureDeclined':
      return { ...state, request: null, closed: [...state.closed, event.data.erasureId] };
    case 'LegalHoldSet': {
      const { holdId, reason } = event.data;
      return { ...state, holds: [...state.holds, { holdId, reason, by, at }] };
    }
    case 'LegalHoldLifted': {
      const { holdId } = event.data;
      return {
        ...state,
        holds: state.holds.filter((hold) => hold.holdId !== holdId),
        closed: [...state.closed, holdId],
      };
    }
    default:
      return assertNever(event, 'erasure event');
  }
}
