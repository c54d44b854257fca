import type { Chain } from '#libs/event-store/src/chains.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { openTestEngine, type StreamOfEvents, type TestEngine } from '#test/support/test-engine.js';
import { CourseHistory, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import fc from 'fast-check';
import {
  AdverseEventAssessed,
  AdverseEventClosed,
  AdverseEventReported,
  AdverseEventReportedCorrected,
} from '../../adverse-event/adverse-event.events.js';
import {
  CourseEntryRetracted,
  CourseStopped,
  FollowUpHeld,
  FollowUpHeldCorrected,
  SessionBooked,
  SessionCancelled,
  SessionMissed,
  SessionPerformed,
  SessionPerformedCorrected,
  SessionProductsPlanned,
  SessionRescheduled,
} from '../../course/course.events.js';
import { DirectoryProjection } from '../../directory/directory.projection.js';
import { People } from '../../directory/people.js';
import { LotReceived, LotReceivedCorrected, lotStream, LotWasted } from '../../lot/lot.events.js';
import { patientStream } from '../../patient/patient.events.js';
import { TREATMENT_EVENT_TYPES } from '../../treatment.event-types.js';
import {
  LotRecalled,
  LotRecallLifted,
  RecallEntryRetracted,
  recallIdOf,
  RecallPatientTold,
  recallStreamOf,
} from '../recall.events.js';
import { type LotTrace, lotTraceSchema, TRACE_LISTS, type TraceList } from './lot-trace.contract.js';
import { LOT_TRACE, LotTraceProjection } from './lot-trace.projection.js';
import { LotTraceQuery } from './lot-trace.query.js';

const PRODUCT = 'GlowMeso';
const LOT = 'L1';
const NOW = occurredNow('2026-06-01T09:00:00.000Z');

let engine: TestEngine;
let query: LotTraceQuery;
let chain: Chain;
let applied: Map<string, number>;
let of: { site: string; patient: string; practitioner: string };

const works = () => [new DirectoryProjection(engine.master), new LotTraceProjection()];

beforeAll(async () => {
  engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  query = new LotTraceQuery(engine.db, new People(engine.db, engine.codes, engine.boxes));
  await engine.projections(works());
});
afterAll(() => engine.close());
beforeEach(async () => {
  chain = await engine.newChain();
  applied = new Map();
  of = { site: newId(), patient: newId(), practitioner: newId() };
});

/** Appends, and applies everything in pages of a size. */
async function record(streams: readonly StreamOfEvents[], pageEvents = 2_000): Promise<void> {
  await engine.append(chain, streams);
  for (const work of works()) {
    const from = (applied.get(work.name) ?? 0) + 1;
    applied.set(work.name, await engine.apply(work, chain, pageEvents, from));
  }
}
const trace = async (limit = 50): Promise<LotTrace> =>
  lotTraceSchema.parse(await query.trace(chain, { product: PRODUCT, lot: LOT, limit }));
const named = (history: CourseHistory) => ({ courseId: history.id, patientId: of.patient });
const inCourse = (history: CourseHistory, ...events: NewEvent[]): StreamOfEvents => ({
  stream: `course-${history.id}`,
  events,
});

/** Ids of the events of a stream, in their order. */
const idsIn = async (stream: string) =>
  (await engine.store.readStream(chain.id, stream)).map(({ header }) => header.id);

const session = (history: CourseHistory, sessionId: string, wall: string) => ({
  ...named(history),
  ...{
    sessionId,
    kind: 'course' as const,
    number: 1,
    siteId: of.site,
    practitionerId: of.practitioner,
    at: zoned(wall),
  },
});
const performed = (
  history: CourseHistory,
  sessionId: string,
  wall: string,
  products: { product: string; lotNumber: string; volumeMl?: number }[],
) => ({
  ...session(history, sessionId, wall),
  ...{ areas: ['face'], device: 'needle' as const, products, reactions: [], overridden: [], overrideReasons: {} },
});
const lotOf = (lotNumber: string, volumeMl?: number) => ({
  product: PRODUCT,
  lotNumber,
  ...(volumeMl === undefined ? {} : { volumeMl }),
});

describe('the sessions of a lot', () => {
  it('are those performed with it, each once, with date, site, practitioner, patient and volume', async () => {
    const [first, second] = [newId(), newId()];
    const history = new CourseHistory(of);
    history.push(
      SessionPerformed(
        NOW,
        performed(history, first, '2026-02-01T10:00', [lotOf(LOT, 0.1), lotOf(LOT, 0.2), lotOf('L2', 3)]),
      ),
      SessionPerformed(NOW, performed(history, second, '2026-02-15T10:00', [lotOf(LOT)])),
    );
    await record([site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...history.streams()]);
    await engine.codes.reserve(chain, 'course', ['C1'], () => history.id);
    const found = await trace();
    expect(found).toMatchObject({
      recall: null,
      counts: {
        sessions: 2,
        patients: 1,
        sites: 1,
        practitioners: 1,
        planned: 0,
        told: 0,
        notTold: 1,
        volumeUnknown: 1,
      },
      volumeMl: 0.3,
    });
    expect(found.sessions.items).toEqual([
      {
        sessionId: first,
        course: { id: history.id, code: 'C1' },
        patient: { id: of.patient, code: null, name: 'İpek Şahin' },
        site: { id: of.site, code: null, name: 'Nişantaşı' },
        practitioner: { id: of.practitioner, code: null, name: 'Zoë García' },
        at: '2026-02-01T10:00',
        volumeMl: 0.3,
      },
      expect.objectContaining({ sessionId: second, volumeMl: null }),
    ]);
    expect(found.patients.items).toMatchObject([
      { patient: { id: of.patient }, sessions: 2, firstOn: '2026-02-01', lastOn: '2026-02-15', told: null },
    ]);
    expect(found.sites.items).toMatchObject([{ site: { id: of.site }, sessions: 2, patients: 1 }]);
    expect(found.practitioners.items).toMatchObject([{ practitioner: { id: of.practitioner }, sessions: 2 }]);
  });

  it('move to another lot with a correction of the session, and come back when that is taken back', async () => {
    const sessionId = newId();
    const history = new CourseHistory(of);
    history.push(
      SessionBooked(NOW, session(history, sessionId, '2026-02-01T10:00')),
      SessionPerformed(NOW, performed(history, sessionId, '2026-02-01T10:00', [lotOf('L2', 1)])),
    );
    await record([site(of.site), ...history.streams()]);
    expect((await trace()).counts.sessions).toBe(0);
    const corrects = (await idsIn(`course-${history.id}`))[2] as string;
    const correction = SessionPerformedCorrected(NOW, {
      ...performed(history, sessionId, '2026-02-02T10:00', [lotOf(LOT, 2)]),
      ...{ corrects, correctionReason: 'misread' },
    });
    await record([inCourse(history, correction)]);
    expect((await trace()).sessions.items).toMatchObject([{ sessionId, at: '2026-02-02T10:00', volumeMl: 2 }]);
    const retracts = (await idsIn(`course-${history.id}`))[3] as string;
    await record([
      inCourse(history, CourseEntryRetracted(NOW, { ...named(history), retracts, retractionReason: 'it was L2' })),
    ]);
    expect((await trace()).counts.sessions).toBe(0);
    const other = await query.trace(chain, { product: PRODUCT, lot: 'L2', limit: 5 });
    expect(other.sessions.items).toMatchObject([{ sessionId, volumeMl: 1 }]);
  });

  it('are gone when the session is taken back, and stand as planned again', async () => {
    const sessionId = newId();
    const history = new CourseHistory(of);
    const products = [{ product: PRODUCT, lotNumber: LOT }];
    history.push(
      SessionBooked(NOW, { ...session(history, sessionId, '2026-02-01T10:00'), products }),
      SessionPerformed(NOW, performed(history, sessionId, '2026-02-01T10:00', [lotOf(LOT, 1)])),
    );
    await record([site(of.site), ...history.streams()]);
    expect((await trace()).counts).toMatchObject({ sessions: 1, planned: 0 });
    const retracts = (await idsIn(`course-${history.id}`))[2] as string;
    await record([
      inCourse(history, CourseEntryRetracted(NOW, { ...named(history), retracts, retractionReason: 'wrong patient' })),
    ]);
    expect((await trace()).counts).toMatchObject({ sessions: 0, planned: 1 });
  });
});

describe('what is planned on a lot', () => {
  it('follows bookings, changed plans and moves, and ends with the session or its course', async () => {
    const [moved, missed, cancelled, replanned] = [newId(), newId(), newId(), newId()];
    const history = new CourseHistory(of);
    const products = [{ product: PRODUCT, lotNumber: LOT }];
    for (const id of [moved, missed, cancelled]) {
      history.push(SessionBooked(NOW, { ...session(history, id, '2026-07-01T10:00'), products }));
    }
    // Booked with a product whose lot nobody has chosen yet.
    history.push(
      SessionBooked(NOW, { ...session(history, replanned, '2026-07-02T10:00'), products: [{ product: PRODUCT }] }),
    );
    await record([site(of.site), ...history.streams()]);
    expect((await trace()).counts.planned).toBe(3);
    const of_ = named(history);
    const [elsewhere, at] = [newId(), zoned('2026-07-09T09:00')];
    await record([
      inCourse(
        history,
        SessionRescheduled(NOW, { ...of_, sessionId: moved, siteId: elsewhere, practitionerId: of.practitioner, at }),
        SessionMissed(NOW, { ...of_, sessionId: missed }),
        SessionCancelled(NOW, { ...of_, sessionId: cancelled, reason: 'ill' }),
        SessionProductsPlanned(NOW, { ...of_, sessionId: replanned, products }),
      ),
    ]);
    const found = await trace();
    expect(found.planned.items).toMatchObject([
      { sessionId: replanned, at: '2026-07-02T10:00', volumeMl: null },
      { sessionId: moved, at: '2026-07-09T09:00', site: { id: elsewhere } },
    ]);
    await record([inCourse(history, CourseStopped(NOW, { ...of_, reason: 'moved away' }))]);
    expect((await trace()).counts.planned).toBe(0);
  });
});

describe('adverse events', () => {
  const ofEvent = (adverseEventId: string) => ({
    ...{ patientId: of.patient, adverseEventId, courseId: null, followUpId: null },
  });
  const reported = (adverseEventId: string, onsetOn: string) => ({
    ...ofEvent(adverseEventId),
    ...{ sessionId: null, siteId: of.site, kind: 'infection' as const, severity: 'mild' as const, causality: null },
    ...{ ownerId: of.practitioner, onsetOn, reportBy: '2026-12-31', description: 'red' },
  });

  it('count from the day of the patient’s first session with the lot, with how they stand', async () => {
    const [before, after, byFollowUp] = [newId(), newId(), newId()];
    const history = new CourseHistory(of);
    history.push(
      SessionPerformed(NOW, performed(history, newId(), '2026-02-01T10:00', [lotOf(LOT, 1)])),
      FollowUpHeld(NOW, {
        ...named(history),
        ...{ followUpId: byFollowUp, siteId: of.site, kind: 'remote' as const, at: zoned('2026-02-08T10:00') },
        ...{ reactions: [], adverseEvent: { kind: 'scarring' as const } },
      }),
    );
    await record([
      ...[site(of.site), patient(of.patient), ...history.streams()],
      {
        stream: patientStream(of.patient),
        events: [
          AdverseEventReported(NOW, reported(before, '2026-01-31')),
          AdverseEventReported(NOW, reported(after, '2026-02-01')),
        ],
      },
    ]);
    const ofFollowUp = { ...ofEvent(byFollowUp), courseId: history.id, followUpId: byFollowUp };
    await record([
      {
        stream: patientStream(of.patient),
        events: [
          AdverseEventAssessed(NOW, {
            ...ofFollowUp,
            ...{ practitionerId: of.practitioner, causality: 'possible', severity: 'severe' },
            ...{ ownerId: of.practitioner, reportBy: '2026-12-31', actions: ['antibiotics'] },
          }),
          AdverseEventClosed(NOW, { ...ofFollowUp, physicianId: of.practitioner, outcome: 'recovered', note: '' }),
        ],
      },
    ]);
    const found = await trace();
    expect(found.counts.adverseEvents).toBe(2);
    expect(found.adverseEvents.items).toMatchObject([
      { id: after, kind: 'infection', severity: 'mild', onsetOn: '2026-02-01', status: 'open' },
      { id: byFollowUp, kind: 'scarring', severity: 'severe', onsetOn: '2026-02-08', status: 'closed' },
    ]);
  });

  it('follow corrections of reports and of follow-ups, and keep what was decided about them', async () => {
    const [id, byFollowUp] = [newId(), newId()];
    const history = new CourseHistory(of);
    const followUp = {
      ...named(history),
      ...{
        followUpId: byFollowUp,
        siteId: of.site,
        kind: 'remote' as const,
        at: zoned('2026-02-08T10:00'),
        reactions: [],
      },
    };
    history.push(
      SessionPerformed(NOW, performed(history, newId(), '2026-02-01T10:00', [lotOf(LOT, 1)])),
      FollowUpHeld(NOW, { ...followUp, adverseEvent: { kind: 'scarring' } }),
    );
    const note = { physicianId: of.practitioner, outcome: 'recovered' as const, note: '' };
    await record([
      ...[patient(of.patient), ...history.streams()],
      {
        stream: patientStream(of.patient),
        events: [
          AdverseEventReported(NOW, reported(id, '2026-02-03')),
          AdverseEventClosed(NOW, { ...ofEvent(id), ...note }),
        ],
      },
    ]);
    expect((await trace()).counts.adverseEvents).toBe(2);
    const corrects = (await idsIn(patientStream(of.patient)))[1] as string;
    const correctsFollowUp = (await idsIn(`course-${history.id}`))[2] as string;
    await record([
      {
        stream: patientStream(of.patient),
        events: [
          AdverseEventReportedCorrected(NOW, {
            ...reported(id, '2026-02-04'),
            ...{ kind: 'haematoma', corrects, correctionReason: 'misread' },
          }),
        ],
      },
      inCourse(
        history,
        FollowUpHeldCorrected(NOW, { ...followUp, corrects: correctsFollowUp, correctionReason: 'none' }),
      ),
    ]);
    const found = await trace();
    expect(found.adverseEvents.items).toMatchObject([
      { id, kind: 'haematoma', onsetOn: '2026-02-04', status: 'closed' },
    ]);
    // Nothing else about the course was lost.
    expect(found.counts.sessions).toBe(1);
  });
});

describe('where a lot was received', () => {
  it('stands with what is left of it there, corrections included', async () => {
    const [here, there] = [newId(), newId()];
    const receipt = (lotId: string, siteId: string, volumeMl?: number) => ({
      ...{ lotId, siteId, product: PRODUCT, lotNumber: LOT, expiresOn: '2026-12-31', receivedOn: '2026-01-05' },
      ...{ ingredients: [], ...(volumeMl === undefined ? {} : { volumeMl }) },
    });
    const wasted = { lotId: here, wasteId: newId(), volumeMl: 1.5, cause: 'broken' as const, on: '2026-03-01' };
    const elsewhere = newId();
    const history = new CourseHistory(of);
    history.push(SessionPerformed(NOW, performed(history, newId(), '2026-02-01T10:00', [lotOf(LOT, 2.2)])));
    await record([
      ...[site(of.site), ...history.streams()],
      { stream: lotStream(here), events: [LotReceived(NOW, receipt(here, of.site, 10)), LotWasted(NOW, wasted)] },
      { stream: lotStream(there), events: [LotReceived(NOW, receipt(there, elsewhere))] },
    ]);
    const atHome = async () => (await trace()).receipts.find(({ lotId }) => lotId === here);
    expect((await trace()).receipts).toHaveLength(2);
    expect((await trace()).receipts.find(({ lotId }) => lotId === there)).toMatchObject({
      ...{ receivedMl: null, usedMl: 0, leftMl: null, site: { id: elsewhere } },
    });
    expect(await atHome()).toMatchObject({ receivedMl: 10, usedMl: 2.2, wastedMl: 1.5, leftMl: 6.3 });
    expect(await query.useAt(chain, { product: PRODUCT, lotNumber: LOT, siteId: of.site })).toEqual({
      ...{ usedMl: 2.2, volumeUnknown: 0 },
    });
    const corrects = (await idsIn(lotStream(here)))[0] as string;
    await record([
      {
        stream: lotStream(here),
        events: [
          LotReceivedCorrected(NOW, {
            ...receipt(here, of.site, 12),
            corrects,
            correctionReason: { code: 'miscounted' },
          }),
          LotWasted(NOW, { ...wasted, wasteId: newId(), volumeMl: 0.5 }),
        ],
      },
    ]);
    expect(await atHome()).toMatchObject({ receivedMl: 12, wastedMl: 2, leftMl: 7.8 });
  });
});

describe('a recall', () => {
  it('[recall.matches] is answered with every session of its lot, however the lot is written, each once', async () => {
    const gtin = '08690000000012';
    const [lotId, recallId] = [newId(), recallIdOf(chain.id, 'other name', 'l-7')];
    const receipt = { lotId, siteId: of.site, product: PRODUCT, lotNumber: 'L 7', gtin, ingredients: [] };
    const history = new CourseHistory(of);
    const [one, two] = [newId(), newId()];
    const use = (product: string, lotNumber: string) => ({ product, lotNumber, volumeMl: 1 });
    history.push(
      SessionPerformed(
        NOW,
        performed(history, one, '2026-02-01T10:00', [use(PRODUCT, 'L 7'), use('Other-Name', 'L7')]),
      ),
      SessionPerformed(NOW, performed(history, two, '2026-02-02T10:00', [use('Nobody knows', 'L7')])),
    );
    const ofRecall = { recallId, product: 'other name', lotNumber: 'l-7' };
    const notice = { ...ofRecall, gtin, recalledOn: '2026-03-01', reference: 'FSN-7', cause: 'sterility' as const };
    await record([
      ...[patient(of.patient), site(of.site), ...history.streams()],
      {
        stream: lotStream(lotId),
        events: [LotReceived(NOW, { ...receipt, expiresOn: '2026-12-31', receivedOn: '2026-01-05' })],
      },
      { stream: recallStreamOf(recallId), events: [LotRecalled(NOW, notice)] },
    ]);
    const found = await query.recall(chain, recallId, { limit: 20 });
    expect(found.counts).toMatchObject({ sessions: 1, patients: 1, notTold: 1 });
    expect(found.sessions.items).toMatchObject([{ sessionId: one, volumeMl: 2 }]);
    expect(found.receipts).toMatchObject([{ lotId }]);
    expect(await query.receiptsOf(chain, { product: 'Other name', lotNumber: 'L7', gtin })).toBe(1);
    expect(await query.receiptsOf(chain, { product: 'Other name', lotNumber: 'L8', gtin })).toBe(0);
  });
  it('stands with the lot, and shows who has been told and who not', async () => {
    const recallId = recallIdOf(chain.id, PRODUCT, LOT);
    const stream = recallStreamOf(recallId);
    const ofRecall = { recallId, product: PRODUCT, lotNumber: LOT };
    const other = { ...of, patient: newId() };
    const [mine, theirs] = [new CourseHistory(of), new CourseHistory(other)];
    mine.push(SessionPerformed(NOW, performed(mine, newId(), '2026-02-01T10:00', [lotOf(LOT, 1)])));
    theirs.push(
      SessionPerformed(NOW, {
        ...performed(theirs, newId(), '2026-02-02T10:00', [lotOf(LOT, 1)]),
        patientId: other.patient,
      }),
    );
    const notice = { ...ofRecall, recalledOn: '2026-03-01', reference: 'FSN-42', cause: 'sterility' as const };
    const told = (on: string, how: 'phone' | 'letter', patientId = of.patient) =>
      RecallPatientTold(NOW, { ...ofRecall, patientId, on, how });
    await record([
      ...[patient(of.patient), ...mine.streams(), ...theirs.streams()],
      { stream, events: [LotRecalled(NOW, notice), told('2026-03-02', 'letter'), told('2026-03-03', 'phone')] },
    ]);
    const found = await trace();
    expect(found.recall).toMatchObject({
      id: recallId,
      status: 'recalled',
      notices: [{ reference: 'FSN-42', lift: null }],
    });
    expect(found.counts).toMatchObject({ patients: 2, told: 1, notTold: 1 });
    expect(found.patients.items.map(({ told: last }) => last)).toEqual([{ on: '2026-03-03', how: 'phone' }, null]);
    expect(found.told.items.map(({ on }) => on)).toEqual(['2026-03-02', '2026-03-03']);
    const notTold = await query.list(chain, 'not-told', { product: PRODUCT, lot: LOT, limit: 10, cursor: undefined });
    expect(notTold.items).toMatchObject([{ patient: { id: other.patient } }]);

    const retracts = (await idsIn(stream))[2] as string;
    await record([
      {
        stream,
        events: [
          RecallEntryRetracted(NOW, { ...ofRecall, retracts, retractionReason: { code: 'duplicate' } }),
          LotRecallLifted(NOW, { ...ofRecall, liftedOn: '2026-04-01', reference: 'FSN-42b' }),
        ],
      },
    ]);
    const later = await trace();
    expect(later.told.items.map(({ on }) => on)).toEqual(['2026-03-02']);
    expect(later.recall).toMatchObject({ status: 'lifted', notices: [{ lift: { liftedOn: '2026-04-01' } }] });
    expect((await query.recalls(chain, { limit: 10, cursor: undefined })).items).toMatchObject([{ id: recallId }]);
    expect((await query.recall(chain, recallId, { limit: 5 })).counts.told).toBe(1);
    await expect(query.recall(chain, newId(), { limit: 5 })).rejects.toMatchObject({ code: 'recall.unknown' });
    await expect(query.recall(chain, 'L1', { limit: 5 })).rejects.toMatchObject({ code: 'recall.unknown' });
  });
});

describe('the lists of a trace', () => {
  it('go on page by page to what their counts say, each row once', async () => {
    const sessions = Array.from({ length: 7 }, (_, n) => {
      const mine = { ...of, patient: n % 2 === 0 ? of.patient : newId(), site: n < 4 ? of.site : newId() };
      const history = new CourseHistory(mine);
      const data = performed(history, newId(), `2026-02-0${n + 1}T10:00`, [lotOf(LOT, 1)]);
      history.push(
        SessionPerformed(NOW, { ...data, patientId: mine.patient, siteId: mine.site }),
        SessionBooked(NOW, {
          ...session(history, newId(), '2026-07-01T10:00'),
          ...{ patientId: mine.patient, products: [{ product: PRODUCT, lotNumber: LOT }] },
        }),
      );
      return history.streams();
    });
    await record(sessions.flat(), 3);
    const { counts } = await trace();
    const expected: Partial<Record<TraceList, number>> = {
      sessions: counts.sessions,
      patients: counts.patients,
      'not-told': counts.notTold,
      sites: counts.sites,
      practitioners: counts.practitioners,
      planned: counts.planned,
    };
    expect(counts).toMatchObject({ sessions: 7, patients: 4, sites: 4, practitioners: 1, planned: 7 });
    for (const [list, count] of Object.entries(expected)) {
      const rows: unknown[] = [];
      for (let cursor: string | undefined, pages = 0; pages < 10; pages += 1) {
        const params = { product: PRODUCT, lot: LOT, limit: 2, cursor };
        const page = await query.list(chain, list as TraceList, params);
        for (const item of page.items) rows.push(TRACE_LISTS[list as TraceList].parse(item));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect([list, new Set(rows.map((row) => JSON.stringify(row))).size, rows.length]).toEqual([list, count, count]);
    }
    const first = await trace(2);
    expect([first.sessions.items.length, first.sessions.next === null]).toEqual([2, false]);
    const next = await query.list(chain, 'sessions', {
      ...{ product: PRODUCT, lot: LOT, limit: 500, cursor: first.sessions.next ?? undefined },
    });
    expect([next.items.length, next.next]).toEqual([5, null]);
  });

  it('refuse a cursor of another list', async () => {
    const cursor = Buffer.from('["a"]').toString('base64url');
    const asked = query.list(chain, 'sessions', { product: PRODUCT, lot: LOT, limit: 2, cursor });
    await expect(asked).rejects.toMatchObject({ code: 'cursor.malformed' });
  });

  it('are empty for a lot that nobody knows', async () => {
    const found = await query.trace(chain, { product: 'None', lot: 'None', limit: 5 });
    expect(lotTraceSchema.parse(found)).toMatchObject({
      recall: null,
      receipts: [],
      volumeMl: 0,
      counts: { sessions: 0 },
    });
  });
});

describe('random courses with corrections', () => {
  type Step =
    | { readonly do: 'book' | 'perform'; readonly session: number; readonly lot: string; readonly ul: number }
    | { readonly do: 'miss' | 'cancel' | 'move'; readonly session: number }
    | { readonly do: 'correct'; readonly nth: number; readonly lot: string; readonly ul: number }
    | { readonly do: 'retract'; readonly nth: number };

  const lotNumber = fc.constantFrom('L1', 'L2');
  const sessionOf = fc.nat(3);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constantFrom('book' as const, 'perform' as const),
      session: sessionOf,
      lot: lotNumber,
      ul: fc.nat(900),
    }),
    fc.record({ do: fc.constantFrom('miss' as const, 'cancel' as const, 'move' as const), session: sessionOf }),
    fc.record({ do: fc.constant('correct' as const), nth: fc.nat(20), lot: lotNumber, ul: fc.nat(900) }),
    fc.record({ do: fc.constant('retract' as const), nth: fc.nat(20) }),
  );

  /** What the steps come to, said in the plainest way: a list of entries, of which some were changed or taken away. */
  function naive(steps: readonly Step[]) {
    type Entry = { do: string; session: number; lot?: string; ul?: number; gone?: boolean };
    const entries: Entry[] = [];
    for (const each of steps) {
      if (each.do === 'correct' || each.do === 'retract') {
        const performances = entries.filter((entry) => entry.do === 'perform' && !entry.gone);
        const target = performances[each.nth % (performances.length || 1)];
        if (target && each.do === 'correct') Object.assign(target, { lot: each.lot, ul: each.ul });
        else if (target) target.gone = true;
      } else if (isPossible(entries, each)) entries.push({ ...each });
    }
    const sessions = new Map<number, { lot: string; ul: number; planned: boolean; booked: boolean }>();
    for (const entry of entries.filter(({ gone }) => !gone)) {
      const known = sessions.get(entry.session);
      const { lot = 'L1', ul = 0 } = entry;
      if (entry.do === 'book') sessions.set(entry.session, { lot, ul: 0, planned: true, booked: true });
      else if (entry.do === 'perform') sessions.set(entry.session, { lot, ul, planned: false, booked: false });
      else if (known?.planned) known.booked = entry.do === 'move';
    }
    const uses = [...sessions.values()].filter(({ planned, booked }) => !planned || booked);
    return ['L1', 'L2'].map((lot) => {
      const ofLot = uses.filter((use) => use.lot === lot);
      const done = ofLot.filter(({ planned }) => !planned);
      return {
        sessions: done.length,
        planned: ofLot.length - done.length,
        volumeMl: done.reduce((sum, { ul }) => sum + ul, 0) / 1_000,
      };
    });
  }

  /** As in a clinic: each session is booked once and performed once; what is over is over. */
  const isPossible = (
    entries: readonly { do: string; session: number; gone?: boolean }[],
    each: { do: string; session: number },
  ) => {
    const of_ = entries.filter((entry) => entry.session === each.session);
    const [booked, done] = [of_.some((entry) => entry.do === 'book'), of_.some((entry) => entry.do === 'perform')];
    return each.do === 'book' ? of_.length === 0 : each.do === 'perform' ? !done : booked && !done;
  };

  it('come to the same as a plain fold, however they are cut into pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.integer({ min: 1, max: 6 }), async (steps, pageEvents) => {
        chain = await engine.newChain();
        applied = new Map();
        const history = new CourseHistory(of);
        const ids = Array.from({ length: 4 }, () => newId());
        const stream = `course-${history.id}`;
        await engine.append(chain, history.streams());
        const entries: { do: string; session: number; gone?: boolean; eventId?: string }[] = [];
        const append = async (event: NewEvent) => {
          await engine.append(chain, [{ stream, events: [event] }]);
          return (await idsIn(stream)).at(-1) as string;
        };
        for (const each of steps) {
          const of_ = { ...named(history) };
          if (each.do === 'correct' || each.do === 'retract') {
            const performances = entries.filter((entry) => entry.do === 'perform' && !entry.gone);
            const target = performances[each.nth % (performances.length || 1)];
            if (!target?.eventId) continue;
            if (each.do === 'retract') {
              target.gone = true;
              await append(CourseEntryRetracted(NOW, { ...of_, retracts: target.eventId, retractionReason: 'never' }));
            } else {
              const data = performed(history, ids[target.session] as string, '2026-02-01T10:00', [
                lotOf(each.lot, each.ul / 1_000),
              ]);
              await append(
                SessionPerformedCorrected(NOW, { ...data, corrects: target.eventId, correctionReason: 'lot' }),
              );
            }
            continue;
          }
          if (!isPossible(entries, each)) continue;
          const sessionId = ids[each.session] as string;
          const at = zoned('2026-07-01T10:00');
          const event =
            each.do === 'book'
              ? SessionBooked(NOW, {
                  ...session(history, sessionId, '2026-07-01T10:00'),
                  products: [{ product: PRODUCT, lotNumber: each.lot }],
                })
              : each.do === 'perform'
                ? SessionPerformed(
                    NOW,
                    performed(history, sessionId, '2026-02-01T10:00', [lotOf(each.lot, each.ul / 1_000)]),
                  )
                : each.do === 'miss'
                  ? SessionMissed(NOW, { ...of_, sessionId })
                  : each.do === 'cancel'
                    ? SessionCancelled(NOW, { ...of_, sessionId, reason: 'ill' })
                    : SessionRescheduled(NOW, {
                        ...of_,
                        sessionId,
                        siteId: of.site,
                        practitionerId: of.practitioner,
                        at,
                      });
          entries.push({ ...each, eventId: await append(event) });
        }
        await engine.apply(new LotTraceProjection(), chain, pageEvents, 1);
        const found = await Promise.all(
          ['L1', 'L2'].map(async (lot) => {
            const { counts, volumeMl } = await query.trace(chain, { product: PRODUCT, lot, limit: 1 });
            return { sessions: counts.sessions, planned: counts.planned, volumeMl };
          }),
        );
        expect(found).toEqual(naive(steps));
      }),
      { numRuns: 25 },
    );
  });
});

it('stores nothing personal', async () => {
  const { rows } = await engine.db.query<{ columns: string }>(
    `select string_agg(column_name, ' ' order by column_name) as columns from information_schema.columns
     where table_schema = $1`,
    [schemaOf(LOT_TRACE)],
  );
  expect(rows[0]?.columns).not.toMatch(/name|birth|reason|note|description|identity/);
});
