import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { addDays } from '../../libs/kernel/src/local-date.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { localDateAt } from '../../libs/kernel/src/zoned-time.js';
import type { Channel } from '../../libs/messaging/src/channel.contract.js';
import { MessagePlannerReactor } from '../../libs/messaging/src/reactor/message-planner.reactor.js';
import {
  CourseEntryRetracted,
  courseStream,
  SessionCancelled,
  SessionRescheduled,
} from '../../libs/treatment/src/course/course.events.js';
import { PatientLinked, patientStream, PatientUnlinked } from '../../libs/treatment/src/patient/patient.events.js';
import type { TestMessaging, TestWorld } from './test-messaging.js';
import { CourseHistory, zoned } from './treatment-history.js';

const now = occurredNow('2026-05-01T00:00:00.000Z');
/** Of `zoned`. */
const ZONE = 'Europe/Istanbul';

interface Place {
  readonly siteId: string;
  readonly practitionerId: string;
}

/** A chain at whose site it is about noon, and what its patients are told, step by step. */
export class ToldMessages {
  private constructor(
    private readonly messaging: TestMessaging,
    readonly world: TestWorld,
    /** Of the site. */
    readonly zone: string,
    readonly today: string,
    /** Of a session in the small hours: less than a day ago where sessions are, which may be another day than the site's. */
    readonly smallHours: string,
  ) {}

  static async open(messaging: TestMessaging): Promise<ToldMessages> {
    const probe = await messaging.newWorld();
    const hours = 12 - new Date(await messaging.engine.chains.now(probe.chain)).getUTCHours();
    const zone = `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
    const world = await messaging.newWorld({ zone });
    const at = await messaging.engine.chains.now(world.chain);
    return new ToldMessages(messaging, world, zone, at.slice(0, 10), `${localDateAt(at, ZONE)}T00:01`);
  }

  get patient(): string {
    return this.world.of.patient;
  }

  day = (n: number, hour = '14:00'): string => `${addDays(this.today, n)}T${hour}`;

  /** What is planned, and what became of it, sorted by due time. */
  async messages(kinds = ''): Promise<string[]> {
    await this.messaging.follow(this.world.chain);
    const { items } = await this.messaging.queries.list(this.world.chain, { limit: 500 });
    return items
      .filter(({ kind }) => kind.startsWith(kinds))
      .map(({ kind, status, reason, due }) => {
        const end = reason ? ` (${reason})` : '';
        return `${due.wall.slice(0, 10)} ${kind} ${status}${end}`;
      })
      .sort();
  }

  pending = async (kinds = ''): Promise<string[]> =>
    (await this.messages(kinds)).filter((line) => line.endsWith('pending'));
  sent = async (kinds = ''): Promise<string[]> => (await this.messages(kinds)).filter((line) => line.endsWith('sent'));

  named = (course: CourseHistory, patientId = this.patient) => ({ courseId: course.id, patientId });

  /** A session of a course that does not take place. */
  cancelled = (course: CourseHistory, sessionId: string): NewEvent =>
    SessionCancelled(now, { ...this.named(course), sessionId, reason: 'ill' });

  /** A session of a course at another day, in the same place with the same practitioner unless `to` says otherwise. */
  moved = (course: CourseHistory, sessionId: string, day: number, to: Partial<Place> = {}): NewEvent => {
    const { site: siteId, practitioner: practitionerId } = this.world.of;
    const at = zoned(this.day(day));
    return SessionRescheduled(now, { ...this.named(course), sessionId, siteId, practitionerId, at, ...to });
  };

  /** Appends a course, and waits until its messages are planned. */
  async begin(course: CourseHistory): Promise<CourseHistory> {
    await this.world.append(...course.streams());
    await this.messages();
    return course;
  }

  course = (
    options: ConstructorParameters<typeof CourseHistory>[1] = {},
    of: Partial<CourseHistory['of']> = {},
  ): CourseHistory => new CourseHistory({ ...this.world.of, ...of }, options);

  async tell(course: CourseHistory, ...events: NewEvent[]): Promise<void> {
    await this.world.append({ stream: courseStream(course.id), events });
    await this.messages();
  }

  async tellPatient(id: string, ...events: NewEvent[]): Promise<void> {
    await this.world.append({ stream: patientStream(id), events });
    await this.messages();
  }

  lastOf = async (stream: string, type: string): Promise<string> =>
    (await this.messaging.engine.store.readStream(this.world.chain.id, stream)).findLast(
      ({ header }) => header.type === type,
    )?.header.id as string;

  /** Takes back the last entry of a type. */
  async retract(course: CourseHistory, type: string): Promise<void> {
    const retracts = await this.lastOf(courseStream(course.id), type);
    await this.tell(
      course,
      CourseEntryRetracted(now, { ...this.named(course), retracts, retractionReason: 'an error' }),
    );
  }

  private both = async (type: typeof PatientLinked | typeof PatientUnlinked, a: string, b: string, linkId: string) => {
    const side = (patientId: string, otherPatientId: string) => ({
      stream: patientStream(patientId),
      events: [type(now, { patientId, otherPatientId, linkId, reason: 'the same person' })],
    });
    await this.world.append(side(a, b), side(b, a));
    await this.messages();
  };
  link = (a: string, b: string, linkId: string) => this.both(PatientLinked, a, b, linkId);
  unlink = (a: string, b: string, linkId: string) => this.both(PatientUnlinked, a, b, linkId);

  clockTo = (instant: string) => this.messaging.engine.chains.advanceTo(this.world.chain, instant);

  /**
   * Sends the first pending message of a kind as soon as it may go.
   * @param channel by which it goes; the outbox where none is named
   * @returns what became of it; `none` where none is pending
   */
  async send(kind: string, channel?: Channel): Promise<string> {
    await this.messaging.follow(this.world.chain);
    const { chain } = this.world;
    const { items } = await this.messaging.queries.list(chain, { limit: 50, kind: kind as never, status: 'pending' });
    const first = items[0];
    if (!first) return 'none';
    const { dispatcher } = this.messaging.workers(channel && { channel });
    let at = first.due.instant;
    for (;;) {
      if (at > (await this.messaging.engine.chains.now(chain))) await this.clockTo(at);
      const outcome = await dispatcher.dispatch(chain, first.id);
      await this.messaging.follow(chain);
      if (outcome !== 'deferred') return outcome;
      at = (await this.messaging.queries.explain(chain, first.id)).nextDue as string;
    }
  }

  /** Gives the whole log to the planner once more, its notes lost. @returns how many events that adds */
  async planAgain(): Promise<number> {
    const { store, db, codec } = this.messaging.engine;
    const { chain } = this.world;
    const before = await store.head(chain.id);
    for (const table of ['planned_message', 'messaging_course', 'messaging_person']) {
      await db.query(`delete from ${table} where chain = $1`, [chain.no]);
    }
    const planner = this.messaging.works.find((work) => work instanceof MessagePlannerReactor) as MessagePlannerReactor;
    const all = (await store.readAll(chain.id)).filter(({ header }) => planner.types.has(header.type));
    await planner.react(
      chain,
      all.map((event) => codec.decodeSealed(event)),
    );
    return (await store.head(chain.id)) - before;
  }
}
