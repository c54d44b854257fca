import { Conflict, NotFound } from '#libs/kernel/src/errors.js';
import type { ReleaseReason } from './slot.events.js';

export class SlotUnknown extends NotFound {
  constructor() {
    super('slot.unknown', 'There is no such slot.');
  }
}

/** The time is not held any more. */
export class SlotGone extends Conflict {
  constructor(reason: ReleaseReason) {
    super('slot.released', 'This time is not held any more.', {
      fields: [
        {
          field: 'slot',
          message: 'It was released; book a session at a time that is free.',
          rule: 'slot.released',
          facts: [],
          seen: reason,
          accepted: 'a time that is held',
        },
      ],
      data: { reason },
    });
  }
}

/** The time has become a session, which has commands of its own. */
export class SlotBooked extends Conflict {
  constructor(sessionId: string) {
    super('slot.booked', 'This time was booked; cancel or move the session that it has become.', {
      data: { sessionId },
    });
  }
}
