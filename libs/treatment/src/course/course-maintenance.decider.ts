import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  type MaintenanceWindow,
  type ScheduleFinding,
  scheduleFindings,
} from '#libs/protocols/src/maintenance.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { isTreatingPhysician, type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import { type CourseEvent, MaintenanceResumed, MaintenanceScheduled } from './course.events.js';
import { lastSessionDate } from './course-maintenance.js';
import { type MaintenanceEnd, maintenanceEnded, type PersonEnd, personLeft } from './maintenance-end.rules.js';
import { MaintenanceRefused } from './course-maintenance.errors.js';
import { performedSessions, type PlannedCourse } from './course.state.js';

/** A command on the maintenance of a course, with its references resolved. */
export type MaintenanceCommand =
  | (MaintenanceEnd & {
      readonly type: 'ScheduleMaintenance';
      readonly physicianId: string;
      readonly physician: PractitionerState;
      readonly opens: LocalDate;
      readonly closes: LocalDate;
    })
  | { readonly type: 'ResumeMaintenance'; readonly person: PersonEnd };

/**
 * Decides what a command on the maintenance of a course makes happen. Setting the window that stands already, and
 * resuming what was never declined, adds nothing.
 * @param protocol in the version that the course was planned with
 * @param today the date at the course's site
 * @throws MaintenanceRefused with everything that stands against it
 */
export function decideMaintenance(
  command: MaintenanceCommand,
  state: PlannedCourse,
  protocol: Protocol,
  today: LocalDate,
  now: Instant,
): CourseEvent[] {
  const { courseId, patientId, scheduled } = state;
  const at = occurredNow(now);
  switch (command.type) {
    case 'ScheduleMaintenance': {
      const { physicianId, opens, closes } = command;
      if (scheduled?.opens === opens && scheduled.closes === closes) return [];
      requireNothing([
        ...bySomebodyElse(command.physician, protocol, today),
        ...beforeTheEnd(state),
        ...maintenanceEnded(state, command, today),
        ...window(state, protocol, command, today),
      ]);
      return [MaintenanceScheduled(at, { courseId, patientId, physicianId, opens, closes })];
    }
    case 'ResumeMaintenance':
      if (!state.maintenanceDeclined) return [];
      requireNothing(personLeft(command.person, today));
      return [MaintenanceResumed(at, { courseId, patientId })];
    default:
      return assertNever(command, 'maintenance command');
  }
}

function requireNothing(fields: readonly ErrorField[]): void {
  if (fields.length > 0) throw new MaintenanceRefused(fields);
}

/** Who may carry out the procedure on that day, and nobody else, says when it is done again (S2-Q1). */
function bySomebodyElse(physician: PractitionerState, protocol: Protocol, today: LocalDate): ErrorField[] {
  if (isTreatingPhysician(physician, protocol, today)) return [];
  return [
    {
      field: 'physician',
      message: 'Only a physician who may carry out the procedure sets the window of the next maintenance session.',
      rule: 'maintenance.physician-sets',
      facts: ['S4-N1', 'S4-E1', 'S2-Q1'],
      seen: seenAsPhysician(physician, today),
      accepted: `a physician with a credential for ${protocol.code} that is valid on ${today}`,
    },
  ];
}

function beforeTheEnd(state: PlannedCourse): ErrorField[] {
  const { status } = state;
  const hasSession = performedSessions(state, 'course').length > 0;
  if (status === 'completed' && hasSession) return [];
  return [
    {
      field: 'course',
      message:
        status === 'completed'
          ? 'No session of the course took place: there is nothing to maintain.'
          : `The course is ${status}; maintenance follows a course that was completed.`,
      rule: 'maintenance.after-course',
      facts: ['S1-M2', 'S2-M1'],
      seen: status === 'completed' ? 'no session' : status,
      accepted: 'a completed course with a performed session',
    },
  ];
}

function window(
  state: PlannedCourse,
  protocol: Protocol,
  { opens, closes }: MaintenanceWindow,
  today: LocalDate,
): ErrorField[] {
  const lastSession = lastSessionDate(state);
  // A course without any session has nothing to maintain; that it is not completed is said already.
  if (lastSession === undefined) return [];
  const seen = { opens, closes };
  return scheduleFindings(protocol, lastSession, seen, today).map((finding) => windowField(finding, protocol, seen));
}

function windowField(finding: ScheduleFinding, protocol: Protocol, { opens, closes }: MaintenanceWindow): ErrorField {
  const { facts } = protocol.maintenance;
  switch (finding.kind) {
    case 'by-rhythm':
      return {
        field: '',
        message: 'The protocol has a rhythm: the window follows from the sessions.',
        rule: 'maintenance.rhythm-sets',
        facts,
        seen: 'rhythm',
        accepted: 'a protocol that leaves the date to the physician',
      };
    case 'closes-before-it-opens':
      return order('closes', 'It closes before it opens.', closes, `${opens} or later`);
    case 'past':
      return order('closes', 'It is over already.', closes, `${finding.today} or later`);
    case 'before-last-session':
      return order(
        'opens',
        'It opens no later than the last session took place.',
        opens,
        `later than ${finding.lastSession}`,
      );
    case 'too-late':
      return {
        field: 'closes',
        message: `Under this protocol maintenance takes place by ${finding.latest} at the latest.`,
        rule: 'maintenance.latest',
        facts,
        seen: closes,
        accepted: `${finding.latest} or earlier`,
      };
    default:
      return assertNever(finding, 'finding about a window');
  }
}

const order = (field: 'opens' | 'closes', message: string, seen: LocalDate, accepted: string): ErrorField => ({
  field,
  message,
  rule: 'maintenance.window-order',
  facts: [],
  seen,
  accepted,
});
