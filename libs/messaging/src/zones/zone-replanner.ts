import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore, StreamName } from '#libs/event-store/src/event-store.js';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { movedByRules, PRESENT_RULES, type ZoneRules } from '#libs/kernel/src/zone-rules.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { applyZoneRules, coursesWithSessionsAfter, courseStream } from '#libs/treatment/src/streams.contract.js';
import { decide } from '../message/message.decider.js';
import { messageStream } from '../message/message.events.js';
import { type KnownMessage, messageFold } from '../message/message.state.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import { isAboutTheFuture } from '../plan/cause-gone.js';
import type { PlannedTimeline } from '../plan/course-timeline.js';
import { keyOf, messageIdOf, type PlanContext } from '../plan/desired-message.js';
import { personStanding } from '../plan/person-standing.js';
import { sessionMessages } from '../plan/session-messages.js';
import { inGroups } from '../reactor/in-groups.js';
import type { ReadCourse, RecordReader } from '../reactor/record-reader.js';
import type { MovedSession, ZoneMoves } from './zone-moves.js';

const ACTOR = 'system:zone-rules';
/** A course or message that others write at the same moment is read again; nobody writes one for long. */
const TRIES_MAX = 5;
/** Rows of one round trip. */
const PAGE = 500;
/** Courses or messages that are looked at together. */
const GROUP_MAX = 32;

export interface ZoneReplannerDependencies {
  readonly db: Database;
  readonly store: EventStore;
  readonly chains: Pick<Chains, 'now'>;
  readonly reader: RecordReader;
  readonly moves: ZoneMoves;
}

/** How many were moved to another instant. */
export interface Replanned {
  readonly sessions: number;
  readonly messages: number;
}

interface PendingRow {
  readonly message_id: Id;
  readonly due_wall: string;
  readonly due_zone: string;
  readonly due_at: Date;
  readonly deferrals: number;
}

/**
 * Takes what was planned by older rules of zones to the instants that newer ones give. Wall times stay: they are what
 * people agreed on, and what patients were told. What is ahead of a session follows the session; everything else its own
 * wall time. Any number of times, by any number of processes, it comes to the same.
 */
export class ZoneReplanner {
  constructor(
    private readonly deps: ZoneReplannerDependencies,
    private readonly rules: ZoneRules = PRESENT_RULES,
  ) {}

  /** Looks by the read models; what they do not show yet is for the next run. @throws Unavailable and the like */
  async run(chain: Chain): Promise<Replanned> {
    const now = await this.deps.chains.now(chain);
    const courseIds = await coursesWithSessionsAfter(this.deps.db, chain, now);
    const ofCourses = await inGroups(courseIds, (id) => this.course(chain, id, now), GROUP_MAX);
    const messages = await this.ownTimes(chain, now);
    return {
      sessions: ofCourses.reduce((sum, { sessions }) => sum + sessions, 0),
      messages: ofCourses.reduce((sum, each) => sum + each.messages, messages),
    };
  }

