import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { type Attempt, CourseLife, lives, type Sent } from '#test/support/course-life.js';
import {
  type Before,
  isEnd,
  performed,
  standing,
  statusOf,
  tooCloseToFormer,
  wrongsOfCorrection,
  wrongsOfCourse,
  wrongsOfEnd,
  wrongsOfPlan,
  wrongsOfSession,
} from '#test/support/course-life.oracle.js';
import { type Entry, equippedClinic, type EquippedClinic } from '#test/support/memory-clinic.js';
import type { CourseEvent } from './course.events.js';
import { type CourseWorld, judgeCourse } from './course-progress/course-progress.rules.js';
import { courseFold, type CourseState, performedSessions, type PlannedCourse } from './course.state.js';

/**
 * Random lives of courses, led through the services of a clinic: sessions are entered late, corrected and taken back,
 * plans change, and the world around them changes as well. Whatever is accepted is compared with the sentences of the
 * domain by an oracle that reads nothing but the events.
 */
let at: EquippedClinic;
beforeAll(async () => {
  at = await equippedClinic();
});

/**
 * Some 25 attempts each, in less than ten seconds of CPU. Each rule of a session that was left out for trial was found
 * within 61 lives; what needs two courses and a correction between them, in every other run.
 */
const LIVES = 200;
/** A comparison that finds nothing is a hundred times cheaper than an `expect`, and there are some 20,000 of them. */
const same = (found: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected);
};
const typesOf = (events: readonly Entry[]): string[] => events.map(({ type }) => type);

/** How often each type of event came about. */
const happened = new Map<string, number>();

function before({ clinic }: CourseLife): Before {
  return {
    courses: clinic.eventsOf('course'),
    patient: clinic.eventsOf('patient'),
    consultation: clinic.eventsOf('consultation'),
    lots: clinic.eventsOf('lot'),
    recalls: clinic.eventsOf('recall'),
    practitioners: clinic.eventsOf('practitioner'),
  };
}

/** @returns undefined where the command was refused */
const answerTo = (send: Sent['send'], meta: CommandMeta): Promise<CommandAnswer | undefined> =>
  send(meta).catch((error: unknown) => {
    if (error instanceof PistorError) return undefined;
    throw error;
  });

/** Sends a command, checks what became of it, and sends it again. */
async function tryTo(life: CourseLife, what: Attempt['what'], { send, makesNew }: Sent): Promise<void> {
  const { clinic } = life;
  const known = before(life);
  const length = clinic.log.length;
  const meta = clinic.meta();
  const answer = await answerTo(send, meta);
  const made = clinic.log.slice(length);
  if (!answer) return same([what, ...typesOf(made)], [what]);
  for (const event of made) {
    happened.set(event.type, (happened.get(event.type) ?? 0) + 1);
    if (event.type === 'SessionPerformed') same(wrongsOfSession(event, known), []);
    if (isEnd(event.type)) same(wrongsOfEnd(event, known), []);
    if (event.type === 'SessionPerformedCorrected') same(wrongsOfCorrection(event, known, before(life)), []);
    if (event.type.startsWith('CoursePlan') && event.type.endsWith('Corrected')) same(wrongsOfPlan(event, known), []);
  }
  const after = clinic.log.length;
  // Under its own id it gives what it gave then.
  const repeated = await answerTo(send, meta);
  if (made.length > 0) same(repeated, { ...answer, repeated: true });
  same([what, ...typesOf(clinic.log.slice(after))], [what]);
  if (makesNew) return;
  // Under another id it is refused, or finds that it is so already.
  await answerTo(send, clinic.meta());
  same([what, ...typesOf(clinic.log.slice(after))], [what]);
}

/** Nothing but the course's own events judges it here: what is missing beside them is of no matter to its intervals. */
const ALONE: CourseWorld = {
  protocol: facial,
  consents: [],
  credentialsOf: () => [],
  lotAt: () => undefined,
  ingredientsOf: () => [],
  roleOf: () => undefined,
  isRecalledOn: () => false,
  isOverdrawn: () => false,
  healthAt: () => undefined,
};

/** A course but for when its sessions were said anew. */
const uncorrected = (state: CourseState): CourseState =>
  state.status === 'none'
    ? state
    : {
        ...state,
        sessions: state.sessions.map((session) =>
          session.status === 'performed' ? { ...session, correctedAt: undefined } : session,
        ),
      };

const idsOf = (sessions: readonly { readonly sessionId: string }[]): string[] =>
  sessions.map(({ sessionId }) => sessionId);

/** The course as commands see it, against the bare entries that stand. */
async function checkCourse({ clinic, course }: CourseLife): Promise<void> {
  const stream = `course-${course}`;
  const events = clinic.events(stream);
  same(wrongsOfCourse(events), []);
  const { state } = await clinic.runner.read(clinic.chain, stream, courseFold);
  const entries = standing(events);
  // As if the mistakes had never been made.
  const right = (entries as unknown as RecordedEvent<CourseEvent>[]).reduce(courseFold.evolve, courseFold.initial);
  same(uncorrected(state), right);
  const shown = state as PlannedCourse;
  same(shown.status, statusOf(entries));
  for (const kind of ['course', 'maintenance'] as const) {
    const counted = performedSessions(shown, kind).map(({ sessionId }) => sessionId);
    same(
      counted,
      performed(entries, kind).map(({ data }) => data.sessionId),
    );
  }
  const { sessionDeviations } = judgeCourse(shown, ALONE);
  const tooClose = tooCloseToFormer(events);
  // One that was too close to a session of another course has a reason.
  const short = performedSessions(shown, 'course').filter(
    ({ sessionId, overridden }) => tooClose.includes(sessionId) || overridden.includes('interval-short'),
  );
  const found = performedSessions(shown, 'course').filter(({ sessionId }) =>
    sessionDeviations[sessionId]?.includes('interval-short'),
  );
  same(idsOf(found), idsOf(short));
}

async function lead(attempts: readonly Attempt[]): Promise<void> {
  const life = new CourseLife(at);
  await tryTo(life, 'plan-course', life.plan());
  for (const attempt of attempts) {
    for (const command of life.commandsOf(attempt)) {
      const sent = command();
      if (sent) await tryTo(life, attempt.what, sent);
      await checkCourse(life);
    }
  }
}

it('never leads a course into a state that the domain forbids, and makes nothing of a command that is repeated', async () => {
  await fc.assert(fc.asyncProperty(lives, lead), { numRuns: LIVES });
  // The property is no use where everything is refused.
  expect(MUST_HAPPEN.filter((type) => !happened.has(type))).toEqual([]);
});

const MUST_HAPPEN = [
  'CoursePlanChanged',
  'CoursePlannedCorrected',
  'SessionBooked',
  'SessionRescheduled',
  'SessionCancelled',
  'SessionHeld',
  'SessionHoldDecided',
  'SessionMissed',
  'SessionPerformed',
  'SessionPerformedCorrected',
  'CourseEntryRetracted',
  'FollowUpHeld',
  'FollowUpHeldCorrected',
  'CourseCompleted',
  'CourseStopped',
  'CourseLapsed',
  'HealthFactRecorded',
  'ConsentWithdrawn',
  'CredentialRevoked',
  'LotRecalled',
  'AdverseEventReported',
  'AdverseEventClosed',
] as const;
