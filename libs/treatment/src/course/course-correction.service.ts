import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { dateOfWall, localDateAt, type WallTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { ProductLots } from '../consultation/product-lots.query.js';
import { LotUsed, lotUseStream } from '../lot/lot-use.events.js';
import { loadPerson, type Person } from '../patient/person.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { protocolFold, termOf } from '../protocol/protocol.state.js';
import { requireSite } from '../site/site.service.js';
import { wallTimeAt } from '../wall-time.js';
import { knowledgeOfAnswers } from './check-knowledge.js';
import { foldedWith } from './corrected-history.js';
import { positiveSince } from './course-correction-check.rules.js';
import type { PlanWorld } from './course-correction-plan.rules.js';
import type { NamedPhysician } from './course-correction.decider.js';
import { type Also, practitionerNamed, type Prepare, runOnCourse, stepsDone } from './course-run.js';
import type { correctCourseEntrySchema, performSessionSchema } from './course.commands.js';
import { NotOrdered } from './course.errors.js';
import { type CourseCorrection, type CourseEvent, courseStream, type StepDone } from './course.events.js';
import type { CourseSession, PerformedSession, PlannedCourse } from './course.state.js';
import { changedUses } from './session-lots.rules.js';
import { openFollowUpEvents } from './session-person.rules.js';
import { compositionsOf, lotsAt, otherCoursesOf, protocolOfCourse } from './session-standing.js';

/** Gathers what it takes to say an entry of a course anew, or to take one back. Whatever is read here is guarded. */
@Injectable()
export class CourseCorrectionService {
  constructor(
    readonly runner: CommandRunner,
    readonly codes: ExternalCodes,
    readonly references: References,
    readonly products: ProductLots,
  ) {}

  /** Says an entry of the course's history anew; references and wall times are resolved as when it was entered. */
  async correctEntry(
    meta: CommandMeta,
    course: string,
    eventId: Id,
    { data, physician: named, reason }: z.infer<typeof correctCourseEntrySchema>,
  ): Promise<CommandAnswer> {
    const { type: entry, ...fields } = data;
    const physicianId = named === undefined ? undefined : await practitionerNamed(this.references, meta, named);
    const prepare: Prepare = async (state, reads) => {
      const history = await reads.events(courseStream(state.courseId));
      // As it reads now: what an earlier correction said stays said.
      const target = effectiveHistory(history).find(({ header }) => header.id === eventId);
      const stated = target?.data as Partial<Stated> | undefined;
      const { siteId = state.siteId, practitionerId = state.practitionerId, at, endedAt, steps } = stated ?? {};
      const changes = await this.changesOf(meta, reads, fields, { siteId, practitionerId, at, endedAt, steps });
      const physician = await this.physicianNamed(reads, state, physicianId);
      const [protocol, person] = await Promise.all([
        protocolOfCourse(reads, meta.chain, state),
        loadPerson(reads, state.patientId),
      ]);
      const world = { protocol, person, otherCourses: await otherCoursesOf(reads, reads.chain, state, person) };
      const openFollowUps = idsOfOpen(state, person);
      const isMoved = target?.type === 'CoursePlanned' && changes.at !== undefined;
      const plan = isMoved ? await this.planWorld(reads, state, target.data as PlanData, changes.products) : undefined;
      const what = { type: 'CorrectCourseEntry', eventId, entry, changes, reason, history } as const;
      return { ...what, openFollowUps, world, plan, physician };
    };
    return runOnCourse(this, meta, course, prepare, async (state, reads, events) => [
      ...(await this.usedOtherwise(state, reads, events)),
      ...(await this.learned(meta, state, reads, events)),
    ]);
  }

  /**
   * What the time of a plan is judged by.
   * @param anew its products, where they are said anew as well; null: none are planned
   */
  private async planWorld(reads: Reads, state: PlannedCourse, plan: PlanData, anew: unknown): Promise<PlanWorld> {
    const { code, version } = plan.protocol;
    const [{ state: consultation }, site, practitioner, { state: published }] = await Promise.all([
      reads.load(consultationStream(plan.consultationId), consultationFold),
      requireSite(reads, state.siteId),
      requirePractitioner(reads, plan.practitionerId),
      reads.load(protocolStream(reads.chain.id, code), protocolFold),
    ]);
    const products = anew === undefined ? plan.products : (anew as PlanData['products'] | null);
    const compositions = await compositionsOf(reads, reads.chain, this.products, consultation, products ?? []);
    return { consultation, site, practitioner, term: termOf(published, version), compositions };
  }

  /**
   * What answers of the pre-treatment check that are said anew say of the patient beyond the session, as when a session is
   * held for them, from the day of the session on.
   */
  private async learned(
    meta: CommandMeta,
    state: PlannedCourse,
    reads: Reads,
    [change]: Parameters<Also>[2],
  ): Promise<StreamEvents[]> {
    if (change?.type !== 'SessionPerformedCorrected') return [];
    const { corrects, siteId, products, at, check } = change.data;
    const history = effectiveHistory(await reads.events(courseStream(state.courseId)));
    const before = history.find(({ header }) => header.id === corrects)?.data as PerformedData | undefined;
    const positive = positiveSince(before?.check, check);
    if (positive.length === 0) return [];
    const since = dateOfWall(at.wall);
    return [await knowledgeOfAnswers(meta, reads, this, state, { positive, siteId, products, since })];
  }

  async retractEntry(
    meta: CommandMeta,
    course: string,
    eventId: Id,
    reason: string,
    named?: string,
  ): Promise<CommandAnswer> {
    const physicianId = named === undefined ? undefined : await practitionerNamed(this.references, meta, named);
    const prepare: Prepare = async (state, reads) => ({
      type: 'RetractCourseEntry',
      eventId,
      reason,
      protocol: await protocolOfCourse(reads, meta.chain, state),
      physician: await this.physicianNamed(reads, state, physicianId),
      history: await reads.events(courseStream(state.courseId)),
      openFollowUps: idsOfOpen(state, await loadPerson(reads, state.patientId)),
    });
    return runOnCourse(this, meta, course, prepare, this.usedOtherwise);
  }

  /**
   * What sessions used of lots otherwise, now that an entry was said anew or taken back. Nobody waits for it: what happened
   * is not refused, and what was used beyond a lot shows as a deviation.
   */
  private readonly usedOtherwise: Also = async (state, reads, events) => {
    const [change] = events as readonly CourseCorrection[];
    const history = await reads.events(courseStream(state.courseId));
    const after = change && foldedWith(history, change);
    const found: StreamEvents[] = [];
    for (const sessionId of new Set([state, after].flatMap((course) => course?.sessions ?? []).map(idOf))) {
      for (const use of changedUses(performedOf(state, sessionId), performedOf(after, sessionId))) {
        const [world] = await lotsAt(reads, reads.chain, this.codes, use.siteId, [use]);
        const lot = world?.lot;
        if (lot?.status !== 'received' || lot.volumeMl === null) continue;
        const said = { lotId: lot.lotId, courseId: state.courseId, sessionId, volumeMl: use.volumeMl };
        const stream = lotUseStream(lot.lotId);
        found.push({ stream, expectedRevision: 'any', events: [LotUsed(occurredNow(reads.now), said)] });
      }
    }
    return found;
  };

  /** Who is named as the physician who decides. */
  private async physicianNamed(
    reads: Reads,
    { siteId }: PlannedCourse,
    id: Id | undefined,
  ): Promise<NamedPhysician | undefined> {
    if (id === undefined) return undefined;
    const [state, { timeZone }] = await Promise.all([
      requirePractitioner(reads, id, 'physician'),
      requireSite(reads, siteId),
    ]);
    return { id, state, on: localDateAt(reads.now, timeZone) };
  }

  /** The fields of an event that a correction names, with ids and instants where the caller gave codes and wall times. */
  private async changesOf(
    meta: CommandMeta,
    reads: Reads,
    fields: Record<string, unknown>,
    stated: Stated,
  ): Promise<Record<string, unknown>> {
    const { site, practitioner, orderedBy, at, endedAt, steps, ...plain } = fields as {
      site?: string;
      practitioner?: string | null;
      orderedBy?: string | null;
      at?: WallTime;
      endedAt?: WallTime | null;
      steps?: z.infer<typeof performSessionSchema>['steps'] | null;
    };
    const changes: Record<string, unknown> = { ...plain };
    const siteId = site === undefined ? stated.siteId : await this.references.resolve(meta.chain, 'site', site);
    if (site !== undefined) changes.siteId = siteId;
    const known = async (named: string, field: string, role?: 'physician'): Promise<Id> => {
      const id = await practitionerNamed(this.references, meta, named);
      const state = await requirePractitioner(reads, id, `data.${field}`);
      if (role && state.role !== role) throw new NotOrdered(`data.${field}`, state.role);
      return id;
    };
    const practitionerId = practitioner ? await known(practitioner, 'practitioner') : stated.practitionerId;
    if (practitioner !== undefined) changes.practitionerId = practitioner && practitionerId;
    if (orderedBy !== undefined) changes.orderedBy = orderedBy && (await known(orderedBy, 'orderedBy', 'physician'));
    const { timeZone } = await requireSite(reads, siteId);
    const timeAt = (wall: WallTime) => wallTimeAt(wall, timeZone, reads.now);
    // What the clock on the wall showed, it showed at the site where it took place.
    const isMoved = site !== undefined;
    const wall = at ?? (isMoved ? stated.at?.wall : undefined);
    if (wall !== undefined) changes.at = timeAt(wall);
    if (endedAt !== undefined) changes.endedAt = endedAt && timeAt(endedAt);
    else if (isMoved && stated.endedAt) changes.endedAt = timeAt(stated.endedAt.wall);
    if (steps !== undefined) {
      changes.steps = steps && (await stepsDone(this.references, meta, reads, steps, practitionerId, timeAt));
    } else if (isMoved && stated.steps) {
      changes.steps = stated.steps.map((step) => (step.at ? { ...step, at: timeAt(step.at.wall) } : step));
    }
    return changes;
  }
}

type PlanData = Extract<CourseEvent, { type: 'CoursePlanned' }>['data'];
type PerformedData = Extract<CourseEvent, { type: 'SessionPerformed' }>['data'];

/** Where and by whom an entry says that something was done. */
interface Stated {
  readonly siteId: Id;
  readonly practitionerId: Id;
  readonly at: ZonedTime | undefined;
  readonly endedAt: ZonedTime | undefined;
  readonly steps: readonly StepDone[] | undefined;
}

const idOf = ({ sessionId }: CourseSession): Id => sessionId;
const performedOf = (course: PlannedCourse | undefined, sessionId: Id): PerformedSession | undefined =>
  course?.sessions.find(
    (session): session is PerformedSession => session.sessionId === sessionId && session.status === 'performed',
  );

/** The follow-ups of a course whose adverse event no physician has closed. */
const idsOfOpen = (state: PlannedCourse, person: Person): Id[] =>
  openFollowUpEvents(state, person).map(({ followUpId }) => followUpId);
