import type { Chain } from '#libs/event-store/src/chains.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import { type EventStore, NO_STREAM_REVISION, type StreamName } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  type CourseStreamEvent,
  courseStream,
  protocolFold,
  protocolStream,
  siteFold,
  type SiteState,
  siteStream,
  versionOf,
} from '#libs/treatment/src/streams.contract.js';
import { isPlanned, type PlannedTimeline, timelineOf } from '../plan/course-timeline.js';
import { readPerson } from '../plan/person-standing.js';

interface Fold<State, E extends NewEvent> {
  readonly initial: State;
  evolve(state: State, event: RecordedEvent<E>): State;
}

/** A course as it stands now, and the revision that it was read at. */
export interface ReadCourse {
  readonly timeline: PlannedTimeline;
  readonly revision: number;
}

/** Versions never change: a deployment has a few dozen. */
const PROTOCOLS_KEPT = 500;

/** Reads streams for the planner, boxes closed: nothing that is planned depends on personal data. */
export class RecordReader {
  private readonly protocols = new Map<string, Protocol>();

  constructor(
    private readonly store: EventStore,
    private readonly codec: Codec,
  ) {}

  /** The events of a stream as they were recorded, corrections beside what they change. */
  async events<E extends NewEvent>(chain: Chain, stream: StreamName): Promise<readonly RecordedEvent<E>[]> {
    const events = await this.store.readStream(chain.id, stream);
    return events.map((event) => this.codec.decodeSealed<E>(event) as RecordedEvent<E>);
  }

  async read<State, E extends NewEvent>(
    chain: Chain,
    stream: StreamName,
    fold: Fold<State, E>,
  ): Promise<{ readonly state: State; readonly revision: number }> {
    const events = await this.events<E>(chain, stream);
    return {
      state: (effectiveHistory(events) as typeof events).reduce(
        (state, event) => fold.evolve(state, event),
        fold.initial,
      ),
      revision: events.at(-1)?.revision ?? NO_STREAM_REVISION,
    };
  }

  /** Undefined while the course is not planned yet. */
  async course(chain: Chain, courseId: Id): Promise<ReadCourse | undefined> {
    const events = await this.events<CourseStreamEvent>(chain, courseStream(courseId));
    const timeline = timelineOf(events);
    return isPlanned(timeline) ? { timeline, revision: events.at(-1)?.revision ?? NO_STREAM_REVISION } : undefined;
  }

  /** The events of all registrations of a person, in the order of their positions. */
  person = (chain: Chain, patientId: Id): Promise<readonly RecordedEvent[]> =>
    readPerson((stream) => this.events(chain, stream), patientId);

  site = async (chain: Chain, siteId: Id): Promise<SiteState> =>
    (await this.read(chain, siteStream(siteId), siteFold)).state;

  /** @throws Error when the version was never published, which no course can have been planned with. */
  async protocol(chain: Chain, code: string, version: number): Promise<Protocol> {
    const key = `${chain.no} ${code} ${version}`;
    const kept = this.protocols.get(key);
    if (kept) return kept;
    const { state } = await this.read(chain, protocolStream(chain.id, code), protocolFold);
    const protocol = versionOf(state, version);
    if (!protocol) throw new Error(`Version ${version} of protocol ${code} was never published`);
    if (this.protocols.size >= PROTOCOLS_KEPT) this.protocols.clear();
    this.protocols.set(key, protocol);
    return protocol;
  }
}
