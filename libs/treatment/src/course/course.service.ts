import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, localDateAt, type WallTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { ProductLots } from '../consultation/product-lots.query.js';
import { decideReport } from '../adverse-event/adverse-event.decider.js';
import { requirePatient } from '../patient/patient.service.js';
import { CourseEntered, patientStream } from '../patient/patient.events.js';
import { atSite, endOfPerson, loadPerson } from '../patient/person.js';
import { LotUsed, lotUseStream } from '../lot/lot-use.events.js';
import { usedOf } from '../lot/lot-used.js';
import { volumeLeft } from '../lot/lot.state.js';
import { LotTraceQuery } from '../recall/lot-trace/lot-trace.query.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import { requireProtocol, requireProtocolThen } from '../protocol/protocol.service.js';
import { requireSite } from '../site/site.service.js';
import { legalRulesOf } from '../site/site.state.js';
import { wallTimeAt } from '../wall-time.js';
import type {
  bookSessionSchema,
  changeCoursePlanSchema,
  decideSessionHoldSchema,
  holdFollowUpSchema,
  holdSessionSchema,
  judgeReactionSchema,
  lapseCourseSchema,
  performSessionSchema,
  planCourseSchema,
  recordSessionSchema,
  rescheduleSessionSchema,
  reviewSessionSchema,
} from './course.commands.js';
import { practitionerNamed, type Also, type Prepare, runOnCourse, stepsDone } from './course-run.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import { SessionUnknown } from './course.errors.js';
import { courseStream, type SessionKind, type UsedProduct } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';
import {
  compositionsOf,
  consultationsOf,
  isAllergicOn,
  lotsAt,
  otherCoursesOf,
  protocolOfCourse,
} from './session-standing.js';
import { isAmple, usesOf } from './session-lots.rules.js';
import { productsOf } from './planned-ingredients.rules.js';
import { bookingWorld } from './booking-world.js';
import { knowledgeOfAnswers } from './check-knowledge.js';
import type { LotWorld } from './session-finding.js';

/** Gathers what a command on a course is judged by, and lets the decider decide. Whatever is read here is guarded. */
@Injectable()
export class CourseService {
  constructor(
    readonly runner: CommandRunner,
    readonly codes: ExternalCodes,
    readonly references: References,
    private readonly trace: LotTraceQuery,
    readonly products: ProductLots,
  ) {}

