import type { Chain } from '#libs/event-store/src/chains.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import {
  CONSULTATION_EVENTS,
  COURSE_EVENTS,
  LOT_EVENTS,
  PATIENT_EVENTS,
  PRACTITIONER_EVENTS,
  RECALL_EVENTS,
} from '#libs/treatment/src/streams.contract.js';
import type { HeldNotes } from '../dispatch/held-notes.js';

/** Name and version of the reactor's checkpoints. */
export const HELD_WAKER = { name: 'held_message_waker', version: 1 } as const;

/** Everything from which it follows what stands against a session. */
const TYPES = [
  ...[COURSE_EVENTS, PATIENT_EVENTS, CONSULTATION_EVENTS],
  ...[PRACTITIONER_EVENTS, RECALL_EVENTS, LOT_EVENTS],
].flatMap((events) => events.map(({ type }) => type));

/** Wakes messages that are held when something happens from which that was decided. */
export class HeldWakerReactor implements Reactor {
  readonly name = HELD_WAKER.name;
  readonly version = HELD_WAKER.version;
  readonly types: ReadonlySet<string> = new Set(TYPES);

  constructor(private readonly notes: Pick<HeldNotes, 'wake'>) {}

  react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    return this.notes.wake(chain, [...new Set(events.map(({ stream }) => stream))]);
  }
}
