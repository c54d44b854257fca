import { randomBytes, randomInt } from 'node:crypto';
import { loadavg } from 'node:os';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type Projection, schemaOf } from '#libs/projections/src/projection.js';
import { Projections } from '#libs/projections/src/projections.js';
import { DirectoryProjection } from '#libs/treatment/src/directory/directory.projection.js';
import { People } from '#libs/treatment/src/directory/people.js';
import { PatientRegistered, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { LOT_TRACE, LotTraceProjection } from '#libs/treatment/src/recall/lot-trace/lot-trace.projection.js';
import { LotTraceQuery, traceParamsSchema } from '#libs/treatment/src/recall/lot-trace/lot-trace.query.js';
import { recallIdOf } from '#libs/treatment/src/recall/recall.events.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { openBenchEngine } from './support/bench-engine.js';
import { contextOf } from './support/bench-events.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import { percentile } from './support/load.js';
import { scratchDatabase, serverSettings } from './support/scratch-database.js';

/**
 * How long the answer to a recall takes: everything that one lot touched, out of a million sessions.
 *
 * The rows of the read model are written by SQL, set by set, and not by its projection: what is measured is the answer.
 * Lots are of two sizes, `touched` sessions and a hundredth of it. A tenth of the sessions is still planned, two of a
 * hundred patients have an adverse event, and of every recalled lot a tenth of the patients was told. Ids are random, so
 * that the rows of a lot lie all over the table. The patients on the first pages are real, their names in boxes; the
 * answer opens them, as it does for whoever asks.
 */
const flags = readFlags([], { sessions: 1_000_000, touched: 10_000, lots: 20, rounds: 10 });
const [sessions, touched] = [flags.number('sessions'), flags.number('touched')];
const PRODUCT = 'GlowMeso HA';
const [SITES, PRACTITIONERS] = [60, 600];
/** Of four sessions each. */
const patients = Math.ceil(sessions / 4);
const MS_MAX = 300;
/** As the route has it where nobody says otherwise. */
const FIRST_PAGE = traceParamsSchema.parse({ product: PRODUCT, lot: 'any' }).limit;

const database = await scratchDatabase();
const engine = await openBenchEngine(
  { url: database.url, masterKey: randomBytes(32).toString('hex') },
  TREATMENT_EVENT_TYPES,
);
const { db, chain, codes, boxes, store, codec } = engine;
const schema = `"${schemaOf(LOT_TRACE)}"`;
const query = new LotTraceQuery(db, new People(db, codes, boxes));
/** Lots that touched many sessions, and some that touched few: named by numbers in one row. */
const bigLots = Math.max(1, Math.floor(sessions / touched / 2));
const asked = Array.from({ length: Math.min(flags.number('lots'), bigLots) }, (_, n) => `BIG${n}`);
const askedSmall = asked.map((_, n) => `SMALL${n}`);
/** Asked for once, so that nothing of them has been looked at before; nobody was told, and no patient has a name. */
const fresh = Array.from({ length: bigLots - asked.length }, (_, n) => `BIG${asked.length + n}`);

try {
  printMachine();
  console.log(`${await serverSettings(database)}.\n`);
  const directory = new DirectoryProjection(engine.master);
  await new Projections({ ...engine, log: console }, [directory, new LotTraceProjection()]).prepare();
  await fill();
  await name(directory);
  const { rows } = await database.client.query<{ size: string }>(
    `select pg_size_pretty(pg_total_relation_size('${schema}.lot_use')) as size`,
  );
  console.log(`Rows of the read model written by SQL; lot_use with its indexes takes ${rows[0]?.size}.`);
  const first = fresh.length > 0 ? await time(fresh, 1) : undefined;
  const again = await time(asked, flags.number('rounds'));
  const small = await time(askedSmall, flags.number('rounds'));
  const pages = await timePages(flags.number('rounds'));
  const { counts } = await query.trace(chain, { product: PRODUCT, lot: asked[0] as string, limit: FIRST_PAGE });
  console.log(`A large lot: ${JSON.stringify(counts)}.`);
  console.log(`Load average while it ran: ${loadavg()[0]?.toFixed(1)}.\n`);
  printFigures([
    ...(first === undefined
      ? []
      : [
          figure('large lot that nobody asked for before, p50', percentile(first, 0.5), MS_MAX),
          figure('large lot that nobody asked for before, slowest', percentile(first, 1), MS_MAX),
        ]),
    figure('large lot, p50', percentile(again, 0.5), MS_MAX),
    figure('large lot, p99', percentile(again, 0.99), MS_MAX),
    figure('small lot, p50', percentile(small, 0.5)),
    figure('small lot, p99', percentile(small, 0.99)),
    figure('a page of 100 sessions in a large lot, p99', percentile(pages, 0.99)),
  ]);
  if (percentile(again, 0.99) > MS_MAX) process.exitCode = 1;
} finally {
  await engine.close();
  await database.drop();
}

function figure(what: string, value: number, msMax?: number): Figure {
  return { what, value, unit: 'ms', ...(msMax === undefined ? {} : { target: `<= ${msMax}` }) };
}

/** A million sessions: half of them with large lots, the others with small ones. */
async function fill(): Promise<void> {
  const { client } = database;
  // With the version and the variant of a UUIDv8.
  const id = (kind: string, n: string) =>
    `overlay(overlay(md5('${kind}' || (${n})) placing '8' from 13 for 1) placing '8' from 17 for 1)::uuid`;
  // Numbers that look random, a different one for each seed, and the same in every run.
  const dice = (seed: number, below: number) =>
    `((hashint8(n + ${seed} * 1000000000::bigint) & 2147483647) % ${below})`;
  const at = `timestamp '2025-01-01' + ${dice(1, 500)} * interval '1 day' + ${dice(2, 540)} * interval '1 minute'`;
  await client.query(
    `insert into ${schema}.lot_use (chain, session_id, product, lot_number, planned, site_id, practitioner_id, course_id,
       patient_id, wall, instant, volume_ul, volume_known)
     select ${chain.no}, ${id('session', 'n')}, '${PRODUCT}',
       case when n % 2 = 0 then 'BIG' || ${dice(3, bigLots)} else 'SMALL' || ${dice(4, bigLots * 100)} end,
       ${dice(5, 10)} = 0, ${id('site', dice(6, SITES))}, ${id('practitioner', dice(7, PRACTITIONERS))},
       ${id('course', 'n / 4')}, ${id('patient', dice(8, patients))}, to_char(${at}, 'YYYY-MM-DD"T"HH24:MI'),
       to_char(${at}, 'YYYY-MM-DD"T"HH24:MI:00.000Z'), 500 + ${dice(9, 2_000)}, ${dice(10, 20)} <> 0
     from generate_series(0::bigint, ${sessions - 1}) n`,
  );
  await client.query(
    `insert into ${schema}.adverse_event
       (chain, id, patient_id, course_id, session_id, site_id, kind, severity, onset_on, by_follow_up)
     select ${chain.no}, ${id('event', 'n')}, ${id('patient', 'n * 50')}, null, null, ${id('site', `n % ${SITES}`)},
       'infection', 'mild', date '2025-06-01' + (n % 300)::integer, false
     from generate_series(0, ${Math.floor(patients / 50) - 1}) n`,
  );
  for (const lot of [...asked, ...askedSmall]) {
    const recall = recallIdOf(chain.id, PRODUCT, lot);
    await client.query(
      `insert into ${schema}.told (chain, recall_id, entry_id, patient_id, on_date, how)
       select ${chain.no}, '${recall}', gen_random_uuid(), patient_id, date '2026-06-01', 'phone'
       from (select distinct patient_id from ${schema}.lot_use
             where chain = ${chain.no} and product = '${PRODUCT}' and lot_number = '${lot}') p
       where hashtext(patient_id::text) % 10 = 0`,
    );
  }
  await client.query('vacuum analyze');
}

/** Registers the patients on the first pages, so that their names are opened as they would be. */
async function name(directory: Projection): Promise<void> {
  const shown = new Set<string>();
  for (const lot of [...asked, ...askedSmall]) {
    const {
      sessions: first,
      patients: byDay,
      planned,
      told,
      adverseEvents,
    } = await query.trace(chain, {
      product: PRODUCT,
      lot,
      limit: FIRST_PAGE,
    });
    for (const { items } of [first, byDay, planned, told, adverseEvents]) {
      for (const { patient } of items) shown.add(patient.id);
    }
  }
  const at = occurredNow('2025-01-01T00:00:00.000Z', 'unknown');
  const preference = { language: 'tr', channel: 'email', contactConsent: true } as const;
  const health = { allergies: [], conditions: [], medications: [] };
  const ids = [...shown];
  for (let from = 0; from < ids.length; from += 500) {
    const streams = ids.slice(from, from + 500).map((patientId) => ({
      stream: patientStream(patientId),
      expectedRevision: 'no-stream' as const,
      events: [
        PatientRegistered(at, {
          ...{ patientId, preference, health },
          identity: {
            familyName: `Şahin ${randomInt(1e6)}`,
            givenName: 'İpek',
            birthDate: '1991-10-01',
            sex: 'female',
          },
        }),
      ],
    }));
    await store.append({ chain: chain.id, commandId: newId(), streams, context: contextOf() });
  }
  for (let from = 1; ; from += 1_000) {
    const stored = await store.readAll(chain.id, { from, limit: 1_000 });
    await db.transaction(async (tx) => {
      await tx.query(`set local search_path to "${schemaOf(directory)}", public`);
      const events = stored.map((event) => codec.decodeSealed(event));
      if (events.length > 0) await directory.apply({ tx, chain, boxes: boxes.within(tx) }, events);
    });
    if (stored.length < 1_000) break;
  }
  await database.client.query('vacuum analyze');
  console.log(`${ids.length.toLocaleString('en')} patients registered, who stand on the first pages.`);
}

/** Milliseconds of each answer. */
async function time(lots: readonly string[], rounds: number): Promise<Float64Array> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const lot of lots) {
      const since = performance.now();
      await query.trace(chain, { product: PRODUCT, lot, limit: FIRST_PAGE });
      times.push(performance.now() - since);
    }
  }
  return Float64Array.from(times);
}

/** Milliseconds of a page in the middle of a list. */
async function timePages(rounds: number): Promise<Float64Array> {
  const times: number[] = [];
  for (const lot of asked) {
    let cursor: string | undefined;
    for (let n = 0; n < rounds; n += 1) {
      const since = performance.now();
      const { next } = await query.list(chain, 'sessions', { product: PRODUCT, lot, limit: 100, cursor });
      times.push(performance.now() - since);
      cursor = next ?? undefined;
    }
  }
  return Float64Array.from(times);
}
