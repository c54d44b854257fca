import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { endOfPerson, loadPerson, type Person } from '../patient/person.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import { requireProtocol } from '../protocol/protocol.service.js';
import { requireSite } from '../site/site.service.js';
import { CourseUnknown } from './course.errors.js';
import { courseStream } from './course.events.js';
import { laterCourseBegan } from './course-maintenance.js';
import { coursesOf } from './session-standing.js';
import type { scheduleMaintenanceSchema } from './course-maintenance.commands.js';
import { decideMaintenance, type MaintenanceCommand, type PersonEnd } from './course-maintenance.decider.js';
import { courseFold, type PlannedCourse } from './course.state.js';

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
    return this.decide(meta, course, async (state, person, reads) => {
      const [practitioner, others] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        coursesOf(reads, person),
      ]);
      return {
        type: 'ScheduleMaintenance',
        physicianId,
        physician: practitioner,
        person: personEnd(person),
        laterCourseBegan: laterCourseBegan(state, others),
        opens,
        closes,
      };
    });
  }

  /** The patient wants maintenance again. @throws MaintenanceRefused; NotFound `course.unknown` */
  resume(meta: CommandMeta, course: string): Promise<CommandAnswer> {
    return this.decide(meta, course, (_state, person) =>
      Promise.resolve({ type: 'ResumeMaintenance', person: personEnd(person) }),
    );
  }

  private async decide(
    meta: CommandMeta,
    course: string,
    prepare: (state: PlannedCourse, person: Person, reads: Reads) => Promise<MaintenanceCommand>,
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
      const command = await prepare(state, person, reads);
      const today = localDateAt(reads.now, timeZone);
      return [{ stream, events: decideMaintenance(command, state, protocol, today, reads.now) }];
    });
    return { id: courseId, ...result };
  }
}

const personEnd = (person: Person): PersonEnd => ({
  ...endOfPerson(person),
  isErased: person.patients.some(({ identity, health }) => isErased(identity) || isErased(health)),
});
