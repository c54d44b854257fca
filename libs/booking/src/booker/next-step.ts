import { addDays } from '#libs/kernel/src/local-date.js';
import { type Instant, localDateAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { bookedSessions, type PlannedCourse } from '#libs/treatment/src/booking.contract.js';
import type { RecallRules, SiteState } from '#libs/treatment/src/streams.contract.js';
import type { ReleaseReason } from '../slot/slot.events.js';
import { type HeldTime, isOpen, type OpenSlot, type SlotState } from '../slot/slot.state.js';
import { isOpenFor } from './slot-times.js';

/** Everything from which it follows what is to be done about the maintenance of a course. */
export interface Situation {
  readonly now: Instant;
  readonly course: PlannedCourse;
  readonly protocol: Protocol;
  readonly site: Extract<SiteState, { status: 'registered' }>;
  /** The window that the course has now, under the ordinal of its proposal; null where there is none. */
  readonly window: NonNullable<PlannedCourse['proposal']> | null;
  /** Why there is no maintenance any more; null: there is. */
  readonly ended: ReleaseReason | null;
  /** The first instant, from now on, at which the patient may be asked; null: they are not to be written to. */
  readonly askFrom: Instant | null;
  /** What was held in this window, in order. */
  readonly slots: readonly SlotState[];
  /** What was held last in another window; null where nothing was. */
  readonly former: SlotState | null;
}

export type Proposals = NonNullable<RecallRules['proposals']>;

export type Step =
  /** Nothing before this instant; null: not until something happens. */
  | { readonly kind: 'wait'; readonly until: Instant | null }
  | { readonly kind: 'release'; readonly slot: HeldTime; readonly reason: ReleaseReason }
  /** A time is to be found and held: the nth of the window. */
  | { readonly kind: 'propose'; readonly nth: number; readonly proposals: Proposals }
  | { readonly kind: 'exhaust'; readonly nth: number; readonly reason: 'no-answer' | 'no-free-time' };

const NOTHING: Step = { kind: 'wait', until: null };

/** What to do next about the maintenance of a course. */
export function nextStep(situation: Situation): Step {
  const { slots, former } = situation;
  if (former) {
    const step = aboutSlot(former, situation);
    if (step?.kind === 'release') return step;
  }
  const last = slots.at(-1);
  return (last && aboutSlot(last, situation)) ?? nextInWindow(situation);
}

/** What is to be done about a slot; null where it is over. */
function aboutSlot(state: SlotState, situation: Situation): Step | null {
  if (isOpen(state)) {
    const { slot } = state;
    const reason = releaseReason(state, situation);
    if (reason) return { kind: 'release', slot, reason };
    return { kind: 'wait', until: state.status === 'held' ? slot.heldUntil : slot.at.instant };
  }
  if (state.status === 'exhausted') return NOTHING;
  if (state.status === 'confirmed') return aboutSession(state, situation);
  return state.status === 'released' && state.reason === 'by-staff' ? NOTHING : null;
}

/** The time that a session no longer takes place at is free for others. */
function aboutSession(
  { slot, sessionId }: Extract<SlotState, { status: 'confirmed' }>,
  { course }: Situation,
): Step | null {
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  if (!session || session.status === 'cancelled') return { kind: 'release', slot, reason: 'session-called-off' };
  if (session.status !== 'booked') return null;
  const isThere = session.bookedFor?.instant === slot.at.instant && session.siteId === slot.siteId;
  return isThere ? NOTHING : { kind: 'release', slot, reason: 'session-moved' };
}

/** Why a time that a patient could still have is not theirs any more; null where it is. */
export function releaseReason(state: OpenSlot, { ended, window, course, site, now }: Situation): ReleaseReason | null {
  const { slot } = state;
  if (ended) return ended;
  if (window?.ordinal !== slot.ordinal) return 'window-moved';
  if (isBooked(course)) return 'booked-otherwise';
  if (!isOpenFor(slot.at, slot.durationMinutes, site.openingHours)) return 'site-closed';
  if (state.status === 'held') return now >= slot.heldUntil ? 'no-answer' : null;
  return now >= slot.at.instant ? 'not-confirmed' : null;
}

export const isBooked = (course: PlannedCourse): boolean =>
  bookedSessions(course).some(({ kind }) => kind === 'maintenance');

/** A patient was asked, and another time is to be found. */
const ASKED: ReadonlySet<ReleaseReason> = new Set(['no-answer', 'another-day']);

function nextInWindow({ now, course, site, window, ended, askFrom, slots }: Situation): Step {
  const { recallRules, openingHours, timeZone } = site;
  const { proposals } = recallRules;
  if (!window || ended || isBooked(course) || !proposals || !openingHours) return NOTHING;
  const opensAt = wallToInstant(`${addDays(window.opens, -proposals.leadDays)}T00:00`, timeZone).instant;
  if (now < opensAt) return { kind: 'wait', until: opensAt };
  const nth = slots.length + 1;
  const asked = slots.filter((each) => each.status === 'released' && ASKED.has(each.reason)).length;
  if (asked >= proposals.triesMax) return { kind: 'exhaust', nth, reason: 'no-answer' };
  if (localDateAt(now, timeZone) > window.closes) {
    // Whoever was never offered a time is told of the window as everybody else.
    return asked > 0 ? { kind: 'exhaust', nth, reason: 'no-free-time' } : NOTHING;
  }
  if (askFrom === null) return NOTHING;
  return askFrom > now ? { kind: 'wait', until: askFrom } : { kind: 'propose', nth, proposals };
}
