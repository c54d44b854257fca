import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { localDateAt, type WallTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { CourseEntered, patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import { loadPerson, openAdverseEvents } from '../patient/person.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { requireProtocol } from '../protocol/protocol.service.js';
import { requireSite } from '../site/site.service.js';
import { wallTimeAt } from '../wall-time.js';
import type {
  bookSessionSchema,
  changeCoursePlanSchema,
  correctCourseEntrySchema,
  decideSessionHoldSchema,
  holdFollowUpSchema,
  holdSessionSchema,
  judgeReactionSchema,
  lapseCourseSchema,
  performSessionSchema,
  planCourseSchema,
  rescheduleSessionSchema,
  reviewSessionSchema,
} from './course.commands.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import { CourseUnknown, SessionUnknown } from './course.errors.js';
import { courseStream, type SessionKind } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';
import { lotsAt, otherCoursesOf, protocolOfCourse } from './session-standing.js';
import type { BookingWorld } from './session.decider.js';
import { openFollowUpEvents } from './session.rules.js';

/** Gathers what a command on a course is judged by, and lets the decider decide. Whatever is read here is guarded. */
@Injectable()
export class CourseService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

  /** Plans a course, and enters it in the record of its patient. */
  async plan(meta: CommandMeta, data: z.infer<typeof planCourseSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.references.resolve(chain, 'practitioner', data.practitioner);
    const courseId = await this.codes.idFor(chain, 'course', data.code, derivedId(meta.commandId, 'course'));
    const stream = courseStream(courseId);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const [{ state }, { state: consultation }, protocol, { timeZone }] = await Promise.all([
          reads.load(stream, courseFold),
          reads.load(consultationStream(data.consultation), consultationFold),
          requireProtocol(reads, data.protocol, 'protocol'),
          requireSite(reads, siteId),
          requirePractitioner(reads, practitionerId),
        ]);
        const command: CourseCommand = {
          type: 'PlanCourse',
          courseId,
          siteId,
          siteZone: timeZone,
          practitionerId,
          protocol,
          consultation,
          data,
        };
        const events = decideCourse(command, state, reads.now);
        if (consultation.status === 'none') return [{ stream, events }];
        const { patientId } = consultation;
        await reads.load(patientStream(patientId), patientFold);
        const entered = CourseEntered(occurredNow(reads.now), { patientId, courseId });
        return [
          { stream, events },
          { stream: patientStream(patientId), events: [entered] },
        ];
      },
      { site: siteId },
    );
    return { id: courseId, ...result };
  }

  async changePlan(meta: CommandMeta, course: string, data: z.infer<typeof changeCoursePlanSchema>) {
    const physicianId = await this.practitioner(meta, data.physician);
    return this.decide(meta, course, async (state, reads) => {
      const [physician, protocol] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        protocolOfCourse(reads, meta.chain, state),
      ]);
      return { type: 'ChangeCoursePlan', physicianId, physician, protocol, data };
    });
  }

  async renewConsultation(meta: CommandMeta, course: string, consultationId: Id): Promise<CommandAnswer> {
    return this.decide(meta, course, async (state, reads) => {
      const [{ state: consultation }, protocol, { timeZone }, { patients }] = await Promise.all([
        reads.load(consultationStream(consultationId), consultationFold),
        protocolOfCourse(reads, meta.chain, state),
        requireSite(reads, state.siteId),
        loadPerson(reads, state.patientId),
      ]);
      const patientIds = patients.map(({ patientId }) => patientId);
      return { type: 'RenewConsultation', consultation, protocol, siteZone: timeZone, patientIds };
    });
  }

  /** @returns the id of the booked session as `id` */
  async book(meta: CommandMeta, course: string, data: z.infer<typeof bookSessionSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const sessionId = derivedId(meta.commandId, 'session');
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.practitioner(meta, data.practitioner);
    const answer = await this.decide(meta, course, async (state, reads) => {
      const { kind, products } = data;
      const { timeZone } = await requireSite(reads, siteId);
      const world = await bookingWorld(reads, state, kind, practitionerId);
      const at = wallTimeAt(data.at, timeZone, reads.now);
      return { type: 'BookSession', sessionId, kind, siteId, practitionerId, at, products, world };
    });
    return { ...answer, id: sessionId };
  }

  async reschedule(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof rescheduleSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.decide(meta, course, async (state, reads) => {
      const { siteId, practitionerId } = await this.placeOf(meta, state, sessionId, data);
      const { timeZone } = await requireSite(reads, siteId);
      const kind = state.sessions.find((each) => each.sessionId === sessionId)?.kind ?? 'course';
      const world = await bookingWorld(reads, state, kind, practitionerId);
      const at = wallTimeAt(data.at, timeZone, reads.now);
      return { type: 'RescheduleSession', sessionId, siteId, practitionerId, at, world };
    });
  }

  async holdSession(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof holdSessionSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, data.practitioner);
    return this.decide(meta, course, async (state, reads) => {
      const [protocol] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        requirePractitioner(reads, practitionerId),
      ]);
      return { type: 'HoldSession', sessionId, practitionerId, protocol, data };
    });
  }

  async decideHold(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    { physician: named, decision, reason }: z.infer<typeof decideSessionHoldSchema>,
  ): Promise<CommandAnswer> {
    const physicianId = await this.practitioner(meta, named);
    return this.decide(meta, course, async (state, reads) => {
      const [physician, protocol] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        protocolOfCourse(reads, meta.chain, state),
      ]);
      return { type: 'DecideSessionHold', sessionId, physicianId, physician, protocol, decision, reason };
    });
  }

  async reviewSession(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    { physician: named, outcome, note }: z.infer<typeof reviewSessionSchema>,
  ): Promise<CommandAnswer> {
    const physicianId = await this.practitioner(meta, named);
    return this.decide(meta, course, async (_state, reads) => {
      const physician = await requirePractitioner(reads, physicianId, 'physician');
      return { type: 'ReviewSession', sessionId, physicianId, physician, outcome, note };
    });
  }

  async perform(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof performSessionSchema>,
  ): Promise<CommandAnswer> {
    const orderedById = data.orderedBy === undefined ? undefined : await this.practitioner(meta, data.orderedBy);
    return this.decide(meta, course, async (state, reads) => {
      const { siteId, practitionerId } = await this.placeOf(meta, state, sessionId, data);
      const [{ timeZone }, protocol, practitioner, orderedBy, person, { state: consultation }, lots] =
        await Promise.all([
          requireSite(reads, siteId),
          protocolOfCourse(reads, meta.chain, state),
          requirePractitioner(reads, practitionerId),
          orderedById === undefined ? undefined : requirePractitioner(reads, orderedById, 'orderedBy'),
          loadPerson(reads, state.patientId),
          reads.load(consultationStream(state.consultationId), consultationFold),
          lotsAt(reads, meta.chain, this.codes, siteId, data.products),
        ]);
      const others = await otherCoursesOf(reads, state, person);
      const world = { protocol, practitioner, orderedBy, person, consultation, lots, otherCourses: others };
      const at = wallTimeAt(data.at, timeZone, reads.now);
      const endedAt = data.endedAt === undefined ? undefined : wallTimeAt(data.endedAt, timeZone, reads.now);
      const steps = await this.stepsOf(meta, data.steps, practitionerId, (wall) =>
        wallTimeAt(wall, timeZone, reads.now),
      );
      const place = { siteId, practitionerId, orderedById };
      return { type: 'PerformSession', sessionId, ...place, at, endedAt, steps, data, world };
    });
  }

  async holdFollowUp(
    meta: CommandMeta,
    course: string,
    data: z.infer<typeof holdFollowUpSchema>,
  ): Promise<CommandAnswer> {
    const siteId = await this.references.resolve(meta.chain, 'site', data.site);
    const practitionerId =
      data.practitioner === undefined ? undefined : await this.practitioner(meta, data.practitioner);
    const followUpId = derivedId(meta.commandId, 'follow-up');
    const answer = await this.decide(meta, course, async (_state, reads) => {
      const [{ timeZone }] = await Promise.all([
        requireSite(reads, siteId),
        practitionerId === undefined ? undefined : requirePractitioner(reads, practitionerId),
      ]);
      const at = wallTimeAt(data.at, timeZone, reads.now);
      return { type: 'HoldFollowUp', followUpId, siteId, practitionerId, at, data };
    });
    return { ...answer, id: followUpId };
  }

  async judgeReaction(
    meta: CommandMeta,
    course: string,
    followUpId: Id,
    data: z.infer<typeof judgeReactionSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, data.practitioner);
    return this.decide(meta, course, async (state, reads) => {
      const [protocol] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        requirePractitioner(reads, practitionerId),
      ]);
      return { type: 'JudgeReaction', followUpId, practitionerId, protocol, data };
    });
  }

  async lapse(
    meta: CommandMeta,
    course: string,
    { practitioner, reason }: z.infer<typeof lapseCourseSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, practitioner);
    return this.decide(meta, course, async (state, reads) => {
      const [protocol, { timeZone }] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        requireSite(reads, state.siteId),
        requirePractitioner(reads, practitionerId),
      ]);
      return { type: 'LapseCourse', practitionerId, protocol, today: localDateAt(reads.now, timeZone), reason };
    });
  }

  /** Says an entry of the course's history anew; references and wall times are resolved as when it was entered. */
  async correctEntry(
    meta: CommandMeta,
    course: string,
    eventId: Id,
    { data, reason }: z.infer<typeof correctCourseEntrySchema>,
  ): Promise<CommandAnswer> {
    const { type: entry, ...fields } = data;
    return this.decide(meta, course, async (state, reads) => {
      const history = await reads.events(courseStream(state.courseId));
      const stated = history.find(({ header }) => header.id === eventId)?.data as Partial<Stated> | undefined;
      const { siteId = state.siteId, practitionerId = state.practitionerId } = stated ?? {};
      const changes = await this.changesOf(meta, reads, fields, { siteId, practitionerId });
      return { type: 'CorrectCourseEntry', eventId, entry, changes, reason, history };
    });
  }

  async retractEntry(meta: CommandMeta, course: string, eventId: Id, reason: string): Promise<CommandAnswer> {
    return this.decide(meta, course, async (state, reads) => ({
      type: 'RetractCourseEntry',
      eventId,
      reason,
      history: await reads.events(courseStream(state.courseId)),
    }));
  }

  /** For commands that need nothing but the course. */
  async simple(
    meta: CommandMeta,
    course: string,
    command: Extract<
      CourseCommand,
      {
        type:
          | 'MissSession'
          | 'CancelSession'
          | 'CompleteCourse'
          | 'StopCourse'
          | 'DeclineMaintenance'
          | 'PlanSessionProducts';
      }
    >,
  ): Promise<CommandAnswer> {
    return this.decide(meta, course, () => Promise.resolve(command));
  }

  private async decide(
    meta: CommandMeta,
    course: string,
    prepare: (state: PlannedCourse, reads: Reads) => Promise<CourseCommand>,
  ): Promise<CommandAnswer> {
    const courseId = await this.references.resolve(meta.chain, 'course', course);
    const stream = courseStream(courseId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, courseFold);
      if (state.status === 'none') throw new CourseUnknown(course);
      return [{ stream, events: decideCourse(await prepare(state, reads), state, reads.now) }];
    });
    return { id: courseId, ...result };
  }

  private practitioner(meta: CommandMeta, named: string): Promise<Id> {
    return this.references.resolve(meta.chain, 'practitioner', named);
  }

  /** Where and by whom: as the caller says, else as the session was booked. */
  private async placeOf(
    meta: CommandMeta,
    state: PlannedCourse,
    sessionId: Id,
    data: { readonly site?: string | undefined; readonly practitioner?: string | undefined },
  ): Promise<{ siteId: Id; practitionerId: Id }> {
    const session = state.sessions.find((each) => each.sessionId === sessionId);
    if (!session) throw new SessionUnknown(sessionId);
    const { references } = this;
    return {
      siteId: data.site === undefined ? session.siteId : await references.resolve(meta.chain, 'site', data.site),
      practitionerId:
        data.practitioner === undefined ? session.practitionerId : await this.practitioner(meta, data.practitioner),
    };
  }

  private async stepsOf(
    meta: CommandMeta,
    steps: z.infer<typeof performSessionSchema>['steps'],
    practitionerId: Id,
    timeAt: (wall: WallTime) => ZonedTime,
  ) {
    if (steps === undefined) return undefined;
    return Promise.all(
      steps.map(async ({ code, practitioner, at }) => ({
        code,
        practitionerId: practitioner === undefined ? practitionerId : await this.practitioner(meta, practitioner),
        ...(at === undefined ? {} : { at: timeAt(at) }),
      })),
    );
  }

  /** The fields of an event that a correction names, with ids and instants where the caller gave codes and wall times. */
  private async changesOf(
    meta: CommandMeta,
    reads: Reads,
    fields: Record<string, unknown>,
    stated: Stated,
  ): Promise<Record<string, unknown>> {
    const { site, practitioner, orderedBy, at, endedAt, steps, ...plain } = fields as {
      site?: string | null;
      practitioner?: string | null;
      orderedBy?: string | null;
      at?: WallTime | null;
      endedAt?: WallTime | null;
      steps?: z.infer<typeof performSessionSchema>['steps'] | null;
    };
    const changes: Record<string, unknown> = { ...plain };
    const siteId = site ? await this.references.resolve(meta.chain, 'site', site) : stated.siteId;
    if (site) changes.siteId = siteId;
    const practitionerId = practitioner ? await this.practitioner(meta, practitioner) : stated.practitionerId;
    if (practitioner) changes.practitionerId = practitionerId;
    if (orderedBy !== undefined) changes.orderedBy = orderedBy && (await this.practitioner(meta, orderedBy));
    const { timeZone } = await requireSite(reads, siteId);
    const timeAt = (wall: WallTime) => wallTimeAt(wall, timeZone, reads.now);
    if (at) changes.at = timeAt(at);
    if (endedAt !== undefined) changes.endedAt = endedAt && timeAt(endedAt);
    if (steps !== undefined) {
      changes.steps = steps && (await this.stepsOf(meta, steps, practitionerId, timeAt));
    }
    return changes;
  }
}

