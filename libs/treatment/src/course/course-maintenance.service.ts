import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { endOfPerson, loadPerson, type Person } from '../patient/person.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import { requireProtocol } from '../protocol/protocol.service.js';
import { requireSite } from '../site/site.service.js';
import { CourseUnknown } from './course.errors.js';
import { courseStream } from './course.events.js';
import { endedByDecline, laterCourseBegan, standingDecline } from './course-maintenance.js';
import { coursesOf } from './session-standing.js';
import type { scheduleMaintenanceSchema } from './course-maintenance.commands.js';
import { decideMaintenance, type MaintenanceCommand } from './course-maintenance.decider.js';
import { courseFold, type PlannedCourse } from './course.state.js';
import type { MaintenanceEnd, PersonEnd } from './maintenance-end.rules.js';

/** Gathers what a command on the maintenance of a course is judged by. Whatever is read here is guarded. */
@Injectable()
export class CourseMaintenanceService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /**
   * Sets the window of the next maintenance session, where the protocol leaves it to the physician (S4-E1).
   * @throws MaintenanceRefused; NotFound `course.unknown`, `practitioner.unknown`
   */
  async schedule(
    meta: CommandMeta,
    course: string,
    { physician, opens, closes }: z.infer<typeof scheduleMaintenanceSchema>,
  ): Promise<CommandAnswer> {
    const physicianId = await this.references.resolve(meta.chain, 'practitioner', physician);
    return this.decide(meta, course, async ({ state, person, decide }, reads) => {
      const [practitioner, end] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        maintenanceEndOf(reads, state, person),
      ]);
      return decide({
        type: 'ScheduleMaintenance',
        physicianId,
        physician: practitioner,
        ...end,
        opens,
        closes,
      });
    });
  }

  /**
   * The patient wants maintenance again: of this course, and of every course whose decline holds for this one.
   * @throws MaintenanceRefused; NotFound `course.unknown`
   */
  resume(meta: CommandMeta, course: string): Promise<CommandAnswer> {
    return this.decide(meta, course, async ({ state, person, decide }, reads) => {
      const declined = await declinesOver(reads, state, await coursesOf(reads, person));
      const command = { type: 'ResumeMaintenance', person: personEnd(person) } as const;
      return [decide(command), ...declined.map((other) => decide(command, other))].flat();
    });
  }

  private async decide(
    meta: CommandMeta,
    course: string,
    prepare: (about: AboutMaintenance, reads: Reads) => Promise<StreamEvents[]>,
  ): Promise<CommandAnswer> {
    const courseId = await this.references.resolve(meta.chain, 'course', course);
    const stream = courseStream(courseId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, courseFold);
      if (state.status === 'none') throw new CourseUnknown(course);
      const [person, { timeZone }, protocol] = await Promise.all([
        loadPerson(reads, state.patientId, 'course'),
        requireSite(reads, state.siteId),
        requireProtocol(reads, state.protocol.code, 'protocol', state.protocol.version),
      ]);
      const today = localDateAt(reads.now, timeZone);
      const decide = (command: MaintenanceCommand, about: PlannedCourse = state): StreamEvents[] => [
        { stream: courseStream(about.courseId), events: decideMaintenance(command, about, protocol, today, reads.now) },
      ];
      return prepare({ state, person, decide }, reads);
    });
    return { id: courseId, ...result };
  }
}

/** A course, its person, and what a command does to it or to another course of the person. */
interface AboutMaintenance {
  readonly state: PlannedCourse;
  readonly person: Person;
  decide(command: MaintenanceCommand, about?: PlannedCourse): StreamEvents[];
}

/** What ends the maintenance of a course beside its own events, over all registrations of its person. */
export async function maintenanceEndOf(reads: Reads, state: PlannedCourse, person: Person): Promise<MaintenanceEnd> {
  const others = await coursesOf(reads, person);
  const declines = await declinesOver(reads, state, others);
  return {
    person: personEnd(person),
    laterCourseBegan: laterCourseBegan(state, others),
    declinedElsewhere: declines.length > 0,
  };
}

/** Other courses of the person whose decline holds for a course as well. */
export async function declinesOver(
  reads: Reads,
  state: PlannedCourse,
  others: readonly PlannedCourse[],
): Promise<PlannedCourse[]> {
  const declined = others.filter(({ maintenanceDeclined }) => maintenanceDeclined);
  const since = await Promise.all(
    declined.map(async ({ courseId }) => standingDecline(effectiveHistory(await reads.events(courseStream(courseId))))),
  );
  return declined.filter((other, n) => endedByDecline(state, other, since[n] ?? null));
}

const personEnd = (person: Person): PersonEnd => ({
  ...endOfPerson(person),
  isErased: person.patients.some(({ identity, health }) => isErased(identity) || isErased(health)),
});
