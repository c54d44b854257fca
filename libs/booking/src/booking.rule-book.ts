import { ruleBook } from '#libs/protocols/src/rule-book.js';

const OF_MAINTENANCE = { demand: 'Maintenance', override: 'none' } as const;

/** How times for maintenance are proposed, held and booked. */
export const BOOKING_RULES = ruleBook({
  'slot.window': {
    says: 'A time is proposed inside the maintenance window, from so many days ahead of it as the site has set.',
    facts: ['S1-M2'],
    ...OF_MAINTENANCE,
  },
  'slot.interval': {
    says: 'No time is proposed before the shortest interval after the last session is over.',
    facts: ['S0-N1', 'S1-N1'],
    ...OF_MAINTENANCE,
  },
  'slot.open': {
    says: 'A time that is proposed lies, with as long as a session may take, inside one span of the site’s opening hours.',
    facts: ['S4-U1'],
    ...OF_MAINTENANCE,
  },
  'slot.capacity': {
    says: 'At no instant are more times held than patients can be treated at once, however many workers hold them.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.one-per-window': {
    says: 'A patient holds no more than one time in a window.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.reachable': {
    says: 'A time is held only for a patient who may be written to, and from an hour on in which that may happen.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.hold-ends': {
    says: 'Every time that is held is confirmed or released; without an answer when the hold is over, and before the time itself.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.another-day': {
    says: 'After no answer, or when another day is wanted, a time on another day is proposed, as often as the site has set.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.exhausted': {
    says: 'After so many tries, or where no time is free, nothing more is proposed in the window, and staff are asked to call.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.cause-gone': {
    says: 'A time is released at once when its window moves, a session is booked beside it, the course ends, the consent is withdrawn, or the patient declines, dies, moves away or is erased.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.released': {
    says: 'A time that was released is not confirmed any more; who says yes to it all the same is to be called.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'slot.booked-by-the-rules': {
    says: 'A yes books the session only where no rule of the record stands against it; else somebody of the staff decides.',
    facts: [],
    ...OF_MAINTENANCE,
  },
  'message.slot-released': {
    says: 'A time is proposed to a patient only while it is held for them and they have not answered.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'message.slot-proposed': {
    says: 'Where a site proposes times in a window, nobody is asked as well to call for one, until nothing more is proposed in it.',
    demand: 'When a message may go',
    facts: [],
    override: 'none',
  },
  'slot.confirmed-by-staff': {
    says: 'Where the site leaves it to staff, a yes keeps the time until somebody confirms it, or it has come.',
    facts: [],
    ...OF_MAINTENANCE,
  },
});

export type BookingRule = keyof typeof BOOKING_RULES;
