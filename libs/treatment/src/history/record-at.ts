import type { Fold } from '#libs/cqrs/src/command-runner.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EffectiveEvent, HistoryAt } from '#libs/event-store/src/correction.js';
import type { EventStore, ReadOptions, StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { type People, siteIn } from '../directory/people.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import { PATIENT_TIMELINE } from '../patient/patient-timeline/patient-timeline.projection.js';
import { loadPerson } from '../patient/person.js';
import { historyAt, type StreamPlaces } from './entry-history.js';

/** A stream as it was at a valid and a recorded time. */
export interface StreamAt<State> {
  readonly state: State;
  /** Of the last event that was recorded by then; -1: there was none. */
  readonly revision: number;
}

/** Reads what is on record of courses and persons, at any valid and recorded time. It reads the log itself. */
export class RecordAt {
  /** The read models that it finds streams by: only the log says what is in them. */
  static readonly reads = [PATIENT_TIMELINE.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly store: EventStore,
    private readonly codec: Codec,
    private readonly people: People,
    private readonly read: Map<StreamName, Promise<readonly RecordedEvent[]>> | undefined = undefined,
  ) {}

  /** For one answer in one chain: a stream is read once, however often it is asked for. */
  forAnswer(): RecordAt {
    return new RecordAt(this.db, this.store, this.codec, this.people, new Map());
  }

  /** The events of a stream as they were recorded, boxes opened. */
  events(chain: Chain, stream: StreamName): Promise<readonly RecordedEvent[]> {
    const known = this.read?.get(stream);
    if (known) return known;
    const events = this.readStream(chain, stream);
    this.read?.set(stream, events);
    return events;
  }

  private async readStream(chain: Chain, stream: StreamName): Promise<readonly RecordedEvent[]> {
    return this.codec.decode(chain, await this.store.readStream(chain.id, stream));
  }

  /** The same with every box left closed: opening them takes the longest, and what an entry shows stands open. */
  async sealedEvents(chain: Chain, stream: StreamName): Promise<readonly RecordedEvent[]> {
    const known = this.read?.get(stream);
    if (known) return known;
    const stored = await this.store.readStream(chain.id, stream);
    return stored.map((event) => this.codec.decodeSealed(event));
  }

  /** Some events of streams, boxes opened; those of a stream in the order of revisions. */
  async eventsAt(
    chain: Chain,
    places: readonly StreamPlaces[],
  ): Promise<ReadonlyMap<StreamName, readonly RecordedEvent[]>> {
    const wanted = new Map<StreamName, Set<number>>();
    for (const { stream, revisions } of places) {
      const known = wanted.get(stream) ?? new Set();
      wanted.set(stream, known);
      for (const revision of revisions) known.add(revision);
    }
    const stored = await Promise.all(
      [...wanted].flatMap(([stream, revisions]) =>
        runsOf(revisions).map(async ({ from, limit }) => {
          const events = await this.store.readStream(chain.id, stream, { from, limit });
          return events.filter(({ revision }) => revisions.has(revision));
        }),
      ),
    );
    const events = new Map<StreamName, RecordedEvent[]>([...wanted.keys()].map((stream) => [stream, []]));
    for (const event of await this.codec.decode(chain, stored.flat())) events.get(event.stream)?.push(event);
    return events;
  }

  /** A stream folded from its history at a time. */
  async fold<State, E extends NewEvent>(
    chain: Chain,
    stream: StreamName,
    fold: Fold<State, E>,
    at: HistoryAt,
  ): Promise<StreamAt<State>> {
    return foldAt(await this.events(chain, stream), fold, at);
  }

  /** Patients whose registrations were linked as one person at a time; the asked one first. */
  async registrations(chain: Chain, patientId: Id, at: HistoryAt): Promise<Id[]> {
    const load = <State, E extends NewEvent>(stream: StreamName, fold: Fold<State, E>) =>
      this.fold(chain, stream, fold, at);
    const { state } = await load(patientStream(patientId), patientFold);
    // Of courses from an old history, whose patient is not registered yet, and of a patient before that.
    if (state.status === 'none') return [patientId];
    const { patients } = await loadPerson({ load }, patientId);
    return patients.map((patient) => patient.patientId);
  }

  /** Every stream with an entry about one of these patients, their own included. */
  async streamsOf(chain: Chain, patientIds: readonly Id[]): Promise<StreamName[]> {
    const { rows } = await this.db.query<{ stream: StreamName }>(
      `select distinct stream from "${schemaOf(PATIENT_TIMELINE)}".entry where chain = $1 and patient_id = any($2::uuid[])`,
      [chain.no, patientIds],
    );
    return [...new Set([...patientIds.map(patientStream), ...rows.map(({ stream }) => stream)])];
  }

  /** The zone in which a date is meant for a person, who belongs to no site: that of the site that saw them first. */
  async zoneOf(chain: Chain, patientIds: readonly Id[]): Promise<string> {
    const { rows } = await this.db.query<{ site_id: Id }>(
      `select site_id from "${schemaOf(PATIENT_TIMELINE)}".entry
       where chain = $1 and patient_id = any($2::uuid[]) and site_id is not null order by position limit 1`,
      [chain.no, patientIds],
    );
    return siteIn(await this.people.sites(chain), rows[0]?.site_id ?? '').timeZone;
  }
}

/** A read of its own takes a store as long as some ten events more of a read. */
const SKIPPED_MAX = 10;

/** Reads that have all of some revisions of a stream between them, in order: what is close together goes in one. */
export function runsOf(revisions: Iterable<number>): Required<ReadOptions>[] {
  const runs: { from: number; limit: number }[] = [];
  for (const revision of [...revisions].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && revision <= run.from + run.limit + SKIPPED_MAX) run.limit = Math.max(run.limit, revision - run.from + 1);
    else runs.push({ from: revision, limit: 1 });
  }
  return runs;
}

/** Folds events as they read at a valid and a recorded time. */
export function foldAt<State, E extends NewEvent>(
  events: readonly RecordedEvent[],
  fold: Fold<State, E>,
  at: HistoryAt,
): StreamAt<State> {
  const { knownAt } = at;
  const history = historyAt(events, at) as readonly EffectiveEvent<RecordedEvent>[] as readonly RecordedEvent<E>[];
  const known = knownAt === undefined ? events : events.filter(({ recordedAt }) => recordedAt <= knownAt);
  return {
    state: history.reduce<State>((state, event) => fold.evolve(state, event), fold.initial),
    revision: known.at(-1)?.revision ?? -1,
  };
}
