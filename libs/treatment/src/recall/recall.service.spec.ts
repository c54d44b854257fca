import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { allNo, refusal } from '#test/support/course-given.js';
import { type EquippedClinic, equippedClinic, PRODUCT } from '#test/support/memory-clinic.js';
import { courseStream } from '../course/course.events.js';
import { courseFold, type OpenSession, type PlannedCourse } from '../course/course.state.js';
import type { LotTraceQuery } from './lot-trace/lot-trace.query.js';
import { LotRecalled, recallIdOf, recallStreamOf } from './recall.events.js';
import { RecallService } from './recall.service.js';
import { loadStanding } from '../course/session-standing.js';

/** A recall is found by whoever plans or performs a session with the lot, however the notice writes it. */
let at: EquippedClinic;
let course: string;
let session: string;
const [GTIN, OTHER_GTIN] = ['08690000000012', '08690000000029'];

beforeEach(async () => {
  at = await equippedClinic();
  const { clinic, site, physician, consultation } = at;
  const lot = { site, product: PRODUCT, lotNumber: 'L-4711', expiresOn: '2030-01-01', receivedOn: '2026-01-01' };
  await clinic.lots.receive(clinic.meta(), { ...lot, ingredients: ['hyaluronic acid'], gtin: GTIN });
  const plan = { consultation, site, practitioner: physician, protocol: 'facial', plannedSessions: 4 };
  course = (await clinic.courses.plan(clinic.meta(), plan)).id;
  const place = { kind: 'course' as const, site, practitioner: physician, at: '2026-01-05T12:00' };
  const products = [{ product: PRODUCT, lotNumber: 'L-4711' }];
  session = (await clinic.courses.book(clinic.meta(), course, { ...place, products })).id;
});

const recall = (product: string, lotNumber: string, gtin?: string) => {
  const notice = { recalledOn: '2026-01-05', reference: 'FSN-1', cause: 'sterility' as const };
  const named = { product, lotNumber, ...(gtin === undefined ? {} : { gtin }) };
  return at.clinic.recalls.recall(at.clinic.meta(), { ...named, ...notice });
};

async function rulesAgainst(): Promise<string[]> {
  const { clinic } = at;
  const stream = courseStream(course);
  const { state } = await clinic.runner.read(clinic.chain, stream, courseFold);
  const [booked] = (state as PlannedCourse).sessions as OpenSession[];
  const load: Parameters<typeof loadStanding>[0]['load'] = (name, fold) => clinic.runner.read(clinic.chain, name, fold);
  const standing = await loadStanding(
    { load },
    clinic.chain,
    state as PlannedCourse,
    booked as OpenSession,
    clinic.found,
  );
  clinic.now = '2026-01-05T17:00:00.000Z';
  const performed = await clinic.courses
    .perform(clinic.meta(), course, session, {
      at: '2026-01-05T12:00',
      areas: ['face'],
      device: 'needle',
      depthMm: 2,
      products: [{ product: PRODUCT, lotNumber: 'L-4711' }],
      reactions: [],
      identifiers: ['name', 'birth-date'],
      check: allNo(facial),
      overrides: [],
    })
    .then(
      () => [],
      (error: unknown) =>
        refusal(() => {
          throw error as Error;
        }).rules,
    );
  const found = standing.map(({ rule }) => rule);
  expect(performed).toEqual(found);
  return found;
}

it.each([
  ['glowmeso ha', 'L-4711', undefined],
  ['GlowMeso HA', 'l 4711', undefined],
  ['Glow-Meso HA', 'L4711', GTIN],
  ['Quite another name', 'L-4711', GTIN.slice(1)],
])('[recall.matches] blocks a session with the lot that was recalled as %s %s', async (product, lotNumber, gtin) => {
  await recall(product, lotNumber, gtin);
  expect(await rulesAgainst()).toEqual(['lot.recalled']);
});

