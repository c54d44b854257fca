import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { allNo, refusal } from '#test/support/course-given.js';
import { type EquippedClinic, equippedClinic, PRODUCT } from '#test/support/memory-clinic.js';
import { lotUseFold, lotUseStream } from '../lot/lot-use.events.js';
import { courseStream } from './course.events.js';

/** What is left of a lot is decided from the log: the read models of this clinic know of no use at all. */
let at: EquippedClinic;
let course: string;
let lot: string;
let bookings = 0;

async function plan(): Promise<string> {
  const { clinic, site, physician, consultation } = at;
  const data = { consultation, site, practitioner: physician, protocol: 'facial', plannedSessions: 4 };
  return (await clinic.courses.plan(clinic.meta(), data)).id;
}

const receive = async (lotNumber: string, volumeMl: number): Promise<string> => {
  const of = { site: at.site, product: PRODUCT, lotNumber, expiresOn: '2030-01-01', receivedOn: '2026-01-01' };
  return (await at.clinic.lots.receive(at.clinic.meta(), { ...of, ingredients: ['hyaluronic acid'], volumeMl })).id;
};

/** Books a session; what is returned records it with so much of a lot. */
async function booked(of = course, kind: 'course' | 'maintenance' = 'course') {
  const { clinic, site, physician } = at;
  // One after the other: two sessions of a course never begin at the same time.
  bookings += 1;
  const wall = `2026-01-05T12:${String(bookings).padStart(2, '0')}`;
  const place = { kind, site, practitioner: physician, at: wall };
  const session = (await clinic.courses.book(clinic.meta(), of, place)).id;
  return (volumeMl: number, lotNumber = 'V1') =>
    clinic.courses.perform(clinic.meta(), of, session, {
      at: wall,
      areas: ['face'],
      device: 'needle',
      depthMm: 2,
      durationMinutes: 45,
      products: [{ product: PRODUCT, lotNumber, volumeMl }],
      reactions: [],
      identifiers: ['name', 'birth-date'],
      check: allNo(facial),
      overrides: [{ deviation: 'interval-short', reason: 'several at once' }],
    });
}

async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'done';
  } catch (error) {
    return refusal(() => {
      throw error as Error;
    }).rules.join();
  }
}

const used = async () => {
  const { state } = await at.clinic.runner.read(at.clinic.chain, lotUseStream(lot), lotUseFold);
  return Object.values(state);
};

beforeEach(async () => {
  bookings = 0;
  at = await equippedClinic();
  course = await plan();
  lot = await receive('V1', 3);
});

it('[lot.volume-exceeds] refuses what is more than is left, however close one session follows the other', async () => {
  const sessions = [await booked(), await booked(), await booked()];
  at.clinic.now = '2026-01-05T17:00:00.000Z';
  const outcomes = [];
  for (const perform of sessions) outcomes.push(await outcome(perform(2)));
  expect(outcomes).toEqual(['done', 'lot.volume-exceeds', 'lot.volume-exceeds']);
});

it('[lot.volume-exceeds] lets one of several sessions take what is left, where they are recorded at once', async () => {
  const courses = [course, await plan(), await plan()];
  const sessions = await Promise.all(courses.map((each) => booked(each)));
  at.clinic.now = '2026-01-05T17:00:00.000Z';
  const outcomes = await Promise.all(sessions.map((perform) => outcome(perform(2))));
  expect(outcomes.sort()).toEqual(['done', 'lot.volume-exceeds', 'lot.volume-exceeds']);
  expect(await used()).toEqual([2]);
});

it('lets sessions go on beside each other while there is plenty', async () => {
  const big = await receive('V100', 100);
  const sessions = [await booked(), await booked()];
  at.clinic.now = '2026-01-05T17:00:00.000Z';
  for (const perform of sessions) await perform(1, 'V100');
  const { state } = await at.clinic.runner.read(at.clinic.chain, lotUseStream(big), lotUseFold);
  expect(Object.values(state)).toEqual([1, 1]);
});

it('[lot.volume-exceeds] counts a session as it is said anew, and not at all once it is taken back', async () => {
  const { clinic } = at;
  const other = await booked();
  const perform = await booked();
  clinic.now = '2026-01-05T17:00:00.000Z';
  await perform(1);
  const entry = clinic.events(courseStream(course)).find(({ type }) => type === 'SessionPerformed')?.header.id ?? '';
  const say = (volumeMl: number, lotNumber = 'V1') => {
    const products = [{ product: PRODUCT, lotNumber, volumeMl }];
    const said = { data: { type: 'SessionPerformed' as const, products }, reason: 'typed wrongly' };
    return clinic.corrections.correctEntry(clinic.meta(), course, entry, said);
  };
  await say(2.5);
  expect(await used()).toEqual([2.5]);
  expect(await outcome(other(1))).toBe('lot.volume-exceeds');
  await say(2.5, 'L1');
  expect(await used()).toEqual([0]);
  await say(2.5);
  await clinic.corrections.retractEntry(clinic.meta(), course, entry, 'never happened');
  expect(await used()).toEqual([0]);
  expect(await outcome(other(3))).toBe('done');
});

it('[lot.waste-exceeds] leaves to waste what sessions have not used', async () => {
  const { clinic } = at;
  const perform = await booked();
  clinic.now = '2026-01-05T17:00:00.000Z';
  await perform(2);
  const waste = (volumeMl: number) =>
    outcome(clinic.lots.waste(clinic.meta(), lot, { volumeMl, cause: 'residue' as const, on: '2026-01-05' }));
  expect(await waste(1.1)).toBe('lot.waste-exceeds');
  expect(await waste(1)).toBe('done');
});