  /** Plans a course, and enters it in the record of its patient; one that was planned before, as of then. */
  async plan(meta: CommandMeta, data: z.infer<typeof planCourseSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.references.resolve(chain, 'practitioner', data.practitioner);
    const courseId = await this.codes.idFor(chain, 'course', data.code, derivedId(meta.commandId, 'course'));
    const stream = courseStream(courseId);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const [{ state }, { state: consultation }, site, practitioner] = await Promise.all([
          reads.load(stream, courseFold),
          reads.load(consultationStream(data.consultation), consultationFold),
          requireSite(reads, siteId),
          requirePractitioner(reads, practitionerId),
        ]);
        const { timeZone } = site;
        const at = data.at === undefined ? undefined : wallTimeAt(data.at, timeZone, reads.now);
        const protocol = at
          ? await requireProtocolThen(reads, data.protocol, 'protocol', at)
          : await requireProtocol(reads, data.protocol, 'protocol');
        const person =
          consultation.status === 'none'
            ? null
            : atSite(await loadPerson(reads, consultation.patientId), site, at?.instant ?? reads.now);
        const compositions =
          person && isAllergicOn(person, localDateAt(at?.instant ?? reads.now, timeZone))
            ? await compositionsOf(reads, chain, this.products, consultation, data.products ?? [])
            : undefined;
        const command: CourseCommand = {
          type: 'PlanCourse',
          courseId,
          siteId,
          siteZone: timeZone,
          practitionerId,
          practitioner,
          at,
          protocol,
          consultation,
          diedOn: person && endOfPerson(person).diedOn,
          ...(person && { person }),
          compositions,
          data,
        };
        const events = decideCourse(command, state, reads.now);
        if (consultation.status === 'none') return [{ stream, events }];
        const { patientId } = consultation;
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
    return runOnCourse(this, meta, course, async (state, reads) => {
      const [physician, protocol, { timeZone }] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        protocolOfCourse(reads, meta.chain, state),
        requireSite(reads, state.siteId),
      ]);
      const at = data.at === undefined ? undefined : wallTimeAt(data.at, timeZone, reads.now);
      const on = localDateAt(at?.instant ?? reads.now, timeZone);
      const changedAt = at && (await lastOf(reads, state, ({ type }) => type === 'CoursePlanChanged'));
      return { type: 'ChangeCoursePlan', physicianId, physician, on, at, changedAt, protocol, data };
    });
  }

  async renewConsultation(meta: CommandMeta, course: string, consultationId: Id): Promise<CommandAnswer> {
    return runOnCourse(this, meta, course, async (state, reads) => {
      const [{ state: consultation }, protocol, site, registrations] = await Promise.all([
        reads.load(consultationStream(consultationId), consultationFold),
        protocolOfCourse(reads, meta.chain, state),
        requireSite(reads, state.siteId),
        loadPerson(reads, state.patientId),
      ]);
      const person = atSite(registrations, site, reads.now);
      return { type: 'RenewConsultation', consultation, protocol, siteZone: site.timeZone, person };
    });
  }

  /** @returns the id of the booked session as `id` */
  async book(meta: CommandMeta, course: string, data: z.infer<typeof bookSessionSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const sessionId = derivedId(meta.commandId, 'session');
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.practitioner(meta, data.practitioner);
    const answer = await runOnCourse(this, meta, course, async (state, reads) => {
      const { kind, products } = data;
      const site = await requireSite(reads, siteId);
      const at = wallTimeAt(data.at, site.timeZone, reads.now);
      const world = await bookingWorld(reads, state, kind, practitionerId, { site, at });
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
    return runOnCourse(this, meta, course, async (state, reads) => {
      const { siteId, practitionerId } = await this.placeOf(meta, state, sessionId, data);
      const site = await requireSite(reads, siteId);
      const kind = state.sessions.find((each) => each.sessionId === sessionId)?.kind ?? 'course';
      const at = wallTimeAt(data.at, site.timeZone, reads.now);
      const world = await bookingWorld(reads, state, kind, practitionerId, { site, at });
      return { type: 'RescheduleSession', sessionId, siteId, practitionerId, at, world };
    });
  }

  /**
   * Holds a session. What the answers say of the patient beyond it goes into the patient's record, and so holds in all
   * courses of the person.
   */
  async holdSession(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof holdSessionSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, data.practitioner);
    const prepare: Prepare = async (state, reads) => {
      const [protocol, otherCourses] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        otherCoursesOfPatient(reads, state),
        requirePractitioner(reads, practitionerId),
      ]);
      return { type: 'HoldSession', sessionId, practitionerId, protocol, otherCourses, data };
    };
    return runOnCourse(this, meta, course, prepare, async (state, reads) => {
      const session = state.sessions.find((each) => each.sessionId === sessionId);
      const { timeZone } = await requireSite(reads, state.siteId);
      const said = await knowledgeOfAnswers(meta, reads, this, state, {
        positive: data.positive,
        substances: data.substances,
        siteId: session?.siteId ?? state.siteId,
        products: productsOf(state, session),
        since: localDateAt(reads.now, timeZone),
      });
      return [said];
    });
  }

  async decideHold(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    { physician: named, decision, reason }: z.infer<typeof decideSessionHoldSchema>,
  ): Promise<CommandAnswer> {
    const physicianId = await this.practitioner(meta, named);
    return runOnCourse(this, meta, course, async (state, reads) => {
      const [physician, protocol, otherCourses] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        protocolOfCourse(reads, meta.chain, state),
        otherCoursesOfPatient(reads, state),
      ]);
      const by = { physicianId, physician, protocol, otherCourses };
      return { type: 'DecideSessionHold', sessionId, ...by, decision, reason };
    });
  }

  /** Reviews a session; an adverse event that the review found is reported with it. */
  async reviewSession(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    { physician: named, outcome, note, adverseEvent }: z.infer<typeof reviewSessionSchema>,
  ): Promise<CommandAnswer> {
    const physicianId = await this.practitioner(meta, named);
    const prepare: Prepare = async (state, reads) => {
      const [physician, protocol] = await Promise.all([
        requirePractitioner(reads, physicianId, 'physician'),
        protocolOfCourse(reads, meta.chain, state),
      ]);
      return { type: 'ReviewSession', sessionId, physicianId, physician, protocol, outcome, note };
    };
    return runOnCourse(this, meta, course, prepare, this.reporting(meta, adverseEvent, sessionId, note));
  }

  perform(
    meta: CommandMeta,
    course: string,
    sessionId: Id,
    data: z.infer<typeof performSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.performing(meta, course, { sessionId, kind: undefined }, data);
  }

  /**
   * Records a session that nobody had booked here.
   * @returns the id of the session as `id`
   */
  async record(
    meta: CommandMeta,
    course: string,
    { kind, ...data }: z.infer<typeof recordSessionSchema>,
  ): Promise<CommandAnswer> {
    const sessionId = derivedId(meta.commandId, 'session');
    return { ...(await this.performing(meta, course, { sessionId, kind }, data)), id: sessionId };
  }

  private async performing(
    meta: CommandMeta,
    course: string,
    { sessionId, kind }: { readonly sessionId: Id; readonly kind: SessionKind | undefined },
    data: z.infer<typeof performSessionSchema>,
  ): Promise<CommandAnswer> {
    const orderedById = data.orderedBy === undefined ? undefined : await this.practitioner(meta, data.orderedBy);
    let used: readonly StreamEvents[] = [];
    const prepare: Prepare = async (state, reads) => {
      const { siteId, practitionerId } = await this.placeOf(meta, state, kind === undefined ? sessionId : null, data);
      const [site, protocol, practitioner, orderedBy, registrations, consulted, lots] = await Promise.all([
        requireSite(reads, siteId),
        protocolOfCourse(reads, meta.chain, state),
        requirePractitioner(reads, practitionerId),
        orderedById === undefined ? undefined : requirePractitioner(reads, orderedById, 'orderedBy'),
        loadPerson(reads, state.patientId),
        consultationsOf(reads, state),
        this.lotsWithUse(reads, siteId, sessionId, data.products),
      ]);
      const { timeZone } = site;
      const at = wallTimeAt(data.at, timeZone, reads.now);
      const person = atSite(registrations, site, at.instant);
      const others = await otherCoursesOf(reads, reads.chain, state, person);
      const endedAt = data.endedAt === undefined ? undefined : wallTimeAt(data.endedAt, timeZone, reads.now);
      const steps = await stepsDone(this.references, meta, reads, data.steps, practitionerId, (wall) =>
        wallTimeAt(wall, timeZone, reads.now),
      );
      const stepsBy = await Promise.all((steps ?? []).map((step) => requirePractitioner(reads, step.practitionerId)));
      const people = { practitioner, orderedBy, person, stepsBy };
      const world = { protocol, ...people, ...consulted, lots, otherCourses: others };
      const place = { siteId, practitionerId, orderedById };
      used = usedByPerforming({ courseId: state.courseId, sessionId, siteId }, data.products, lots, at);
      const which = kind === undefined ? { sessionId } : { sessionId, kind };
      return { type: 'PerformSession', ...which, ...place, at, endedAt, steps, data, world };
    };
    return runOnCourse(this, meta, course, prepare, () => Promise.resolve([...used]));
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
    const answer = await runOnCourse(this, meta, course, async (_state, reads) => {
      const [{ timeZone }] = await Promise.all([
        requireSite(reads, siteId),
        practitionerId === undefined ? undefined : requirePractitioner(reads, practitionerId),
      ]);
      const at = wallTimeAt(data.at, timeZone, reads.now);
      return { type: 'HoldFollowUp', followUpId, siteId, practitionerId, at, data };
    });
    return { ...answer, id: followUpId };
  }

  /** Judges a lasting reaction; as an adverse event it is reported with it. */
  async judgeReaction(
    meta: CommandMeta,
    course: string,
    followUpId: Id,
    data: z.infer<typeof judgeReactionSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, data.practitioner);
    const prepare: Prepare = async (state, reads) => {
      const [protocol] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        requirePractitioner(reads, practitionerId),
      ]);
      return { type: 'JudgeReaction', followUpId, practitionerId, protocol, data };
    };
    // One for each reaction, however often it is judged: the judgement may be taken back, the adverse event is closed.
    const adverseEventId = derivedId(followUpId, `lasting ${data.reaction}`);
    return runOnCourse(
      this,
      meta,
      course,
      prepare,
      this.reporting(meta, data.adverseEvent, null, data.note, adverseEventId),
    );
  }

  async lapse(
    meta: CommandMeta,
    course: string,
    { practitioner, reason, at: wall }: z.infer<typeof lapseCourseSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.practitioner(meta, practitioner);
    return runOnCourse(this, meta, course, async (state, reads) => {
      const [protocol, { timeZone }] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        requireSite(reads, state.siteId),
        requirePractitioner(reads, practitionerId),
      ]);
      const at = wall === undefined ? undefined : wallTimeAt(wall, timeZone, reads.now);
      const today = localDateAt(at?.instant ?? reads.now, timeZone);
      return { type: 'LapseCourse', practitionerId, protocol, today, at, reason };
    });
  }

  /**
   * For commands that need nothing but the course.
   * @param wall wall time at the site of the session or the course, for what is entered late
   */
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
    wall?: WallTime,
  ): Promise<CommandAnswer> {
    return runOnCourse(this, meta, course, async (state, reads) => {
      if (wall === undefined) return command;
      const sessionId = 'sessionId' in command ? command.sessionId : undefined;
      const session = state.sessions.find((each) => each.sessionId === sessionId);
      const { timeZone } = await requireSite(reads, session?.siteId ?? state.siteId);
      const bookedAt = session && (await lastOf(reads, state, isBookingOf(session.sessionId)));
      const at = wallTimeAt(wall, timeZone, reads.now);
      if (command.type !== 'DeclineMaintenance') return { ...command, at, bookedAt };
      const resumedAt = await lastOf(reads, state, ({ type }) => type === 'MaintenanceResumed');
      return { ...command, at, resumedAt };
    });
  }

  /** The lots of products at a site; of those that were counted, with what was used of them there. */
  private async lotsWithUse(
    reads: Reads,
    siteId: Id,
    sessionId: Id,
    products: readonly Pick<UsedProduct, 'product' | 'lotNumber' | 'volumeMl'>[],
  ): Promise<LotWorld[]> {
    const lots = await lotsAt(reads, reads.chain, this.codes, siteId, products);
    return Promise.all(
      lots.map(async (world, n) => {
        const { lot } = world;
        const isMeasured = lot.status === 'received' && lot.volumeMl !== null && products[n]?.volumeMl !== undefined;
        if (!isMeasured) return world;
        const { usedMl } = await usedOf(reads, this.trace, reads.chain, lot, sessionId);
        return { ...world, usedMl };
      }),
    );
  }

  /** Reports what a physician or a nurse has judged to be an adverse event, on the patient's stream. */
  private reporting(
    meta: CommandMeta,
    found: z.infer<typeof reviewSessionSchema>['adverseEvent'],
    sessionId: Id | null,
    description: string,
    adverseEventId: Id = derivedId(meta.commandId, 'adverse-event'),
  ): Also | undefined {
    if (found === undefined) return undefined;
    return async ({ courseId, patientId, siteId }, reads) => {
      const ownerId = await this.practitioner(meta, found.owner);
      const [patient, site] = await Promise.all([
        requirePatient(reads, patientId),
        requireSite(reads, siteId),
        requirePractitioner(reads, ownerId, 'adverseEvent.owner'),
      ]);
      const { kind, severity } = found;
      const { timeZone: siteZone } = site;
      const { reportingDays } = legalRulesOf(site, reads.now);
      const onsetOn = localDateAt(reads.now, siteZone);
      const place = {
        adverseEventId,
        courseId,
        sessionId,
        siteId,
        siteZone,
        reportingDays,
      };
      const what = { kind, severity, causality: null, ownerId, onsetOn, reportBy: undefined, description };
      return [{ stream: patientStream(patientId), events: decideReport({ ...place, ...what }, patient, reads.now) }];
    };
  }

  private practitioner(meta: CommandMeta, named: string): Promise<Id> {
    return practitionerNamed(this.references, meta, named);
  }

  /**
   * Where and by whom: as the caller says, else as the session was booked.
   * @param sessionId null for one that nobody booked: it is where the course is unless the caller says otherwise
   */
  private async placeOf(
    meta: CommandMeta,
    state: PlannedCourse,
    sessionId: Id | null,
    data: { readonly site?: string | undefined; readonly practitioner?: string | undefined },
  ): Promise<{ siteId: Id; practitionerId: Id }> {
    const session = sessionId === null ? state : state.sessions.find((each) => each.sessionId === sessionId);
    if (!session) throw new SessionUnknown(String(sessionId));
    const { references } = this;
    return {
      siteId: data.site === undefined ? session.siteId : await references.resolve(meta.chain, 'site', data.site),
      practitionerId:
        data.practitioner === undefined ? session.practitionerId : await this.practitioner(meta, data.practitioner),
    };
  }
}

