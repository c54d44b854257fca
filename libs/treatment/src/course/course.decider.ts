import { assertNever } from '#libs/kernel/src/assert-never.js';
import { daysBetween } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { dateOfWall, type Instant, type LocalDate, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import type { holdFollowUpSchema, judgeReactionSchema } from './course.commands.js';
import {
  type CorrectCourseEntry,
  correctEntry,
  retractEntry,
  type RetractCourseEntry,
} from './course-correction.decider.js';
import {
  changePlan,
  type ChangeCoursePlan,
  planCourse,
  type PlanCourse,
  renewConsultation,
  type RenewConsultation,
} from './course-plan.decider.js';
import { BookingRefused, CompletionRefused, CourseUnknown, FollowUpRefused, LapseRefused } from './course.errors.js';
import {
  CourseCompleted,
  CourseLapsed,
  CourseStopped,
  type CourseStreamEvent,
  FollowUpHeld,
  LastingReactionJudged,
  MaintenanceDeclined,
  SessionCancelled,
  SessionMissed,
} from './course.events.js';
import { bookedSessions, type CourseState, performedSessions, type PlannedCourse } from './course.state.js';
import { type Follows, lastSession, occurredThen } from './course-late.rules.js';
import { lastingReactions } from './lasting-reaction.rules.js';
import {
  active,
  bookSession,
  type BookSession,
  given,
  performSession,
  type PerformSession,
  planSessionProducts,
  type PlanSessionProducts,
  rescheduleSession,
  type RescheduleSession,
  reviewSession,
  type ReviewSession,
} from './session.decider.js';
import { decideSessionHold, type DecideSessionHold, holdSession, type HoldSession } from './session-hold.decider.js';
import { bookedSession } from './booked-session.js';

interface HoldFollowUp {
  readonly type: 'HoldFollowUp';
  readonly followUpId: string;
  readonly siteId: string;
  readonly practitionerId: string | undefined;
  readonly at: ZonedTime;
  readonly data: z.infer<typeof holdFollowUpSchema>;
}

interface JudgeReaction {
  readonly type: 'JudgeReaction';
  readonly followUpId: string;
  readonly practitionerId: string;
  readonly protocol: Protocol;
  readonly data: z.infer<typeof judgeReactionSchema>;
}

interface LapseCourse {
  readonly type: 'LapseCourse';
  readonly practitionerId: string;
  readonly protocol: Protocol;
  /** The date at the course's site on which it is decided. */
  readonly today: LocalDate;
  readonly at?: ZonedTime | undefined;
  readonly reason: string;
}

/** When something happened that is entered late; now where it is left out. */
interface Late {
  readonly at?: ZonedTime | undefined;
}

/** When the session was booked as it stands, where it is asked for: nothing became of it before. */
interface OfBooking extends Late {
  readonly sessionId: string;
  readonly bookedAt?: Instant | undefined;
}

/** A command on a course with its references resolved, and what it is judged by. */
export type CourseCommand =
  | PlanCourse
  | ChangeCoursePlan
  | RenewConsultation
  | BookSession
  | RescheduleSession
  | PlanSessionProducts
  | HoldSession
  | DecideSessionHold
  | ({ readonly type: 'MissSession' } & OfBooking)
  | ({ readonly type: 'CancelSession'; readonly reason: string } & OfBooking)
  | PerformSession
  | ReviewSession
  | HoldFollowUp
  | JudgeReaction
  | ({ readonly type: 'CompleteCourse' } & Late)
  | ({ readonly type: 'StopCourse'; readonly reason: string } & Late)
  | LapseCourse
  | ({ readonly type: 'DeclineMaintenance'; readonly resumedAt?: Instant | undefined } & Late)
  | CorrectCourseEntry
  | RetractCourseEntry;

/**
 * Decides what a command makes happen.
 * @param now the chain's present time
 * @throws the errors of course.errors.ts; then nothing has happened
 */
export function decideCourse(command: CourseCommand, state: CourseState, now: Instant): CourseStreamEvent[] {
  if (command.type === 'PlanCourse') return planCourse(command, state, now);
  if (state.status === 'none') throw new CourseUnknown('courseId' in command ? String(command.courseId) : 'of this id');
  switch (command.type) {
    case 'ChangeCoursePlan':
      return changePlan(command, state, now);
    case 'RenewConsultation':
      return renewConsultation(command, state, now);
    case 'BookSession':
      return bookSession(command, state, now);
    case 'RescheduleSession':
      return rescheduleSession(command, state, now);
    case 'PlanSessionProducts':
      return planSessionProducts(command, state, now);
    case 'HoldSession':
      return holdSession(command, state, now);
    case 'DecideSessionHold':
      return decideSessionHold(command, state, now);
    case 'MissSession':
      return missSession(command, state, now);
    case 'CancelSession': {
      const { sessionId, reason, at } = command;
      bookedSession(state, sessionId);
      const occurred = occurredThen(at, state, now, booking(command));
      return [SessionCancelled(occurred, { ...idsOf(state), sessionId, reason })];
    }
    case 'PerformSession':
      return performSession(command, state, now);
    case 'ReviewSession':
      return reviewSession(command, state, now);
    case 'HoldFollowUp':
      return holdFollowUp(command, state, now);
    case 'JudgeReaction':
      return judgeReaction(command, state, now);
    case 'CompleteCourse':
      return completeCourse(command, state, now);
    case 'StopCourse':
      active(state);
      return [
        CourseStopped(occurredThen(command.at, state, now, lastSession(state)), {
          ...idsOf(state),
          reason: command.reason,
        }),
      ];
    case 'LapseCourse':
      return lapseCourse(command, state, now);
    case 'DeclineMaintenance':
      return state.maintenanceDeclined
        ? []
        : [MaintenanceDeclined(occurredThen(command.at, state, now, resumption(command.resumedAt)), idsOf(state))];
    case 'CorrectCourseEntry':
      return correctEntry(command, state, now);
    case 'RetractCourseEntry':
      return retractEntry(command, state, now);
    default:
      return assertNever(command, 'course command');
  }
}

const idsOf = ({ courseId, patientId }: PlannedCourse) => ({ courseId, patientId });

/** Whoever wanted maintenance again had declined it before, not after. */
const resumption = (resumedAt: Instant | undefined): Follows | undefined =>
  resumedAt === undefined
    ? undefined
    : { instant: resumedAt, shown: resumedAt, message: 'Maintenance was resumed after that.' };

/** Nothing became of a session before it was booked as it stands. */
const booking = ({ bookedAt }: OfBooking): Follows | undefined =>
  bookedAt === undefined
    ? undefined
    : { instant: bookedAt, shown: bookedAt, message: 'The session was booked as it stands after that.' };

function missSession(command: OfBooking, state: PlannedCourse, now: Instant): CourseStreamEvent[] {
  const { sessionId, at } = command;
  const { bookedFor } = bookedSession(state, sessionId);
  if (bookedFor && bookedFor.instant > (at?.instant ?? now)) {
    throw new BookingRefused([
      {
        field: 'at',
        message: 'It is still to come; cancel it instead.',
        rule: 'session.missed',
        facts: [],
        seen: bookedFor.wall,
        accepted: 'a session whose time has come',
      },
    ]);
  }
  return [SessionMissed(occurredThen(at, state, now, booking(command)), { ...idsOf(state), sessionId })];
}

function holdFollowUp(command: HoldFollowUp, state: PlannedCourse, now: Instant): CourseStreamEvent[] {
  const { followUpId, siteId, practitionerId, at, data } = command;
  if (at.instant > now) {
    throw new FollowUpRefused([
      {
        field: 'at',
        message: `${at.wall} is still to come.`,
        rule: 'follow-up.in-future',
        facts: [],
        seen: at.wall,
        accepted: 'a time that has come',
      },
    ]);
  }
  if (at.instant < state.plannedAt) {
    throw new FollowUpRefused([
      {
        field: 'at',
        message: `${at.wall} was before the course was planned.`,
        rule: 'follow-up.after-plan',
        facts: ['S3-F1'],
        seen: at.wall,
        accepted: `${state.plannedAt} or later`,
      },
    ]);
  }
  const { kind, reactions, adverseEvent, outcomeScore, notes, resolvedReactions, pictures } = data;
  const found = { adverseEvent, outcomeScore, notes, practitionerId, resolvedReactions, pictures };
  return [FollowUpHeld(occurredAt(at), { ...idsOf(state), followUpId, siteId, kind, at, reactions, ...given(found) })];
}

/** A human judges a reaction that lasted longer than the protocol expects (S4-R1, S2-R1); once. */
function judgeReaction(command: JudgeReaction, state: PlannedCourse, now: Instant): CourseStreamEvent[] {
  const { followUpId, practitionerId, protocol, data } = command;
  const { reaction, judgement, note } = data;
  const followUp = state.followUps.find((each) => each.followUpId === followUpId);
  if (followUp?.judged?.includes(reaction)) return [];
  const lasting = lastingReactions(state, protocol).some(
    (each) => each.followUpId === followUpId && each.reaction === reaction,
  );
  if (!lasting) {
    throw new FollowUpRefused([
      {
        field: 'reaction',
        message: 'The follow-up found no such reaction that lasts longer than the protocol expects.',
        rule: 'follow-up.lasting-reaction',
        facts: ['S4-R1', 'S2-R1'],
        seen: reaction,
        accepted: 'a reaction that is listed as lasting',
      },
    ]);
  }
  return [
    LastingReactionJudged(occurredNow(now), {
      ...idsOf(state),
      followUpId,
      reaction,
      practitionerId,
      judgement,
      note,
    }),
  ];
}

/** Completed means that all sessions took place; anything else is a stop with its reason. */
function completeCourse({ at }: Late, state: PlannedCourse, now: Instant): CourseStreamEvent[] {
  active(state);
  const performed = performedSessions(state, 'course').length;
  const booked = bookedSessions(state).filter(({ kind }) => kind === 'course').length;
  if (performed >= state.plannedSessions && booked === 0) {
    return [CourseCompleted(occurredThen(at, state, now, lastSession(state)), idsOf(state))];
  }
  throw new CompletionRefused(performed, state.plannedSessions, booked);
}

/** The engine flags a course without a session for longer than the protocol allows; a person decides that it lapsed. */
function lapseCourse(command: LapseCourse, state: PlannedCourse, now: Instant): CourseStreamEvent[] {
  active(state);
  const { protocol, today, practitionerId, reason, at } = command;
  const last = performedSessions(state, 'course').at(-1);
  const since = last ? dateOfWall(last.at.wall) : undefined;
  const { afterDays, facts } = protocol.lapse;
  if (since === undefined || daysBetween(since, today) <= afterDays) {
    throw new LapseRefused({
      field: 'course',
      message: since ? `The last session was on ${since}.` : 'No session was performed yet: stop the course instead.',
      rule: 'course.lapsed',
      facts,
      seen: since ?? null,
      accepted: `no session for more than ${afterDays} days`,
    });
  }
  const [booked] = bookedSessions(state).filter(({ kind }) => kind === 'course');
  if (booked) {
    throw new LapseRefused({
      field: 'course',
      message: 'A session of the course is booked: cancel it first, or treat the patient.',
      rule: 'course.session-open',
      facts: [],
      seen: booked.bookedFor?.wall ?? null,
      accepted: 'a course without a session that is booked',
    });
  }
  const occurred = occurredThen(at, state, now, lastSession(state));
  return [CourseLapsed(occurred, { ...idsOf(state), practitionerId, reason })];
}