it.each([
  ['GlowMeso HA', 'L-4712', undefined],
  ['GlowMeso HA', 'L-4711', OTHER_GTIN],
  ['Quite another name', 'L-4711', undefined],
])('[recall.matches] leaves the session to go on where %s %s was recalled', async (product, lotNumber, gtin) => {
  await recall(product, lotNumber, gtin);
  expect(await rulesAgainst()).toEqual([]);
});

it('[recall.once] is one recall, whatever spelling it is said again under', async () => {
  const first = await recall('GlowMeso HA', 'L-4711');
  expect((await recall('GLOWMESO HA', 'l4711')).id).toBe(first.id);
  const { clinic } = at;
  expect(clinic.eventsOf('recall').map(({ type }) => type)).toEqual(['LotRecalled']);
  await clinic.recalls.lift(clinic.meta(), first.id, { liftedOn: '2026-01-05', reference: 'FSN-2' });
  expect(await rulesAgainst()).toEqual([]);
});

describe('a recall of an older version, which no list names', () => {
  /** As it was recorded before there was a list of recalls for a lot number. */
  const recorded = async (): Promise<string> => {
    const { clinic } = at;
    const [product, lotNumber] = ['glowmeso ha', 'l 4711'];
    const recallId = recallIdOf(clinic.chain.id, product, lotNumber);
    const notice = {
      recallId,
      product,
      lotNumber,
      recalledOn: '2026-01-05',
      reference: 'R',
      cause: 'sterility' as const,
    };
    const events = [LotRecalled(occurredNow(clinic.now), notice)];
    await clinic.runner.run(clinic.meta(), () =>
      Promise.resolve([{ stream: recallStreamOf(recallId), events, expectedRevision: 'no-stream' }]),
    );
    return recallId;
  };

  it('[recall.matches] is found under every spelling once it is said again', async () => {
    const id = await recorded();
    const again = { product: 'glowmeso ha', lotNumber: 'l 4711', recalledOn: '2026-01-05', reference: 'R' };
    const said = await at.clinic.recalls.recall(at.clinic.meta(), { ...again, cause: 'sterility' });
    expect(said.id).toBe(id);
    expect(at.clinic.eventsOf('recall')).toHaveLength(1);
    expect(await rulesAgainst()).toEqual(['lot.recalled']);
  });
  it('[recall.matches] is found under every spelling once anything is done about it', async () => {
    const id = await recorded();
    const { clinic, patient } = at;
    await clinic.recalls.told(clinic.meta(), id, { patients: [patient], on: '2026-01-05', how: 'phone' });
    expect(await rulesAgainst()).toEqual(['lot.recalled']);
    const named = clinic.eventsOf('lotnumber').length;
    await clinic.recalls.told(clinic.meta(), id, { patients: [patient], on: '2026-01-05', how: 'letter' });
    expect(clinic.eventsOf('lotnumber')).toHaveLength(named);
  });
});

it('[recall.unmatched] is recorded, and leaves the receipts open, while the read model of lots is being made', async () => {
  const { clinic } = at;
  const missing = Object.assign(new Error('relation does not exist'), { code: '42P01' });
  const trace = { receiptsOf: () => Promise.reject(missing) } as unknown as LotTraceQuery;
  const recalls = new RecallService(clinic.runner, clinic.found.codes, trace);
  const data = {
    product: PRODUCT,
    lotNumber: 'L-4711',
    recalledOn: '2026-01-05',
    reference: 'R',
    cause: 'sterility' as const,
  };
  const answer = await recalls.recall(clinic.meta(), data);
  expect(answer).not.toHaveProperty('receipts');
  expect(await rulesAgainst()).toEqual(['lot.recalled']);
});

it('[recall.unmatched] warns where no site has received the lot', async () => {
  expect(await recall('GlowMeso HA', 'L-9')).toMatchObject({ receipts: 0, warnings: [expect.stringMatching(/GTIN/)] });
});
