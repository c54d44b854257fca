import type { CommandMeta, CommandRunner, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { WallTime, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import type { performSessionSchema } from './course.commands.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import { CourseUnknown } from './course.errors.js';
import { courseStream } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';

/** What the services of a course have in common: a command is prepared by what was read, decided, and recorded. */

/** What a command is decided by. */
export type Prepare = (state: PlannedCourse, reads: Reads) => Promise<CourseCommand>;
/** What else is recorded, beside the events that were decided. */
export type Also = (
  state: PlannedCourse,
  reads: Reads,
  events: ReturnType<typeof decideCourse>,
) => Promise<readonly StreamEvents[]>;

/** What it takes to run a command on a course. */
export interface CourseRunning {
  readonly runner: CommandRunner;
  readonly references: References;
}

/**
 * Runs a command on a course.
 * @param course id or code
 * @param also what else is recorded where the command makes anything happen, in the same append
 * @throws CourseUnknown, and whatever the decider refuses
 */
export async function runOnCourse(
  { runner, references }: CourseRunning,
  meta: CommandMeta,
  course: string,
  prepare: Prepare,
  also?: Also,
): Promise<CommandAnswer> {
  const courseId = await references.resolve(meta.chain, 'course', course);
  const stream = courseStream(courseId);
  const result = await runner.run(meta, async (reads) => {
    const { state } = await reads.load(stream, courseFold);
    if (state.status === 'none') throw new CourseUnknown(course);
    const events = decideCourse(await prepare(state, reads), state, reads.now);
    const more = also && events.length > 0 ? await also(state, reads, events) : [];
    return [{ stream, events }, ...more.filter(({ events: others }) => others.length > 0)];
  });
  return { id: courseId, ...result };
}

/** The id of a practitioner who is named by id or code. */
export const practitionerNamed = (references: References, { chain }: CommandMeta, named: string): Promise<Id> =>
  references.resolve(chain, 'practitioner', named);

/**
 * The steps of a session with who did each of them.
 * @param practitionerId who did those of which nobody says it
 * @throws whatever is refused of a practitioner who is not on record
 */
export async function stepsDone(
  references: References,
  meta: CommandMeta,
  reads: Reads,
  steps: z.infer<typeof performSessionSchema>['steps'],
  practitionerId: Id,
  timeAt: (wall: WallTime) => ZonedTime,
) {
  if (steps === undefined) return undefined;
  return Promise.all(
    steps.map(async ({ code, practitioner, at }, n) => {
      const id = practitioner === undefined ? practitionerId : await practitionerNamed(references, meta, practitioner);
      await requirePractitioner(reads, id, `steps.${n}.practitioner`);
      return { code, practitionerId: id, ...(at === undefined ? {} : { at: timeAt(at) }) };
    }),
  );
}
