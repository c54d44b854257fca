import { getHeapStatistics } from 'node:v8';
import { silentLog } from '#libs/kernel/src/log.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { Projections } from '#libs/projections/src/projections.js';
import {
  COURSE_PROGRESS,
  CourseProgressProjection,
} from '#libs/treatment/src/course/course-progress/course-progress.projection.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { type EngineOptions, openBenchEngine } from './bench-engine.js';
import { type Elapsed, stopwatch } from './stopwatch.js';

/** Events of the log that were applied, and how long it took. */
export interface Rebuilt extends Elapsed {
  readonly events: number;
}

export interface Rebuilder {
  rebuild(name: string): Promise<Rebuilt>;
  close(): Promise<void>;
}

export interface RebuiltWithMemory extends Rebuilt {
  /** The most that the process had at any time, garbage included. */
  readonly rssMb: number;
  /** The most that was seen of it while rebuilding. */
  readonly heapMb: number;
}

export interface RebuildRunner extends Rebuilder {
  rebuild(name: string): Promise<RebuiltWithMemory>;
}

const SAMPLE_MS = 50;

/** One row an event, and nothing else: what the machinery costs beside the read model. */
class EventRows implements Projection {
  readonly name = EVENT_ROWS;
  readonly version = 1;
  readonly ddl = `create table event_row (
    chain integer not null, id uuid not null, stream text not null, type text not null, happened_at text not null,
    primary key (chain, id))`;
  readonly types: ReadonlySet<string> = new Set(TREATMENT_EVENT_TYPES.map(({ type }) => type));

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    await tx.query(
      `insert into event_row (chain, id, stream, type, happened_at)
       select $1::int, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
       on conflict (chain, id) do update set happened_at = excluded.happened_at`,
      [
        chain.no,
        events.map(({ header }) => header.id),
        events.map(({ stream }) => stream),
        events.map(({ type }) => type),
        events.map(({ occurredAt }) => occurredAt.instant),
      ],
    );
  }
}

export const EVENT_ROWS = 'event_rows';
export { COURSE_PROGRESS };

/** Builds read models anew, as `pistor projections rebuild` does. */
export async function open(options: EngineOptions): Promise<RebuildRunner> {
  const engine = await openBenchEngine(options, TREATMENT_EVENT_TYPES);
  const works = [new CourseProgressProjection(), new EventRows()];
  const projections = new Projections({ ...engine, log: silentLog }, works);
  await projections.prepare();
  return {
    rebuild: async (name) => {
      const events = await engine.store.head(engine.chain.id);
      let heapBytes = 0;
      const sample = () => {
        heapBytes = Math.max(heapBytes, getHeapStatistics().used_heap_size);
      };
      const timer = setInterval(sample, SAMPLE_MS);
      const elapsed = stopwatch();
      await projections.rebuild(name);
      const took = elapsed();
      clearInterval(timer);
      sample();
      return { events, ...took, rssMb: process.resourceUsage().maxRSS / 1024, heapMb: heapBytes / 2 ** 20 };
    },
    close: () => engine.close(),
  };
}
