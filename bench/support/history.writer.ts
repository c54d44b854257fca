import { setTimeout as sleep } from 'node:timers/promises';
import { PERSONAL_CLASSES } from '#libs/event-store/src/personal-data.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import type { Projection } from '#libs/projections/src/projection.js';
import { Projections } from '#libs/projections/src/projections.js';
import {
  COURSE_PROGRESS,
  CourseProgressProjection,
} from '#libs/treatment/src/course/course-progress/course-progress.projection.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { treatmentProjections } from '#libs/treatment/src/treatment.projections.js';
import { type BenchEngine, type EngineOptions, openBenchEngine } from './bench-engine.js';
import { contextOf } from './bench-events.js';
import { TreatmentChain, type TreatmentChainOptions, type Visit } from './treatment-chain.js';

export interface WriterOptions extends EngineOptions, TreatmentChainOptions {
  /** Which read models this process keeps up to date beside writing. */
  readonly projecting: 'none' | 'course progress' | 'all of treatment';
}

/** How long after the acknowledgement each command's events were visible, and how long the acknowledgement took. */
export interface Visibility {
  readonly visibleMs: Float64Array;
  readonly acknowledgedMs: Float64Array;
  readonly seconds: number;
}

export interface HistoryWriter {
  /** Appends the chain's next visits until so many events stand in it. @returns how many there are */
  writeUntil(events: number): Promise<number>;
  /** Appends at a fixed rate, whatever the answers take, and waits for each to be visible in course progress. */
  commands(aSecond: number, seconds: number, startAt: number): Promise<Visibility>;
  /** Waits until the read models that this process keeps are at the head. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Enough for full batches. They arrive, and so are committed, in the order in which they are sent. */
const IN_FLIGHT_MAX = 512;
/** Who waits longer than this has given up; it counts as this long. */
const VISIBLE_MS_MAX = 10_000;

/** Writes a chain's history through the store, and may run projections, as a process of the product does. */
export async function open(options: WriterOptions): Promise<HistoryWriter> {
  const engine = await openBenchEngine(options, TREATMENT_EVENT_TYPES);
  const visits = new TreatmentChain(options).visits(engine.chain.id);
  const works: Projection[] =
    options.projecting === 'all of treatment' ? treatmentProjections(engine) : [new CourseProgressProjection()];
  const projections = new Projections({ ...engine, log: silentLog }, works);
  await projections.prepare();
  if (options.projecting !== 'none') projections.start();

  return {
    writeUntil: async (events) => {
      const flight = new Set<Promise<unknown>>();
      let written = await engine.store.head(engine.chain.id);
      while (written < events) {
        const visit = visits.next().value as Visit;
        await meet(engine, visit);
        const appended: Promise<unknown> = append(engine, visit).finally(() => flight.delete(appended));
        flight.add(appended);
        written += visit.events.length;
        if (flight.size >= IN_FLIGHT_MAX) await Promise.race(flight);
      }
      await Promise.all(flight);
      return engine.store.head(engine.chain.id);
    },

    commands: async (aSecond, seconds, startAt) => {
      const [visibleMs, acknowledgedMs]: [number[], number[]] = [[], []];
      const command = async (visit: Visit, due: number) => {
        const position = await append(engine, visit);
        const acknowledged = performance.now();
        await projections
          .waitFor(COURSE_PROGRESS.name, engine.chain, position, VISIBLE_MS_MAX)
          .catch((error: unknown) => {
            // Too late is a figure as well.
            if (!(error instanceof Unavailable && error.code === 'projection.behind')) throw error;
          });
        visibleMs.push(performance.now() - acknowledged);
        acknowledgedMs.push(acknowledged - due);
      };
      const planned = Array.from({ length: aSecond * seconds }, () => visits.next().value as Visit);
      for (const visit of planned) await meet(engine, visit);
      await sleep(Math.max(0, startAt - Date.now()));
      const since = performance.now();
      const commands: Promise<void>[] = [];
      while (commands.length < planned.length) {
        const elapsed = performance.now() - since;
        while (commands.length < planned.length && (commands.length * 1000) / aSecond <= elapsed) {
          const due = since + (commands.length * 1000) / aSecond;
          commands.push(command(planned[commands.length] as Visit, due));
        }
        await sleep(1);
      }
      const sentIn = (performance.now() - since) / 1000;
      await Promise.all(commands);
      return {
        visibleMs: Float64Array.from(visibleMs),
        acknowledgedMs: Float64Array.from(acknowledgedMs),
        seconds: sentIn,
      };
    },

    caughtUp: () => projections.waitForHead(engine.chain, 10 * 60_000),

    close: async () => {
      await projections.stop();
      await engine.close();
    },
  };
}

/** Makes the keys of a person before the first event about them: appends that wait for keys would come out of order. */
async function meet({ keys, chain }: BenchEngine, { newPerson }: Visit): Promise<void> {
  if (newPerson === undefined) return;
  await keys.findOrCreate(
    chain,
    PERSONAL_CLASSES.map((personalClass) => ({ subject: newPerson satisfies Id, class: personalClass })),
  );
}

/** @returns the position of its last event. */
async function append({ store, chain }: BenchEngine, { stream, expectedRevision, events }: Visit): Promise<number> {
  const { position } = await store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream, expectedRevision, events }],
    context: contextOf(),
  });
  return position;
}