/** The other courses of whoever a course is of, in whichever registration. */
const otherCoursesOfPatient = async (reads: Reads, course: PlannedCourse) =>
  otherCoursesOf(reads, reads.chain, course, await loadPerson(reads, course.patientId));

/** When the last entry of a course of some kind happened; undefined where there is none that stands. */
async function lastOf(
  reads: Reads,
  { courseId }: PlannedCourse,
  isMeant: (event: RecordedEvent) => boolean,
): Promise<Instant | undefined> {
  const history = effectiveHistory(await reads.events(courseStream(courseId)));
  return history.findLast(isMeant)?.occurredAt.instant;
}

const isBookingOf =
  (sessionId: Id) =>
  ({ type, data }: RecordedEvent): boolean =>
    (type === 'SessionBooked' || type === 'SessionRescheduled') &&
    (data as { readonly sessionId: Id }).sessionId === sessionId;

/**
 * What a session uses of lots that were counted, for their streams. Where little is left it is written only while nobody
 * else used of it meanwhile: then it is decided again.
 */
function usedByPerforming(
  { siteId, ...of }: { readonly courseId: Id; readonly sessionId: Id; readonly siteId: Id },
  products: readonly UsedProduct[],
  lots: readonly LotWorld[],
  at: ZonedTime,
): StreamEvents[] {
  return usesOf({ siteId, products }).flatMap(({ product, lotNumber, volumeMl }): StreamEvents[] => {
    const isIt = (each: UsedProduct) => each.product === product && each.lotNumber === lotNumber;
    const { lot, usedMl } = lots[products.findIndex(isIt)] ?? {};
    // Of one whose volume is not measured in its first area, the first that is.
    const used =
      usedMl ?? lots.find((world, n) => world.usedMl !== undefined && isIt(products[n] as UsedProduct))?.usedMl;
    if (lot?.status !== 'received' || used === undefined) return [];
    const left = volumeLeft(lot, used);
    if (left === null) return [];
    const events = [LotUsed(occurredAt(at), { lotId: lot.lotId, ...of, volumeMl })];
    const stream = lotUseStream(lot.lotId);
    return [isAmple(left, volumeMl) ? { stream, expectedRevision: 'any', events } : { stream, events }];
  });
}
