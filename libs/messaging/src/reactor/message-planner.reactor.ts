import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { GuardFailed, WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import {
  COURSE_EVENTS,
  courseStream,
  MaintenanceProposed,
  PatientDied,
  PatientDiedCorrected,
  PatientEntryRetracted,
  PatientErased,
  PatientLinked,
  PatientMovedAway,
  PatientMovedAwayCorrected,
  PatientReturned,
  PatientReturnedCorrected,
  PatientUnlinked,
  type PlannedCourse,
  SiteImportedMaintenanceReleased,
} from '#libs/treatment/src/streams.contract.js';
import { decide } from '../message/message.decider.js';
import { messageStream, type SuppressionReason } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { causeGone } from '../plan/cause-gone.js';
import { changedSessions, changeNotice } from '../plan/change-notices.js';
import type { PlannedTimeline } from '../plan/course-timeline.js';
import { type DesiredMessage, keyOf, messageIdOf, type PlanContext } from '../plan/desired-message.js';
import { desiredMessages } from '../plan/desired-messages.js';
import { earlierMessageIds, tellsTheSame } from '../plan/earlier-messages.js';
import { rhythmOf } from '../plan/later-course.js';
import { waitsForRelease } from '../plan/maintenance-messages.js';
import { nextProposal } from '../plan/maintenance-proposal.js';
import { everLinkedWith, goneAt, HERE, type PersonStanding, personStanding } from '../plan/person-standing.js';
import { readBeliefs } from '../plan/told-bookings.js';
import { inGroups } from './in-groups.js';
import type { NotedMessage, PlannerNotes } from './planner-notes.js';
import type { ReadCourse, RecordReader } from './record-reader.js';

const ACTOR = 'system:message-planner';
/** A message that others write at the same moment is read again; nobody writes one for long. */
const SUPPRESS_TRIES_MAX = 5;

export interface MessagePlannerDependencies {
  readonly store: EventStore;
  readonly chains: Chains;
  readonly reader: RecordReader;
  readonly notes: PlannerNotes;
}

/** A course with everything that its messages follow from. */
interface JudgedCourse extends ReadCourse {
  readonly courseId: Id;
  readonly context: PlanContext;
}

/** What may say that a person is gone, or is not any more. */
const PERSON_TYPES: ReadonlySet<string> = new Set(
  [
    ...[PatientDied, PatientMovedAway, PatientReturned, PatientLinked, PatientUnlinked],
    ...[PatientDiedCorrected, PatientMovedAwayCorrected, PatientReturnedCorrected, PatientEntryRetracted],
    PatientErased,
  ].map(({ type }) => type),
);
const patientOf = (data: unknown): Id => (data as { patientId: Id }).patientId;

/**
 * Name and version of the reactor's checkpoints. Version 2 notes whose streams say something about their end, and counts
 * generations otherwise where something was taken back: it looks at everything once more.
 */
export const MESSAGE_PLANNER = { name: 'message_planner', version: 2 } as const;

/**
 * Turns what happens in courses into planned messages and proposals of maintenance. It plans what the course as it
 * stands now asks for and suppresses what it no longer does; each effect has a command id that follows from the
 * message's key, so that a page may be worked off any number of times, by any number of processes.
 */
export class MessagePlannerReactor implements Reactor {
  readonly name = MESSAGE_PLANNER.name;
  readonly version = MESSAGE_PLANNER.version;
  readonly types: ReadonlySet<string> = new Set([
    ...COURSE_EVENTS.map(({ type }) => type),
    SiteImportedMaintenanceReleased.type,
    ...PERSON_TYPES,
  ]);

  constructor(private readonly deps: MessagePlannerDependencies) {}

  async react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    const causes = causesByCourse(events);
    const released = events.filter(({ type }) => type === SiteImportedMaintenanceReleased.type);
    const sites = released.map(({ data }) => (data as { siteId: Id }).siteId);
    const waiting = await this.deps.notes.coursesThatWait(chain, sites);
    const ofPersons = await this.coursesOfPersons(chain, events);
    const now = await this.deps.chains.now(chain);
    const courses = await this.judge(chain, [...new Set([...causes.keys(), ...waiting, ...ofPersons])], now);
    const noted = new Map<Id, NotedMessage[]>(courses.map(({ courseId }) => [courseId, []]));
    for (const message of await this.deps.notes.messagesOf(chain, [...noted.keys()])) {
      noted.get(message.courseId)?.push(message);
    }
    const planned = await inGroups(courses, (course) =>
      this.follow(chain, course, noted.get(course.courseId) ?? [], now, causes.get(course.courseId)),
    );
    // Once for the page: where it is interrupted, the page comes again, and each plan under its command id once more.
    await this.deps.notes.noteMessages(chain, planned.flat());
  }

  /** The courses of everybody about whom a page says that they died, moved away, came back or are somebody else, too. */
  private async coursesOfPersons(chain: Chain, events: readonly SealedEvent[]): Promise<Id[]> {
    const about = events.filter(({ type }) => PERSON_TYPES.has(type));
    if (about.length === 0) return [];
    const { notes, reader } = this.deps;
    const named = about.flatMap(({ data }) => {
      const { patientId, otherPatientId } = data as { patientId: Id; otherPatientId?: Id };
      return otherPatientId === undefined ? [patientId] : [patientId, otherPatientId];
    });
    const patientIds = [...new Set(named)];
    const persons = await inGroups(patientIds, (id) => reader.person(chain, id));
    const registrations = new Set([...patientIds, ...persons.flat().map(({ data }) => patientOf(data))]);
    await notes.notePersons(chain, [...registrations]);
    return notes.coursesOfPatients(chain, [...registrations]);
  }

  /** How the patients of courses stand; most have nothing on record about it, and are not looked at. */
  private async standings(
    chain: Chain,
    patientIds: readonly Id[],
  ): Promise<(patientId: Id, zone: string) => PersonStanding> {
    const ids = await this.deps.notes.personsAmong(chain, [...new Set(patientIds)]);
    const events = new Map(await inGroups(ids, async (id) => [id, await this.deps.reader.person(chain, id)] as const));
    return (patientId, zone) => personStanding(events.get(patientId) ?? [], patientId, zone);
  }

  /** The courses, and the others of the same persons and protocols, whose rhythm they may have ended. */
  private async judge(chain: Chain, courseIds: readonly Id[], now: Instant): Promise<JudgedCourse[]> {
    const known = new Map<Id, ReadCourse>();
    const read = async (ids: readonly Id[]) => {
      const missing = ids.filter((id) => !known.has(id));
      const found = await inGroups(missing, (id) => this.deps.reader.course(chain, id));
      found.forEach((course, n) => course && known.set(missing[n] as Id, course));
    };
    await read(courseIds);
    const contexts = await this.contexts(chain, known, now);
    const touched = [...known.values()].map(({ timeline }) => timeline.course);
    await this.note(chain, known, contexts);
    const registrationsOf = ({ courseId, patientId }: PlannedCourse) =>
      everLinkedWith(patientId, contexts.get(courseId)?.person ?? HERE);
    const pairs = touched.flatMap((course) =>
      registrationsOf(course).map((patientId) => ({ patientId, protocol: course.protocol.code })),
    );
    await read(await this.deps.notes.coursesOf(chain, pairs));
    for (const [id, context] of await this.contexts(chain, known, now)) contexts.set(id, context);

    const byPatient = new Map<Id, PlannedTimeline[]>();
    for (const { timeline } of known.values()) {
      const { patientId } = timeline.course;
      byPatient.set(patientId, [...(byPatient.get(patientId) ?? []), timeline]);
    }
    return [...known].map(([courseId, course]) => {
      const { timeline } = course;
      const all = registrationsOf(timeline.course).flatMap((id) => byPatient.get(id) ?? []);
      const context = contexts.get(courseId) as PlanContext;
      return { ...course, courseId, context: { ...context, ...rhythmOf(timeline, all, context.person) } };
    });
  }

  private async contexts(
    chain: Chain,
    courses: ReadonlyMap<Id, ReadCourse>,
    now: Instant,
  ): Promise<Map<Id, PlanContext>> {
    const all = [...courses.values()].map(({ timeline }) => timeline.course);
    const standingOf = await this.standings(
      chain,
      all.map(({ patientId }) => patientId),
    );
    const siteIds = [...new Set(all.map(({ siteId }) => siteId))];
    const sites = new Map(await inGroups(siteIds, async (id) => [id, await this.deps.reader.site(chain, id)] as const));
    const contexts = await inGroups(all, async ({ courseId, patientId, siteId, protocol: { code, version } }) => {
      const site = sites.get(siteId);
      if (site?.status !== 'registered') throw new Error(`Course ${courseId} is at a site that was never registered`);
      const context: PlanContext = {
        protocol: await this.deps.reader.protocol(chain, code, version),
        zone: site.timeZone,
        importedMaintenanceReleasedAt: site.importedMaintenanceReleasedAt,
        rhythmEnded: false,
        person: standingOf(patientId, site.timeZone),
        now,
      };
      return [courseId, context] as const;
    });
    return new Map(contexts);
  }

  private async note(chain: Chain, courses: ReadonlyMap<Id, ReadCourse>, contexts: ReadonlyMap<Id, PlanContext>) {
    await this.deps.notes.noteCourses(
      chain,
      [...courses.values()].map(({ timeline }) => {
        const { courseId, patientId, siteId, protocol } = timeline.course;
        const waits = waitsForRelease(timeline, contexts.get(courseId) as PlanContext);
        return { courseId, patientId, siteId, protocol: protocol.code, waitsForRelease: waits };
      }),
    );
  }

  /** @returns what is planned now, to be noted */
  private async follow(
    chain: Chain,
    course: JudgedCourse,
    noted: readonly NotedMessage[],
    now: Instant,
    causationId: Id | undefined,
  ): Promise<Omit<NotedMessage, 'open'>[]> {
    const known = new Set(noted.map(({ messageId }) => messageId));
    const { patientId } = course.timeline.course;
    const desired = [...desiredMessages(course.timeline, course.context), ...(await this.changeNotices(chain, course))];
    const missing = desired
      .map((each) => ({ desired: each, key: keyOf(each, patientId) }))
      .map((each) => ({ ...each, messageId: messageIdOf(course.courseId, each.key) }))
      .filter(({ messageId }) => !known.has(messageId));
    const planned = await inGroups(missing, async ({ desired: each, key, messageId }) => {
      if (await this.wasTold(chain, course, each, noted)) return [];
      const done = await this.plan(chain, course, each, key, messageId, now, causationId);
      const { kind, cause, generation } = each;
      return done ? [{ courseId: course.courseId, messageId, kind, cause, generation }] : [];
    });
    await this.suppressGone(chain, course, noted, now, causationId);
    await this.propose(chain, course, now, causationId);
    return planned.flat();
  }

  /** What corrects what the patient was, or may have been, told of a session. */
  private async changeNotices(chain: Chain, { timeline, context }: JudgedCourse): Promise<DesiredMessage[]> {
    const read = <E extends NewEvent>(stream: string) => this.deps.reader.events<E>(chain, stream);
    const notices = await inGroups(changedSessions(timeline, context), async (sessionId) => {
      const beliefs = await readBeliefs(read, { timeline, sessionId, person: context.person });
      return changeNotice(sessionId, beliefs, timeline, context);
    });
    return notices.filter((notice) => notice !== null);
  }

  /** Whether the patient has been told the same already, under whatever generation. */
  private async wasTold(
    chain: Chain,
    { timeline, context }: JudgedCourse,
    desired: DesiredMessage,
    noted: readonly NotedMessage[],
  ): Promise<boolean> {
    for (const id of earlierMessageIds(desired, timeline.course, timeline, context, noted)) {
      const { state } = await this.deps.reader.read(chain, messageStream(id), messageFold);
      if (tellsTheSame(state, desired)) return true;
    }
    return false;
  }

  /** @returns false when the course has moved on: what moved it comes with a later page, and is planned from then. */
  private async plan(
    chain: Chain,
    { courseId, timeline, revision }: JudgedCourse,
    { kind, cause, generation, precaution, due, expiresAt, facts }: DesiredMessage,
    key: string,
    messageId: Id,
    now: Instant,
    causationId: Id | undefined,
  ): Promise<boolean> {
    const { patientId, siteId } = timeline.course;
    const planned = {
      ...{ messageId, kind, courseId, patientId, siteId, cause, generation },
      ...(precaution === undefined ? {} : { precaution }),
      ...{ due, expiresAt, facts: [...facts] },
    };
    return this.append(chain, {
      commandId: derivedId(courseId, key),
      stream: messageStream(messageId),
      expectedRevision: 'no-stream',
      events: decide({ kind: 'plan', planned }, messageFold.initial, now),
      guard: { stream: courseStream(courseId), revision },
      site: siteId,
      causationId,
    });
  }

  private async suppressGone(
    chain: Chain,
    course: JudgedCourse,
    noted: readonly NotedMessage[],
    now: Instant,
    causationId: Id | undefined,
  ): Promise<void> {
    const gone = noted
      .filter(({ open }) => open)
      .map((message) => ({ message, reason: causeGone(message, course.timeline, course.context) }))
      .filter((each): each is { message: NotedMessage; reason: SuppressionReason } => each.reason !== undefined);
    const settled = await inGroups(gone, async ({ message, reason }) => {
      const done = await this.suppress(chain, course, message.messageId, reason, now, causationId);
      return done ? [message] : [];
    });
    await this.deps.notes.close(chain, settled.flat());
  }

  /** @returns whether nothing is left to do about it. One that is being sent is left to whoever sends it. */
  private async suppress(
    chain: Chain,
    { timeline }: JudgedCourse,
    messageId: Id,
    reason: SuppressionReason,
    now: Instant,
    causationId: Id | undefined,
  ): Promise<boolean> {
    const stream = messageStream(messageId);
    for (let tries = 1; tries <= SUPPRESS_TRIES_MAX; tries += 1) {
      const { state, revision } = await this.deps.reader.read(chain, stream, messageFold);
      if (state.status === 'attempted') return false;
      if (state.status !== 'pending') return true;
      const done = await this.append(chain, {
        commandId: derivedId(messageId, `suppress at ${revision}`),
        stream,
        expectedRevision: revision,
        events: decide({ kind: 'suppress', reason }, state, now),
        site: timeline.course.siteId,
        causationId,
      });
      if (done) return true;
    }
    return false;
  }

  private async propose(chain: Chain, course: JudgedCourse, now: Instant, causationId: Id | undefined): Promise<void> {
    const { courseId, revision, timeline, context } = course;
    if (goneAt(context.person, context.now, context.zone)) return;
    const window = nextProposal(timeline.course, context.protocol, context.rhythmEnded);
    if (!window) return;
    const { patientId, siteId } = timeline.course;
    // Nothing is begun any more with somebody who was erased.
    if (await this.deps.notes.isErased(chain, patientId)) return;
    // When the course has moved on meanwhile, the page with what moved it proposes.
    await this.append(chain, {
      commandId: derivedId(courseId, `maintenance ${window.ordinal} at ${revision}`),
      stream: courseStream(courseId),
      expectedRevision: revision,
      events: [MaintenanceProposed(occurredNow(now), { courseId, patientId, ...window })],
      site: siteId,
      causationId,
    });
  }

  private async append(
    chain: Chain,
    write: {
      readonly commandId: Id;
      readonly stream: string;
      readonly expectedRevision: 'no-stream' | number;
      readonly events: readonly NewEvent[];
      readonly guard?: { readonly stream: string; readonly revision: number };
      readonly site: Id;
      readonly causationId: Id | undefined;
    },
  ): Promise<boolean> {
    const { commandId, stream, expectedRevision, events, guard, site, causationId } = write;
    try {
      await this.deps.store.append({
        chain: chain.id,
        commandId,
        streams: [{ stream, expectedRevision, events }],
        guards: guard ? [guard] : [],
        context: { actor: ACTOR, site, origin: 'live', causationId },
      });
      return true;
    } catch (error) {
      if (error instanceof GuardFailed || error instanceof WrongExpectedRevision) return false;
      throw error;
    }
  }
}

/** The courses that a page is about, each with the last event about it. */
function causesByCourse(events: readonly SealedEvent[]): Map<Id, Id> {
  const causes = new Map<Id, Id>();
  for (const { data, header } of events) {
    const { courseId } = data as { courseId?: Id };
    if (courseId !== undefined) causes.set(courseId, header.id);
  }
  return causes;
}
