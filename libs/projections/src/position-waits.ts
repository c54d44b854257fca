import type { Database } from '#libs/database/src/database.js';
import type { Subject } from './checkpoints.js';

/** How often the database is asked how far others have come, while somebody waits. */
const POLL_MS = 15;
/** Who has applied something here this long ago still does, as far as can be told: nothing need be asked. */
const OWNED_MS = 200;

/** Where a projection has come to in one chain. Positions never go back: a build takes over when it is level. */
export interface Reached {
  readonly position: number;
  /** Whether events were set aside: then one that is waited for may be among them. */
  readonly hasParked: boolean;
}

interface Waiter {
  readonly position: number;
  readonly resolve: (reached: Reached) => void;
}

interface Place {
  readonly subject: Subject;
  readonly chainNo: number;
  reached: Reached;
  /** When this process last applied something (performance.now()). */
  appliedAt: number;
  readonly waiters: Set<Waiter>;
}

/**
 * Everybody in this process who waits for a projection to come to a position. One question every 15 ms serves them all,
 * and none is asked for what this process has applied itself: a thousand readers a second who wait for their own writes
 * must not take the connections of those who write.
 */
export class PositionWaits {
  private readonly places = new Map<string, Place>();
  private polling: NodeJS.Timeout | undefined;

  constructor(private readonly db: Database) {}

  /** @returns how far it has come: less than `position` when the time was up. */
  wait(subject: Subject, chainNo: number, position: number, msMax: number): Promise<Reached> {
    const place = this.placeOf(subject, chainNo);
    if (place.reached.position >= position) return Promise.resolve(place.reached);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        resolve: (reached) => {
          clearTimeout(timer);
          place.waiters.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.resolve(place.reached), msMax);
      place.waiters.add(waiter);
      // At once: it may be there already, applied by another process.
      this.polling ??= setTimeout(() => void this.poll(), 0);
    });
  }

  /** Told by whoever applies in this process. */
  moved(subject: Subject, chainNo: number, position: number, hasParked: boolean): void {
    const place = this.placeOf(subject, chainNo);
    place.appliedAt = performance.now();
    come(place, { position, hasParked });
  }

  /** After a build has taken over: where it stands, and what it has set aside, is asked anew. */
  forget(name: string): void {
    for (const place of this.places.values()) {
      if (place.subject.name === name) place.reached = { position: 0, hasParked: false };
    }
  }

  private async poll(): Promise<void> {
    const appliedBefore = performance.now() - OWNED_MS;
    const waited = [...this.places.values()].filter(
      ({ waiters, appliedAt }) => waiters.size > 0 && appliedAt < appliedBefore,
    );
    if (waited.length > 0) await this.ask(waited).catch(() => undefined);
    const isWaitedFor = [...this.places.values()].some(({ waiters }) => waiters.size > 0);
    this.polling = isWaitedFor ? setTimeout(() => void this.poll(), POLL_MS) : undefined;
  }

  /** A database that does not answer is met again by the next question; who waits is told when the time is up. */
  private async ask(places: readonly Place[]): Promise<void> {
    const { rows } = await this.db.query<{ n: string; position: string; has_parked: boolean }>({
      name: 'projection_positions',
      text: `select s.n, p.position, exists (
                select 1 from projection_parked k
                where k.projection = p.projection and k.version = p.version and k.build = p.build and k.chain = p.chain
              ) as has_parked
             from unnest($1::text[], $2::int[], $3::text[], $4::int[]) with ordinality as s(name, version, build, chain, n)
             join projection_checkpoint p
               on p.projection = s.name and p.version = s.version and p.build = s.build and p.chain = s.chain`,
      values: [
        places.map(({ subject }) => subject.name),
        places.map(({ subject }) => subject.version),
        places.map(({ subject }) => subject.build),
        places.map(({ chainNo }) => chainNo),
      ],
    });
    for (const row of rows) {
      come(places[Number(row.n) - 1] as Place, { position: Number(row.position), hasParked: row.has_parked });
    }
  }

  private placeOf(subject: Subject, chainNo: number): Place {
    const name = `${subject.name}/${subject.version}/${subject.build}/${chainNo}`;
    let place = this.places.get(name);
    if (!place) {
      place = {
        subject,
        chainNo,
        reached: { position: 0, hasParked: false },
        appliedAt: -Infinity,
        waiters: new Set(),
      };
      this.places.set(name, place);
    }
    return place;
  }
}

function come(place: Place, reached: Reached): void {
  if (reached.position >= place.reached.position) place.reached = reached;
  for (const waiter of place.waiters) if (waiter.position <= place.reached.position) waiter.resolve(place.reached);
}