/** Where and by whom an entry says that something was done. */
interface Stated {
  readonly siteId: Id;
  readonly practitionerId: Id;
}

/** What a booking of a course is judged by; the person's other courses matter to maintenance alone. */
async function bookingWorld(
  reads: Reads,
  state: PlannedCourse,
  kind: SessionKind,
  practitionerId: Id,
): Promise<BookingWorld> {
  const [practitioner, { state: consultation }, protocol, person] = await Promise.all([
    requirePractitioner(reads, practitionerId),
    reads.load(consultationStream(state.consultationId), consultationFold),
    protocolOfCourse(reads, reads.chain, state),
    loadPerson(reads, state.patientId),
  ]);
  const others = kind === 'maintenance' ? await otherCoursesOf(reads, state, person) : [];
  const found = [state, ...others].flatMap((each) => openFollowUpEvents(each, person));
  const reported = openAdverseEvents(person).map(({ adverseEventId }) => adverseEventId);
  const open = [...new Set([...reported, ...found.map(({ followUpId }) => followUpId)])];
  return { practitioner, consultation, protocol, person, openAdverseEvents: open };
}

async function requirePractitioner(
  reads: Reads,
  practitionerId: Id,
  field = 'practitioner',
): Promise<PractitionerState> {
  const { state } = await reads.load(practitionerStream(practitionerId), practitionerFold);
  if (state.status === 'none') {
    throw new NotFound('practitioner.unknown', 'There is no such practitioner.', {
      fields: [{ field, message: 'Name a practitioner that is registered.' }],
    });
  }
  return state;
}
