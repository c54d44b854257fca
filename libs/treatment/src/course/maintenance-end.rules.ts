import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { rhythmHasEnded } from '#libs/protocols/src/maintenance.rule.js';
import type { Refusal } from '../refusal.js';

/** What has ended the maintenance of a course, so that none is booked and no window is set any more. */

/** What ends the maintenance of a person, over all their registrations. */
export interface PersonEnd {
  readonly diedOn: LocalDate | null;
  readonly movedAwayOn: LocalDate | null;
  readonly isErased: boolean;
}

export interface MaintenanceEnd {
  readonly person: PersonEnd;
  /** When a later course of the patient under the same protocol began, at its site; null where there is none. */
  readonly laterCourseBegan: LocalDate | null;
  /** Whether the patient has declined in another course, so that it holds here (`endedByDecline`). */
  readonly declinedElsewhere: boolean;
}

/** Of a course that is looked at alone. */
const NOT_ENDED_OTHERWISE: MaintenanceEnd = {
  person: { diedOn: null, movedAwayOn: null, isErased: false },
  laterCourseBegan: null,
  declinedElsewhere: false,
};

export type MaintenanceEndRule = 'maintenance.declined' | 'maintenance.later-course' | 'maintenance.patient-gone';
type EndRefusal = Refusal<MaintenanceEndRule>;

/**
 * What has ended the maintenance of a course by a day: a decline, a later course (S1-M2), or the end of the person.
 * @param on the day at the site for which maintenance is wanted
 */
export const maintenanceEnded = (
  course: { readonly maintenanceDeclined: boolean },
  end: MaintenanceEnd = NOT_ENDED_OTHERWISE,
  on: LocalDate,
): EndRefusal[] => [
  ...declined(course.maintenanceDeclined || end.declinedElsewhere),
  ...laterCourse(end.laterCourseBegan, on),
  ...personLeft(end.person, on),
];

function laterCourse(began: LocalDate | null, on: LocalDate): EndRefusal[] {
  if (began === null || !rhythmHasEnded(began, on)) return [];
  return [
    {
      field: 'course',
      message: 'A later course of the patient under the same protocol has begun: maintenance follows that one.',
      rule: 'maintenance.later-course',
      facts: ['S1-M2'],
      seen: began,
      accepted: 'the latest course of the patient under the protocol',
    },
  ];
}

function declined(isDeclined: boolean): EndRefusal[] {
  if (!isDeclined) return [];
  return [
    {
      field: 'course',
      message: 'The patient has declined maintenance; resume it first, if they want it again.',
      rule: 'maintenance.declined',
      facts: [],
      seen: 'declined',
      accepted: 'after maintenance was resumed',
    },
  ];
}

/** Whether the person has died, moved away or been erased by a day. */
export function personLeft({ diedOn, movedAwayOn, isErased }: PersonEnd, on: LocalDate): EndRefusal[] {
  const gone = (message: string, seen: string): EndRefusal[] => [
    {
      field: 'course',
      message,
      rule: 'maintenance.patient-gone',
      facts: [],
      seen,
      accepted: 'a living patient who has not moved away',
    },
  ];
  if (isErased) return gone('The patient’s data was erased.', 'erased');
  if (diedOn !== null && diedOn <= on) return gone('The patient has died.', 'died');
  if (movedAwayOn !== null && movedAwayOn <= on) return gone('The patient has moved away.', 'moved away');
  return [];
}
