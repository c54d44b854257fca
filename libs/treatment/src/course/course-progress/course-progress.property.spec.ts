import { newId } from '#libs/kernel/src/ids.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { type Projection, schemaOf } from '#libs/projections/src/projection.js';
import fc from 'fast-check';
import type { StreamOfEvents } from '#test/support/test-engine.js';
import {
  CourseHistory,
  HEALTHY,
  lot,
  patient,
  practitioner,
  protocols,
  site,
  zoned,
} from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import { PatientHealthRecorded } from '../../patient/patient.events.js';

let models: TestReadModels;
beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());

/** Two patients with three courses, in which nearly everything that can deviate does. */
function clinic(): StreamOfEvents[] {
  const [here, there, nurse, physician, ill, allergic] = Array.from({ length: 6 }, newId) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const first = new CourseHistory(
    { site: here, patient: ill, practitioner: nurse },
    { end: 'completed', consentOn: '2024-01-03' },
  )
    .performed('2024-01-02T10:00', { lotNumber: 'L1' })
    .performed('2024-01-10T10:00', { lotNumber: 'L2', practitioner: physician })
    .performed('2024-04-10T10:00', { kind: 'maintenance', site: there, zone: 'America/Vancouver' });
  const second = new CourseHistory({ site: here, patient: ill, practitioner: nurse }, { plannedSessions: 9 })
    .booked('2024-05-01T10:00', { id: newId() })
    .performed('2024-06-01T10:00', { lotNumber: 'L9' });
  const third = new CourseHistory(
    { site: there, patient: allergic, practitioner: nurse },
    { end: 'stopped', consentOn: null },
  )
    .performed('2024-02-01T10:00', { zone: 'America/Vancouver', minutes: 5, depthMm: 9 })
    .performed('2024-03-01T10:00', { zone: 'America/Vancouver' });
  const illness = patient(ill);
  const health = { ...HEALTHY, conditions: ['pregnancy'] };
  const answered = PatientHealthRecorded(occurredAt(zoned('2024-01-05T10:00')), { patientId: ill, health });
  return [
    site(here),
    site(there, 'America/Vancouver'),
    practitioner({ id: nurse, validFrom: '2024-01-05' }),
    practitioner({ id: physician, procedures: ['hair'] }),
    { ...illness, events: [...illness.events, answered] },
    patient(allergic, { allergies: ['BIOTIN'] }),
    lot(here, { lotNumber: 'L1', receivedOn: '2024-01-03' }),
    lot(here, { lotNumber: 'L2', expiresOn: '2024-01-09', ingredients: ['biotin'] }),
    lot(there, { lotNumber: 'L1' }),
    ...[first, second, third].flatMap((history) => history.streams()),
  ];
}

/** The events of all streams in an order in which they could have been recorded. */
function arrival(streams: readonly StreamOfEvents[], choices: readonly number[]): StreamOfEvents[] {
  const waiting = streams.map(({ stream, events }) => ({ stream, events: [...events] }));
  const arrived: StreamOfEvents[] = [];
  for (let n = 0; waiting.length > 0; n += 1) {
    const at = (choices[n % choices.length] as number) % waiting.length;
    const from = waiting[at] as { stream: string; events: NewEvent[] };
    arrived.push({ stream: from.stream, events: [from.events.shift() as NewEvent] });
    if (from.events.length === 0) waiting.splice(at, 1);
  }
  return arrived;
}

const TABLES = {
  course_progress: ['course', 'session_use'],
  maintenance_due: ['course', 'site_release'],
  site_day: ['session'],
};

/** A row without what tells when, and so in which order, things were recorded: what calls for a review is late by that. */
const withoutOrder = (row: string): string =>
  row.replaceAll(/"recorded(At|_at)": "[^"]*"(, )?/g, '').replaceAll(/"reviews": \[[^\]]*\](, )?/g, '');

async function rowsAfter(streams: readonly StreamOfEvents[], pageEvents: number, together = false) {
  const chain = await models.engine.newChain();
  await models.engine.append(chain, streams);
  const rows: Record<string, string[]> = {};
  for (const [name, tables] of Object.entries(TABLES)) {
    const work = models.works.find((each) => each.name === name) as Projection;
    if (together && work.accumulate) await models.engine.accumulate(work, chain, pageEvents);
    else await models.engine.apply(work, chain, pageEvents);
    for (const table of tables) {
      const { rows: found } = await models.engine.db.query<{ row: string }>(
        `select (to_jsonb(t) - 'chain')::text as row from "${schemaOf(work)}".${table} t where chain = $1`,
        [chain.no],
      );
      rows[`${name}.${table}`] = found.map(({ row }) => withoutOrder(row)).sort();
    }
  }
  return rows;
}

it('gives the same rows however events are cut into pages, one transaction or many, whatever order streams come in', async () => {
  const published = protocols('0199a000-0000-7000-8000-000000000001').filter(({ events }) =>
    JSON.stringify(events).includes('"facial"'),
  );
  const streams = [...published, ...clinic()];
  const expected = await rowsAfter(streams, 2_000);
  const judged = expected['course_progress.course']?.join() ?? '';
  for (const kind of [
    'credential',
    'consent',
    'contraindication',
    'lot-expired',
    'lot-not-received',
    'interval-short',
  ]) {
    expect(judged).toContain(`"${kind}"`);
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(97), { minLength: 5, maxLength: 40 }),
      fc.constantFrom(1, 3, 7, 2_000),
      fc.boolean(),
      async (choices, pageEvents, together) => {
        expect(await rowsAfter(arrival(streams, choices), pageEvents, together)).toEqual(expected);
      },
    ),
    { numRuns: 12 },
  );
});
