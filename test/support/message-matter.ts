import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import type { MessageKind } from '../../libs/messaging/src/message/message.events.js';
import type { MessageMatter } from '../../libs/messaging/src/templates/message-content.js';
import { CourseCompleted, MaintenanceProposed } from '../../libs/treatment/src/course/course.events.js';
import { COURSE, courseOf, PATIENT, planContext, SITE, timelineOf } from './messaging-timeline.js';
import { zoned } from './treatment-history.js';

/** The session that `messageMatter` is about where the kind of message is about one. */
export const MATTER_SESSION = '0199a000-0000-7000-8000-00000000000e';

const at = occurredNow('2026-05-01T00:00:00.000Z');

/** What a message of a kind is written from: a session on 20 May 2026 at 14:00, or one performed on 12 May. */
export function messageMatter(kind: MessageKind, changes: Partial<MessageMatter> = {}): MessageMatter {
  const after = ['aftercare', 'all-clear', 'check-in'].includes(kind);
  const course = courseOf();
  if (after) course.performed('2026-05-12T14:00', { id: MATTER_SESSION, minutes: 45 });
  else course.booked('2026-05-20T14:00', { id: MATTER_SESSION });
  course.push(
    CourseCompleted(at, { courseId: COURSE, patientId: PATIENT }),
    MaintenanceProposed(at, {
      courseId: COURSE,
      patientId: PATIENT,
      ordinal: 1,
      opens: '2026-08-12',
      closes: '2026-11-12',
    }),
  );
  const cause = kind.startsWith('maintenance')
    ? ({ kind: 'maintenance-window', ordinal: 1 } as const)
    : ({ kind: 'session', sessionId: MATTER_SESSION } as const);
  const precaution = kind.endsWith('notice') ? 'aspirin-or-nsaid' : undefined;
  const ids = { messageId: newId(), courseId: COURSE, patientId: PATIENT, siteId: SITE };
  const due = zoned('2026-05-12T14:45');
  const expiresAt = kind === 'session-called-off' ? zoned('2026-05-20T14:00').instant : due.instant;
  return {
    planned: { ...ids, kind, cause, generation: 0, precaution, due, expiresAt, facts: [] },
    course: timelineOf([course.events, { at: '2026-05-01T00:00:00.000Z' }]).course,
    protocol: planContext().protocol,
    givenName: 'İpek',
    siteName: 'Nişantaşı',
    placeName: 'Kadıköy',
    now: due.instant,
    ...(kind === 'maintenance-proposal' && {
      proposal: { slot: zoned('2026-09-02T10:30'), heldUntil: zoned('2026-08-20T18:00') },
    }),
    ...(kind === 'session-moved' && { moved: { from: zoned('2026-05-19T09:00') } }),
    ...changes,
  };
}
