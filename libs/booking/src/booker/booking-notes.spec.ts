import { occurredNow } from '#libs/kernel/src/occurred.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import { MaintenanceProposed } from '#libs/treatment/src/course/course.events.js';
import { PatientDied, PatientLinked, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { SiteRecallRulesSet } from '#libs/treatment/src/site/site.events.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { patient } from '#test/support/treatment-history.js';
import { migrateBooking } from '../booking.js';
import { BookingNotes } from './booking-notes.js';
import { BookingReactor } from './booking.reactor.js';

let engine: TestEngine;
let notes: BookingNotes;
let reactor: BookingReactor;
let chain: Chain;
const NOW = '2026-04-01T10:00:00.000Z';
const LATER = '2026-04-03T10:00:00.000Z';
const at = occurredNow(NOW);

beforeAll(async () => {
  engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  await migrateBooking(engine.db);
  notes = new BookingNotes(engine.db);
  const slots = { answer: () => Promise.reject(new Error('Nobody has answered anything')) };
  reactor = new BookingReactor({ ...engine, chains: { now: () => Promise.resolve(NOW) }, notes, slots });
});
afterAll(() => engine.close());
beforeEach(async () => {
  chain = await engine.newChain();
});

const sealed = (event: { type: string; data: unknown }, site?: string) =>
  ({ ...event, header: { id: newId(), site }, stream: 'x-1', sealed: {} }) as unknown as SealedEvent;

const rulesOf = (siteId: string, proposes: boolean) => {
  const proposals = { capacity: 1, leadDays: 14, holdHours: 48, triesMax: 3, confirmedBy: 'patient' as const };
  return sealed(SiteRecallRulesSet(at, { siteId, rules: { cap: null, proposals: proposes ? proposals : null } }));
};

/** A course whose window was proposed, at a site that proposes times. */
async function noted(options: { proposes?: boolean; closes?: string; patientId?: string } = {}) {
  const { proposes = true, closes = '2026-07-01', patientId = newId() } = options;
  const [courseId, siteId] = [newId(), newId()];
  const proposed = { courseId, patientId, ordinal: 1, opens: '2026-04-01', closes };
  await reactor.react(chain, [rulesOf(siteId, proposes), sealed(MaintenanceProposed(at, proposed), siteId)]);
  return { courseId, siteId, patientId };
}

const claim = () => notes.claim(chain, NOW, 10);

describe('the courses whose maintenance is looked after', () => {
  it('are each looked at by one, until they are left for later', async () => {
    const { courseId } = await noted();
    const [[claimed], none] = [await claim(), await claim()];
    expect([claimed?.courseId, claimed?.slotId, none]).toEqual([courseId, null, []]);
    await notes.leave(chain, claimed as never, LATER);
    expect(await claim()).toEqual([]);
    expect(await notes.claim(chain, LATER, 10)).toHaveLength(1);
  });

  it('are looked at once more when something happens while they are looked at', async () => {
    const { courseId } = await noted();
    const [claimed] = await claim();
    await notes.wake(chain, { courses: [courseId], patients: [], sites: [] }, NOW);
    await notes.leave(chain, claimed as never, null);
    expect(await claim()).toHaveLength(1);
  });

  it('are left alone for a while after what could not be decided, and tried again', async () => {
    const { courseId } = await noted();
    await claim();
    await notes.postpone(chain, courseId, LATER);
    expect(await claim()).toEqual([]);
    expect(await notes.claim(chain, LATER, 10)).toMatchObject([{ failures: 1 }]);
  });

  it('[slot.window] are those of sites that propose times, and whose window is not over', async () => {
    const silent = await noted({ proposes: false });
    await noted({ closes: '2026-03-20' });
    expect(await claim()).toEqual([]);
    // What follows from the site's rules is done as soon as they are set.
    await reactor.react(chain, [rulesOf(silent.siteId, true)]);
    expect((await claim()).map(({ courseId }) => courseId)).toEqual([silent.courseId]);
  });

  it('[slot.cause-gone] are looked at when something is known of the person under another registration', async () => {
    const [patientId, otherPatientId] = [newId(), newId()];
    const linked = (from: string, to: string) =>
      PatientLinked(at, { patientId: from, otherPatientId: to, linkId: newId(), reason: 'the same' } as never);
    await engine.append(chain, [
      patient(patientId),
      patient(otherPatientId),
      { stream: patientStream(patientId), events: [linked(patientId, otherPatientId)] },
      { stream: patientStream(otherPatientId), events: [linked(otherPatientId, patientId)] },
    ]);
    const { courseId } = await noted({ patientId });
    const [claimed] = await claim();
    await notes.leave(chain, claimed as never, null);
    await reactor.react(chain, [sealed(PatientDied(at, { patientId: otherPatientId, on: '2026-03-31' }))]);
    expect((await claim()).map((each) => each.courseId)).toEqual([courseId]);
  });

  it('stop the clock of a sandbox where the next is to be looked at', async () => {
    const { courseId } = await noted();
    const until = '2030-01-01T00:00:00.000Z';
    expect(await notes.outlook(chain, until)).toEqual({ due: true, next: undefined });
    const [claimed] = await claim();
    await notes.leave(chain, claimed as never, '2029-01-01T00:00:00.000Z');
    expect(await notes.outlook(chain, until)).toEqual({ due: false, next: '2029-01-01T00:00:00.000Z' });
    expect(await notes.outlook(chain, '2028-01-01T00:00:00.000Z')).toEqual({ due: false, next: undefined });
    await notes.wake(chain, { courses: [courseId], patients: [], sites: [] }, NOW);
    expect((await notes.outlook(chain, until)).due).toBe(true);
  });
});
