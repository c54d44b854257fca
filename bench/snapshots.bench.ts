import { randomBytes } from 'node:crypto';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import {
  CoursePlanned,
  courseStream,
  SessionBooked,
  SessionPerformed,
} from '#libs/treatment/src/course/course.events.js';
import { courseFold, type CourseState } from '#libs/treatment/src/course/course.state.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { contextOf } from './support/bench-events.js';
import { openBenchEngine } from './support/bench-engine.js';
import { median, printMachine } from './support/figures.js';
import { scratchDatabase } from './support/scratch-database.js';

/**
 * Would snapshots pay? What a command waits for when it reads a course: all its events, or a stored state and the two
 * events since. A course has some thirty events; the longer ones show from where on it would.
 */
const LENGTHS = [10, 30, 100, 300, 1_000];
const READS = 400;

const database = await scratchDatabase();
const engine = await openBenchEngine(
  { url: database.url, masterKey: randomBytes(32).toString('hex') },
  TREATMENT_EVENT_TYPES,
);
const { store, codec, chain, db } = engine;
try {
  printMachine();
  await database.client.query('create table snapshot (stream text primary key, revision integer, state json)');
  await database.client.query('grant select on snapshot to public');
  console.log('| events | all events | snapshot and 2 events | all to snapshot |\n|---|---|---|---|');
  for (const length of LENGTHS) {
    const stream = await writeCourse(length);
    const state = await fromEvents(stream);
    await database.client.query('insert into snapshot values ($1, $2, $3)', [
      stream,
      length - 3,
      JSON.stringify(state),
    ]);
    const [whole, short] = [await time(() => fromEvents(stream)), await time(() => fromSnapshot(stream))];
    console.log(`| ${length} | ${us(whole)} | ${us(short)} | ${(whole / short).toFixed(2)} × |`);
  }
} finally {
  await engine.close();
  await database.drop();
}

async function fromEvents(stream: string): Promise<CourseState> {
  const events = await codec.decode(chain, await store.readStream(chain.id, stream));
  return events.reduce<CourseState>((state, event) => courseFold.evolve(state, event as never), courseFold.initial);
}

async function fromSnapshot(stream: string): Promise<CourseState> {
  const { rows } = await db.query<{ revision: number; state: CourseState }>({
    name: 'snapshot',
    text: 'select revision, state from public.snapshot where stream = $1',
    values: [stream],
  });
  const { revision, state } = rows[0] as { revision: number; state: CourseState };
  const events = await codec.decode(chain, await store.readStream(chain.id, stream, { from: revision + 1 }));
  return events.reduce((folded, event) => courseFold.evolve(folded, event as never), state);
}

/** A course of pairs of a booking and the session that came of it. */
async function writeCourse(length: number): Promise<string> {
  const [courseId, patientId, siteId, practitionerId] = [newId(), newId(), newId(), newId()];
  const now = occurredNow('2026-01-05T09:00:00.000Z');
  const of = { courseId, patientId };
  const at = wallToInstant('2026-01-05T10:00', 'Europe/Istanbul');
  const events = Array.from({ length: length - 1 }, (_, n) => {
    const sessionId = newId();
    const session = { ...of, sessionId, kind: 'course', number: (n >> 1) + 1, siteId, practitionerId, at } as const;
    if (n % 2 === 0) return SessionBooked(now, session);
    const products = [{ product: 'GlowMeso HA', lotNumber: 'A24', volumeMl: 2 }];
    return SessionPerformed(now, {
      ...session,
      areas: ['face'],
      device: 'needle',
      depthMm: 2,
      products,
      reactions: [],
      overridden: [],
      overrideReasons: {},
    });
  });
  const planned = CoursePlanned(now, {
    ...of,
    siteId,
    practitionerId,
    consultationId: newId(),
    protocol: { code: 'facial', version: 1 },
    plannedSessions: length,
  });
  await store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream: courseStream(courseId), expectedRevision: 'no-stream', events: [planned, ...events] }],
    context: contextOf(),
  });
  return courseStream(courseId);
}

/** Middle of the times of one read after the other, in µs. */
async function time(read: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < READS; n += 1) {
    const since = performance.now();
    await read();
    if (n >= READS / 4) times.push((performance.now() - since) * 1000);
  }
  return median(times);
}

function us(value: number): string {
  return `${Math.round(value).toLocaleString('en')} µs`;
}
