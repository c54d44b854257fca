import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { z } from 'zod';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { lotStream } from '../lot/lot.events.js';
import { lotCode } from '../lot/lot.service.js';
import { lotFold, type LotState } from '../lot/lot.state.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { requireProtocol } from '../protocol/protocol.service.js';
import { References } from '#libs/cqrs/src/references.js';
import { requireSite } from '../site/site.service.js';
import { wallTimeAt } from '../wall-time.js';
import type {
  bookSessionSchema,
  holdFollowUpSchema,
  performSessionSchema,
  planCourseSchema,
  rescheduleSessionSchema,
} from './course.commands.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import { CourseUnknown, SessionUnknown } from './course.errors.js';
import { courseStream, type UsedProduct } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';

/** Gathers what a command on a course is judged by, and lets the decider decide. Whatever is read here is guarded. */
@Injectable()
export class CourseService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

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
        const { plannedSessions, countReason } = data;
        const command: CourseCommand = {
          type: 'PlanCourse',
          courseId,
          siteId,
          siteZone: timeZone,
          practitionerId,
          protocol,
          consultation,
          plannedSessions,
          countReason,
        };
        return [{ stream, events: decideCourse(command, state, reads.now) }];
      },
      { site: siteId },
    );
    return { id: courseId, ...result };
  }

  /** @returns the id of the booked session as `id` */
  async book(meta: CommandMeta, course: string, data: z.infer<typeof bookSessionSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const sessionId = derivedId(meta.commandId, 'session');
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.references.resolve(chain, 'practitioner', data.practitioner);
    const answer = await this.decide(meta, course, async ({ consultationId }, reads) => {
      const [{ timeZone }, practitioner, { state: consultation }] = await Promise.all([
        requireSite(reads, siteId),
        requirePractitioner(reads, practitionerId),
        reads.load(consultationStream(consultationId), consultationFold),
      ]);
      const at = wallTimeAt(data.at, timeZone, reads.now);
      const world = { practitioner, consultation };
      return { type: 'BookSession', sessionId, kind: data.kind, siteId, practitionerId, at, world };
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
      const [{ timeZone }] = await Promise.all([
        requireSite(reads, siteId),
        requirePractitioner(reads, practitionerId),
      ]);
      return {
        type: 'RescheduleSession',
        sessionId,
        siteId,
        practitionerId,
        at: wallTimeAt(data.at, timeZone, reads.now),
      };
    });
  }

  async perform(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof performSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.decide(meta, course, async (state, reads) => {
      const { siteId, practitionerId } = await this.placeOf(meta, state, sessionId, data);
      const { protocol: planned, patientId, consultationId } = state;
      const [{ timeZone }, protocol, practitioner, { state: patient }, { state: consultation }, lots] =
        await Promise.all([
          requireSite(reads, siteId),
          requireProtocol(reads, planned.code, 'protocol', planned.version),
          requirePractitioner(reads, practitionerId),
          reads.load(patientStream(patientId), patientFold),
          reads.load(consultationStream(consultationId), consultationFold),
          this.lotsAt(reads, siteId, data.products),
        ]);
      const world = { protocol, practitioner, patient, consultation, lots };
      const at = wallTimeAt(data.at, timeZone, reads.now);
      return { type: 'PerformSession', sessionId, siteId, practitionerId, at, data, world };
    });
  }

  async holdFollowUp(
    meta: CommandMeta,
    course: string,
    data: z.infer<typeof holdFollowUpSchema>,
  ): Promise<CommandAnswer> {
    const siteId = await this.references.resolve(meta.chain, 'site', data.site);
    const followUpId = derivedId(meta.commandId, 'follow-up');
    const answer = await this.decide(meta, course, async (_state, reads) => {
      const { timeZone } = await requireSite(reads, siteId);
      return { type: 'HoldFollowUp', followUpId, siteId, at: wallTimeAt(data.at, timeZone, reads.now), data };
    });
    return { ...answer, id: followUpId };
  }

  /** For commands that need nothing but the course: miss, cancel, complete, stop, decline maintenance. */
  async simple(
    meta: CommandMeta,
    course: string,
    command: Extract<
      CourseCommand,
      { type: 'MissSession' | 'CancelSession' | 'CompleteCourse' | 'StopCourse' | 'DeclineMaintenance' }
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
        data.practitioner === undefined
          ? session.practitionerId
          : await references.resolve(meta.chain, 'practitioner', data.practitioner),
    };
  }

  private async lotsAt(reads: Reads, siteId: Id, products: readonly UsedProduct[]): Promise<LotState[]> {
    const codes = products.map(({ product, lotNumber }) => lotCode(siteId, product, lotNumber));
    const ids = await this.codes.find(reads.chain, 'lot', codes);
    const load = async (id: Id): Promise<LotState> => (await reads.load(lotStream(id), lotFold)).state;
    return Promise.all(
      codes.map((code) => {
        const id = ids.get(code);
        return id ? load(id) : Promise.resolve<LotState>({ status: 'none' });
      }),
    );
  }
}

async function requirePractitioner(reads: Reads, practitionerId: Id): Promise<PractitionerState> {
  const { state } = await reads.load(practitionerStream(practitionerId), practitionerFold);
  if (state.status === 'none') {
    throw new NotFound('practitioner.unknown', 'There is no such practitioner.', {
      fields: [{ field: 'practitioner', message: 'Name a practitioner that is registered.' }],
    });
  }
  return state;
}
