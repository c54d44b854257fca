import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { openTestEngine, type StreamOfEvents, type TestEngine } from '#test/support/test-engine.js';
import { CourseHistory, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import { CourseEntryRetracted, courseStream, FollowUpHeld, FollowUpHeldCorrected } from '../../course/course.events.js';
import { DirectoryProjection } from '../../directory/directory.projection.js';
import { People } from '../../directory/people.js';
import { PatientEntryRetracted, patientStream } from '../../patient/patient.events.js';
import { LEGAL_RULES_DEFAULT, SiteLegalRulesSet, siteStream } from '../../site/site.events.js';
import { TREATMENT_EVENT_TYPES } from '../../treatment.event-types.js';
import {
  AdverseEventAssessed,
  AdverseEventClosed,
  AdverseEventReopened,
  AdverseEventReported,
  AdverseEventReportedCorrected,
  AdverseEventReportedToAuthority,
} from '../adverse-event.events.js';
import { adverseEventViewSchema } from './adverse-events.contract.js';
import { AdverseEventsProjection } from './adverse-events.projection.js';
import { type AdverseEventsParams, AdverseEventsQuery } from './adverse-events.query.js';

let engine: TestEngine;
let projection: AdverseEventsProjection;
let directory: DirectoryProjection;
let query: AdverseEventsQuery;
let chain: Chain;
let of: { site: string; patient: string; practitioner: string };
let today: string;
const physicianId = newId();

beforeAll(async () => {
  engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  const { db, chains, codes, boxes, master } = engine;
  projection = new AdverseEventsProjection();
  directory = new DirectoryProjection(master);
  await engine.projections([projection, directory]);
  query = new AdverseEventsQuery(db, chains, new References(codes), new People(db, codes, boxes), boxes);
});
afterAll(() => engine.close());
beforeEach(async () => {
  chain = await engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
  today = localDateAt(await engine.chains.now(chain), 'Europe/Istanbul');
});

const NOW = occurredNow('2026-01-10T09:00:00.000Z');
const stream = () => patientStream(of.patient);

function reported(adverseEventId: string, changes: object = {}) {
  return AdverseEventReported(NOW, {
    patientId: of.patient,
    adverseEventId,
    courseId: null,
    sessionId: null,
    followUpId: null,
    siteId: of.site,
    kind: 'infection',
    severity: 'severe',
    causality: null,
    ownerId: of.practitioner,
    onsetOn: '2026-01-08',
    reportBy: addDays(today, -3),
    description: 'red and warm on the cheek',
    ...changes,
  });
}
const about = (adverseEventId: string, course: { courseId: string; followUpId: string } | null = null) => ({
  patientId: of.patient,
  adverseEventId,
  courseId: course?.courseId ?? null,
  followUpId: course?.followUpId ?? null,
});
const closed = (adverseEventId: string, course: { courseId: string; followUpId: string } | null = null) =>
  AdverseEventClosed(NOW, { ...about(adverseEventId, course), physicianId, outcome: 'recovered', note: 'healed' });

/** Appends, and applies what is new in pages of a size that cuts it anywhere. */
async function append(pageEvents: number, streams: readonly StreamOfEvents[]): Promise<void> {
  const from = (await engine.store.head(chain.id)) + 1;
  await engine.append(chain, streams);
  await engine.apply(directory, chain, pageEvents, from);
  await engine.apply(projection, chain, pageEvents, from);
}

/** The same with those whom the tests are about, first. */
async function record(pageEvents: number, streams: readonly StreamOfEvents[]): Promise<void> {
  await append(pageEvents, [
    site(of.site),
    practitioner({ id: of.practitioner }),
    practitioner({ id: physicianId, name: 'Ann Roe' }),
    patient(of.patient),
    ...streams,
  ]);
}
const list = async (params: Partial<AdverseEventsParams> = {}) =>
  (await query.list(chain, { limit: 100, ...params })).items.map((item) => adverseEventViewSchema.parse(item));
const idOf = async (type: string): Promise<string> => {
  const stored = await engine.store.readAll(chain.id);
  return stored.find(({ header }) => header.type === type)?.header.id as string;
};

describe.each([1, 2, 3, 100])('adverse events, in pages of %i', (pageEvents) => {
  it('[adverse-event.deadline-of-site] that a follow-up finds count the days that were in force at its site then', async () => {
    const rules = (reportingDays: object) => ({ ...LEGAL_RULES_DEFAULT, reportingDays }) as typeof LEGAL_RULES_DEFAULT;
    const setAt = (instant: string, severe: number) =>
      SiteLegalRulesSet(occurredNow(instant), { siteId: of.site, rules: rules({ severe, moderate: 40, mild: 50 }) });
    const course = new CourseHistory(of).performed('2026-01-02T10:00');
    const found = (wall: string, followUpId: string) =>
      FollowUpHeld(occurredAt(zoned(wall)), {
        courseId: course.id,
        patientId: of.patient,
        followUpId,
        siteId: of.site,
        kind: 'in-person',
        at: zoned(wall),
        reactions: [],
        adverseEvent: { kind: 'infection', severity: 'severe' },
      });
    const [before, between, after] = [newId(), newId(), newId()];
    await record(pageEvents, [
      {
        stream: siteStream(of.site),
        events: [setAt('2026-01-03T00:00:00.000Z', 4), setAt('2026-01-05T00:00:00.000Z', 6)],
      },
      ...course
        .push(found('2026-01-02T12:00', before), found('2026-01-04T12:00', between), found('2026-01-05T12:00', after))
        .streams()
        // Known on its day: the deadline of what is entered late counts from its entry.
        .map((stream) => ({ ...stream, origin: 'import' as const })),
    ]);
    const deadlines = (await list()).map(({ id, reportBy }) => [id, reportBy]);
    expect(Object.fromEntries(deadlines)).toEqual({
      [before]: '2026-01-03',
      [between]: '2026-01-08',
      [after]: '2026-01-11',
    });
  });
  it('[adverse-event.overdue] stand in the order of their last days, with owner and days overdue', async () => {
    const [late, soon, told] = [newId(), newId(), newId()];
    await record(pageEvents, [
      {
        stream: stream(),
        events: [
          reported(soon, { reportBy: addDays(today, 2), kind: 'scarring', severity: 'mild' }),
          reported(late),
          reported(told, { reportBy: addDays(today, -1) }),
          AdverseEventReportedToAuthority(NOW, { ...about(told), on: '2026-01-09', reference: 'A-1' }),
        ],
      },
    ]);
    const items = await list();
    expect(items.map(({ id, daysOverdue }) => [id, daysOverdue])).toEqual([
      [late, 3],
      [told, 0],
      [soon, 0],
    ]);
    expect(items[0]).toEqual({
      id: late,
      state: 'open',
      source: 'report',
      patient: { id: of.patient, code: null, name: 'İpek Şahin' },
      site: { id: of.site, code: null, name: 'Nişantaşı' },
      courseId: null,
      sessionId: null,
      followUpId: null,
      kind: 'infection',
      severity: 'severe',
      causality: null,
      owner: { id: of.practitioner, code: null, name: 'Zoë García' },
      onsetOn: '2026-01-08',
      reportBy: addDays(today, -3),
      daysOverdue: 3,
      reportedToAuthority: null,
      closure: null,
      description: 'red and warm on the cheek',
    });
    expect((await list({ overdue: 'true' })).map(({ id }) => id)).toEqual([late]);
    expect((await list({ overdue: 'false' })).map(({ id }) => id)).toEqual([told, soon]);
  });

  it('are assessed, closed by a physician and opened again', async () => {
    const id = newId();
    const events: NewEvent[] = [
      reported(id),
      AdverseEventAssessed(NOW, {
        ...about(id),
        practitionerId: physicianId,
        causality: 'probable',
        severity: 'moderate',
        ownerId: physicianId,
        reportBy: today,
        actions: ['ointment'],
      }),
      closed(id),
    ];
    await record(pageEvents, [{ stream: stream(), events }]);
    expect(await list({ state: 'open' })).toEqual([]);
    expect(await list({ state: 'closed', owner: physicianId })).toMatchObject([
      {
        id,
        causality: 'probable',
        severity: 'moderate',
        reportBy: today,
        owner: { name: 'Ann Roe' },
        closure: { physician: { name: 'Ann Roe' }, outcome: 'recovered' },
      },
    ]);
    await append(pageEvents, [
      {
        stream: stream(),
        events: [AdverseEventReopened(NOW, { ...about(id), practitionerId: physicianId, reason: 'back' })],
      },
    ]);
    expect(await query.detail(chain, id)).toMatchObject({ state: 'open' });
  });

  it('[adverse-event.found-by-follow-up] are found by follow-ups, too, and closed in the patient’s stream', async () => {
    const { history, followUpId, held } = courseWithFollowUp();
    history.push(held);
    const course = { courseId: history.id, followUpId };
    await record(pageEvents, history.streams());
    const found = { id: followUpId, state: 'open', source: 'follow-up', kind: 'haematoma', courseId: history.id };
    expect(await list({ patient: of.patient })).toMatchObject([
      { ...found, owner: { id: of.practitioner }, onsetOn: '2026-01-09', description: null },
    ]);
    await append(pageEvents, [{ stream: stream(), events: [closed(followUpId, course)] }]);
    expect(await list({ state: 'open' })).toEqual([]);
    expect(await list({ state: 'closed' })).toMatchObject([{ ...found, state: 'closed', kind: 'haematoma' }]);
  });

  it('follow a correction of the follow-up, and come back when it is taken back', async () => {
    const { history, followUpId, held } = courseWithFollowUp();
    history.push(held);
    await record(pageEvents, history.streams());
    const entry = await idOf('FollowUpHeld');
    const { adverseEvent: _, ...nothing } = held.data;
    const correction = FollowUpHeldCorrected(held.occurredAt, {
      ...nothing,
      corrects: entry,
      correctionReason: 'it was a mole',
    });
    await append(pageEvents, [{ stream: courseStream(history.id), events: [correction] }]);
    expect(await list()).toEqual([]);
    await expect(query.detail(chain, followUpId)).rejects.toMatchObject({ code: 'adverse-event.unknown' });
    const retraction = CourseEntryRetracted(NOW, {
      courseId: history.id,
      patientId: of.patient,
      retracts: await idOf('FollowUpHeldCorrected'),
      retractionReason: 'it was none',
    });
    await append(pageEvents, [{ stream: courseStream(history.id), events: [retraction] }]);
    expect(await list()).toMatchObject([{ id: followUpId, kind: 'haematoma', state: 'open' }]);
  });

  it('follow a correction of the report, and go with it when it is taken back', async () => {
    const [id, other] = [newId(), newId()];
    const report = reported(id);
    await record(pageEvents, [{ stream: stream(), events: [report, reported(other), closed(id)] }]);
    const entry = await idOf('AdverseEventReported');
    const correction = AdverseEventReportedCorrected(NOW, {
      ...report.data,
      kind: 'scarring',
      description: 'a scar on the chin',
      corrects: entry,
      correctionReason: 'mixed up',
    });
    await append(pageEvents, [{ stream: stream(), events: [correction] }]);
    expect(await query.detail(chain, id)).toMatchObject({
      state: 'closed',
      kind: 'scarring',
      description: 'a scar on the chin',
    });
    const retraction = PatientEntryRetracted(NOW, {
      patientId: of.patient,
      retracts: entry,
      retractionReason: 'another patient',
    });
    await append(pageEvents, [{ stream: stream(), events: [retraction] }]);
    expect((await list()).map((each) => each.id)).toEqual([other]);
  });
});

function courseWithFollowUp() {
  const history = new CourseHistory(of).performed('2026-01-05T10:00');
  const followUpId = newId();
  const held = FollowUpHeld(occurredAt(zoned('2026-01-09T10:00')), {
    courseId: history.id,
    patientId: of.patient,
    followUpId,
    siteId: of.site,
    kind: 'in-person',
    at: zoned('2026-01-09T10:00'),
    reactions: [],
    adverseEvent: { kind: 'haematoma' },
  });
  return { history, followUpId, held };
}

it('come in pages of a list, each once', async () => {
  const ids = Array.from({ length: 7 }, newId);
  await record(100, [
    { stream: stream(), events: ids.map((id, n) => reported(id, { reportBy: addDays(today, n % 3) })) },
  ]);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await query.list(chain, { limit: 2, cursor });
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor);
  expect([...seen].sort()).toEqual([...ids].sort());
});

it('hold nothing personal that stands open', async () => {
  const id = newId();
  await record(100, [
    {
      stream: stream(),
      events: [
        reported(id),
        AdverseEventAssessed(NOW, {
          ...about(id),
          practitionerId: physicianId,
          causality: 'certain',
          severity: 'mild',
          ownerId: physicianId,
          reportBy: today,
          actions: ['cooled with ice'],
        }),
        closed(id),
      ],
    },
  ]);
  const { rows } = await engine.db.query(`select * from "${schemaOf(projection)}".adverse_event`);
  expect(rows.length).toBeGreaterThan(0);
  expect(JSON.stringify(rows)).not.toMatch(/red and warm|cooled with ice|healed/);
  const stored = await engine.store.readAll(chain.id);
  expect(JSON.stringify(stored)).not.toMatch(/red and warm|cooled with ice|healed/);
});