  /** Messages first: while the session is not moved it is found again, whatever was interrupted. */
  private async course(chain: Chain, courseId: Id, now: Instant): Promise<Replanned> {
    let messages = 0;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const course = await this.deps.reader.course(chain, courseId);
      const events = course ? applyZoneRules(course.timeline.course, now, this.rules) : [];
      if (!course || events.length === 0) break;
      const moved = new Map(events.map(({ data }) => [data.sessionId, data.at]));
      messages += await this.aheadOf(chain, course, moved, now);
      await this.deps.moves.note(
        chain,
        events.map(({ data }): MovedSession => ({ ...data, movedAt: now })),
      );
      const { siteId } = course.timeline.course;
      const at = { stream: courseStream(courseId), revision: course.revision, site: siteId };
      if (await this.append(chain, at, events)) return { sessions: events.length, messages };
    }
    return { sessions: 0, messages };
  }

  /** What is to be told ahead of sessions that have moved. */
  private async aheadOf(
    chain: Chain,
    { timeline }: ReadCourse,
    moved: ReadonlyMap<Id, ZonedTime>,
    now: Instant,
  ): Promise<number> {
    const { course } = timeline;
    const context = await this.contextOf(chain, timeline, now);
    if (!context) return 0;
    const sessions = course.sessions.map((session) => {
      const bookedFor = session.status === 'booked' ? moved.get(session.sessionId) : undefined;
      return bookedFor ? { ...session, bookedFor } : session;
    });
    const desired = sessionMessages({ ...timeline, course: { ...course, sessions } }, context).filter(
      ({ cause, kind }) => cause.kind === 'session' && moved.has(cause.sessionId) && isAboutTheFuture(kind),
    );
    const done = await inGroups(
      desired,
      (each) => this.message(chain, messageIdOf(course.courseId, keyOf(each, course.patientId)), now, () => each),
      GROUP_MAX,
    );
    return done.filter(Boolean).length;
  }

  private async contextOf(chain: Chain, { course }: PlannedTimeline, now: Instant): Promise<PlanContext | undefined> {
    const { reader } = this.deps;
    const site = await reader.site(chain, course.siteId);
    if (site.status !== 'registered') return undefined;
    const person = await reader.person(chain, course.patientId);
    return {
      protocol: await reader.protocol(chain, course.protocol.code, course.protocol.version),
      zone: site.timeZone,
      importedMaintenanceReleasedAt: site.importedMaintenanceReleasedAt,
      // Only of maintenance, which is not looked at here.
      rhythmEnded: false,
      person: personStanding(person, course.patientId, site.timeZone),
      now,
    };
  }

  /** What follows from a day or from a session that took place, and what was put off to another hour. */
  private async ownTimes(chain: Chain, now: Instant): Promise<number> {
    let messages = 0;
    for (let after: Id | null = null; ; ) {
      const rows: readonly PendingRow[] = (
        await this.deps.db.query<PendingRow>(
          `select message_id, due_wall, due_zone, due_at, deferrals from ${MESSAGES_SCHEMA}.message
           where chain = $1 and status in ('pending', 'held') and ($2::uuid is null or message_id > $2)
           order by message_id limit $3`,
          [chain.no, after, PAGE],
        )
      ).rows;
      const suspects = rows.filter((row) => this.mayMove(row));
      const done = await inGroups(
        suspects,
        ({ message_id }) => this.message(chain, message_id, now, (state) => this.byItsWall(state)),
        GROUP_MAX,
      );
      messages += done.filter(Boolean).length;
      after = rows.at(-1)?.message_id ?? null;
      if (rows.length < PAGE) return messages;
    }
  }

  /** By which rules a row was written is not in it, nor until when it was put off. */
  private mayMove({ due_wall: wall, due_zone: zone, due_at: due, deferrals }: PendingRow): boolean {
    return (
      deferrals > 0 || movedByRules({ wall, zone, tzdb: '', instant: due.toISOString() }, this.rules) !== undefined
    );
  }

  private byItsWall({ planned, due }: KnownMessage): { due: ZonedTime; expiresAt: Instant } | undefined {
    const followsSession = planned.cause.kind === 'session' && isAboutTheFuture(planned.kind);
    const moved = followsSession ? undefined : movedByRules(due, this.rules);
    if (!moved) return undefined;
    const byMs = Date.parse(moved.instant) - Date.parse(due.instant);
    return { due: moved, expiresAt: new Date(Date.parse(planned.expiresAt) + byMs).toISOString() };
  }

  /** @returns whether the message is due at another instant from now on */
  private async message(
    chain: Chain,
    messageId: Id,
    now: Instant,
    timeOf: (state: KnownMessage) => { readonly due: ZonedTime; readonly expiresAt: Instant } | undefined,
  ): Promise<boolean> {
    const stream = messageStream(messageId);
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const { state, revision } = await this.deps.reader.read(chain, stream, messageFold);
      if (state.status === 'none') return false;
      const time = timeOf(state);
      const events = time ? decide({ kind: 're-plan', due: time.due, expiresAt: time.expiresAt }, state, now) : [];
      if (events.length === 0) return false;
      if (await this.append(chain, { stream, revision, site: state.planned.siteId }, events)) return true;
    }
    return false;
  }

  /** @returns false when somebody else has written there meanwhile */
  private async append(
    chain: Chain,
    { stream, revision, site }: { readonly stream: StreamName; readonly revision: number; readonly site: Id },
    events: readonly NewEvent[],
  ): Promise<boolean> {
    try {
      await this.deps.store.append({
        chain: chain.id,
        commandId: derivedId(chain.id, `zone rules ${this.rules.tzdb} of ${stream} at ${revision}`),
        streams: [{ stream, expectedRevision: revision, events }],
        context: { actor: ACTOR, site, origin: 'live' },
      });
      return true;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return false;
      throw error;
    }
  }
}
