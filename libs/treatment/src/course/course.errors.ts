import { Conflict, type ErrorField, Invalid, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { LOT_RULES } from '../lot/lot.rule-book.js';
import type { Refusal } from '../refusal.js';
import type { CourseRule } from './course.rule-book.js';
import type { MaintenanceEndRule } from './maintenance-end.rules.js';

/** One rule that stands against a command on a course. */
export type CourseRefusal = Refusal<
  CourseRule | keyof typeof LOT_RULES | MaintenanceEndRule | 'consent.guardian' | 'maintenance.physician-sets'
>;

export class CourseUnknown extends NotFound {
  /** @param course id or code, as it was asked for */
  constructor(course: string) {
    super('course.unknown', `There is no course ${course}.`, {
      fields: [
        {
          field: 'course',
          message: 'Name a course that was planned, by its id or its code.',
          seen: course,
          accepted: 'id or code of a course',
        },
      ],
    });
  }
}

export class CourseExists extends Conflict {
  /** @param courseId of the course that is there */
  constructor(courseId: string) {
    super('course.exists', 'This course was planned already.', {
      fields: [
        {
          field: 'code',
          message: 'A course is planned once. What changes of it is a change of its plan.',
          rule: 'course.planned-once',
          facts: ['S2-F1'],
          seen: courseId,
          accepted: 'a code that no course has, or a change of the plan',
        },
      ],
    });
  }
}

export class CourseNotActive extends Refused {
  /** @param accepted what could still be done in it */
  constructor(status: string, accepted = 'an active course') {
    super('course.not-active', `The course is ${status}: nothing more can be planned or done in it.`, {
      fields: [
        {
          field: 'course',
          message: 'It has ended.',
          rule: 'course.not-active',
          facts: [],
          seen: status,
          accepted,
        },
      ],
      data: { status },
    });
  }
}

export class EntryUnknown extends NotFound {
  constructor(eventId: string) {
    super('entry.unknown', `The course has no entry ${eventId}.`, {
      fields: [
        {
          field: 'entry',
          message: 'Name an entry of its history by the id of its event.',
          seen: eventId,
          accepted: 'id of an entry of the course',
        },
      ],
    });
  }
}

export class CorrectionRefused extends Refused {
  constructor(field: ErrorField) {
    super('course.correction-refused', `The entry cannot be changed: ${field.message}`, { fields: [field] });
  }
}

/** Somebody who is no physician is said to have ordered a session. */
export class NotOrdered extends CorrectionRefused {
  constructor(field: string, role: string) {
    super({
      field,
      message: 'A nurse treats on the order of a named physician.',
      rule: 'session.order',
      facts: [],
      seen: role,
      accepted: 'a physician',
    });
  }
}

export class HoldRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('session.hold-refused', fields.map(({ message }) => message).join(' '), { fields });
  }
}

export class ReviewRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('session.review-refused', fields.map(({ message }) => message).join(' '), { fields });
  }
}

export class LapseRefused extends Refused {
  constructor(field: ErrorField) {
    super('course.lapse-refused', `The course cannot be called lapsed: ${field.message}`, { fields: [field] });
  }
}

/** Something that is entered late did not happen at the time that is said. */
export class LateEntryRefused extends Refused {
  constructor(field: CourseRefusal) {
    super('course.late-entry-refused', `It cannot have happened then: ${field.message}`, { fields: [field] });
  }
}

export class FollowUpRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('follow-up.refused', `The follow-up cannot be recorded: ${fields.map(({ message }) => message).join(' ')}`, {
      fields,
    });
  }
}

export class SessionUnknown extends NotFound {
  constructor(sessionId: string) {
    super('session.unknown', `The course has no session ${sessionId}.`, {
      fields: [
        {
          field: 'session',
          message: 'Name a session of this course by its id.',
          seen: sessionId,
          accepted: 'id of a session of the course',
        },
      ],
    });
  }
}

export class SessionNotBooked extends Refused {
  constructor(status: string) {
    super('session.not-booked', `The session is ${status}, not booked.`, {
      fields: [
        {
          field: 'session',
          message: 'It is not booked.',
          rule: 'session.not-booked',
          facts: [],
          seen: status,
          accepted: 'booked',
        },
      ],
      data: { status },
    });
  }
}

export class SessionRefused extends Refused {
  /** All that stands against it, so that it can be mended in one go. */
  constructor(fields: readonly ErrorField[], data: Record<string, unknown>) {
    super('session.refused', `The session cannot be recorded: ${fields.map((field) => field.message).join(' ')}`, {
      fields,
      data,
    });
  }
}

export class PlanRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('course.plan-refused', `The course cannot be planned: ${fields.map((field) => field.message).join(' ')}`, {
      fields,
    });
  }
}

export class BookingRefused extends Refused {
  /** All that stands against it. */
  constructor(fields: readonly ErrorField[]) {
    super(
      'session.booking-refused',
      `The session cannot be booked: ${fields.map(({ message }) => message).join(' ')}`,
      {
        fields,
      },
    );
  }
}

export class CompletionRefused extends Refused {
  constructor(performed: number, planned: number, booked: number) {
    const open = booked > 0 ? ` ${booked} are booked: cancel or perform them.` : '';
    super(
      'course.not-complete',
      `${performed} of ${planned} sessions were performed.${open} A course that ends before is stopped, with its reason.`,
      {
        fields: [
          {
            field: 'course',
            message: 'Perform the planned sessions, or stop the course with a reason.',
            rule: 'course.complete',
            facts: [],
            seen: `${performed} of ${planned} performed, ${booked} booked`,
            accepted: `${planned} performed, none booked`,
          },
        ],
        data: { performed, planned, booked },
      },
    );
  }
}

export class WallTimeSkipped extends Invalid {
  constructor(wall: string, zone: string) {
    super('time.skipped', `${wall} did not exist in ${zone}: the clocks were set forward over it.`, {
      fields: [{ field: 'at', message: 'Give a wall time that existed at the site.' }],
    });
  }
}
