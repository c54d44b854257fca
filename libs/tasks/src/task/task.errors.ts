import { Conflict, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { TaskBy } from './task.events.js';

export class TaskUnknown extends NotFound {
  constructor() {
    super('task.unknown', 'There is no such task.');
  }
}

/** Somebody else sees to it already. */
export class TaskIsTaken extends Conflict {
  constructor({ actor, practitionerId }: TaskBy) {
    const message = 'Somebody else has taken the task. Take it over, if that is meant.';
    super('task.taken', message, {
      fields: [
        {
          ...{ field: 'over', message, rule: 'task.one-taker', facts: [] },
          ...{ seen: practitionerId ?? actor, accepted: 'true, to take it over' },
        },
      ],
    });
  }
}

/** It was seen to, or its cause is gone. */
export class TaskIsSettled extends Conflict {
  constructor(status: 'done' | 'withdrawn') {
    const message = status === 'done' ? 'Somebody has seen to the task already.' : 'The cause of the task is gone.';
    super('task.settled', message, {
      fields: [{ field: 'task', message, rule: 'task.settled-once', facts: [], seen: status, accepted: 'open, taken' }],
    });
  }
}

/** Words about nobody in particular have no key to close them. */
export class NoteAboutNobody extends Refused {
  constructor() {
    const message = 'The task is about no single patient, so that no words can be kept with it. Give an outcome alone.';
    super('task.note-about-nobody', message, {
      fields: [{ field: 'note', message, rule: 'task.note-of-patient', facts: [], accepted: 'no note' }],
    });
  }
}
