import type { Chain } from '#libs/event-store/src/chains.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseHistory, patient, practitioner, protocols, site, zoned } from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import { LotReceived, LotReceivedCorrected, lotStream, LotWasted } from '../../lot/lot.events.js';
import {
  LotNumberRecalled,
  LotRecalled,
  LotRecallLifted,
  recallIdOf,
  recallsOfNumberStream,
  recallStreamOf,
} from '../../recall/recall.events.js';
import { CourseEntryRetracted, courseStream, SessionPerformed, SessionPerformedCorrected } from '../course.events.js';

/** What of a lot shows in the courses that used it, whichever of them it came from, and whatever came first. */
let models: TestReadModels;
let chain: Chain;
let of: { site: Id; patient: Id; practitioner: Id };
let lotId: Id;
const NOW = occurredNow('2026-01-01T00:00:00.000Z');
const TODAY = '2024-06-01';
const [PRODUCT, LOT] = ['Glow-Meso', 'L-1'];
const GTIN = '08690000000012';

beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());

beforeEach(async () => {
  chain = await models.engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
  lotId = newId();
  await models.record(chain, [
    ...[...protocols(chain.id), site(of.site), practitioner({ id: of.practitioner }), patient(of.patient)],
    { stream: lotStream(lotId), events: [LotReceived(NOW, receipt(3))] },
  ]);
});

const receipt = (volumeMl: number, more: object = {}) => ({
  ...{ lotId, siteId: of.site, product: PRODUCT, lotNumber: LOT, gtin: GTIN, ingredients: [], volumeMl },
  ...{ receivedOn: '2024-01-01', expiresOn: '2030-01-01', ...more },
});
const say = (stream: string, ...events: NewEvent[]) => models.record(chain, [{ stream, events }]);
type Performed = Parameters<typeof SessionPerformed>[1];
const used = (volumeMl: number, lotNumber = LOT) => [{ product: PRODUCT, lotNumber, volumeMl }];

/** A course with one session on a day that used so much of the lot. */
async function treated(wall: string, volumeMl: number, patient = of.patient): Promise<CourseHistory> {
  const course = new CourseHistory({ ...of, patient }).performed(wall);
  const event = course.events[1] as { data: Performed };
  course.events[1] = SessionPerformed(occurredAt(zoned(wall)), { ...event.data, products: used(volumeMl) });
  await models.record(chain, course.streams());
  return course;
}

const entryOf = async (stream: string, type: string) => {
  const stored = await models.engine.store.readStream(chain.id, stream);
  return stored.find(({ header }) => header.type === type)?.header.id as Id;
};
const shown = async (course: CourseHistory) =>
  (await models.courses.detail(chain, course.id, { today: TODAY })).deviations;
/** The same from the log, which answers what was known at a time. */
const known = async (course: CourseHistory) =>
  (await models.coursesAt.detail(chain, course.id, { today: TODAY, knownAt: new Date().toISOString() } as never))
    .deviations;

async function correct(course: CourseHistory, products: Performed['products']): Promise<void> {
  const { data } = course.events[1] as { data: Performed };
  const corrects = await entryOf(courseStream(course.id), 'SessionPerformed');
  const said = { ...data, products, corrects, correctionReason: 'misread' };
  await say(courseStream(course.id), SessionPerformedCorrected(occurredAt(data.at), said));
}

describe('more of a lot than was left of it', () => {
  it('[lot.volume-exceeds] shows at the session that was entered when too little was left', async () => {
    const [first, second] = [await treated('2024-02-20T10:00', 2), await treated('2024-02-01T10:00', 2)];
    expect([await shown(first), await shown(second)]).toEqual([{}, { 'lot-volume': 1 }]);
    expect([await known(first), await known(second)]).toEqual([{}, { 'lot-volume': 1 }]);
    await say(courseStream(first.id), await retracted(first));
    expect(await shown(second)).toEqual({});
  });
  it('[lot.volume-exceeds] shows where a session is said to have used more, and goes with another lot', async () => {
    const course = await treated('2024-02-01T10:00', 1);
    await correct(course, used(50));
    expect(await shown(course)).toEqual({ 'lot-volume': 1 });
    await correct(course, used(50, 'L-2'));
    expect(await shown(course)).toEqual({ 'lot-not-received': 1 });
    await correct(course, used(3));
    expect(await shown(course)).toEqual({});
  });
  it('[lot.volume-exceeds] follows what was received and wasted', async () => {
    const course = await treated('2024-02-01T10:00', 2.5);
    const waste = { lotId, wasteId: newId(), volumeMl: 1, cause: 'broken' as const, on: '2024-02-02' };
    await say(lotStream(lotId), LotWasted(NOW, waste));
    expect(await shown(course)).toEqual({ 'lot-volume': 1 });
    const corrects = await entryOf(lotStream(lotId), 'LotReceived');
    const correction = { corrects, correctionReason: { code: 'miscounted' as const } };
    await say(lotStream(lotId), LotReceivedCorrected(NOW, { ...receipt(10), ...correction }));
    expect(await shown(course)).toEqual({});
    await say(lotStream(lotId), LotReceivedCorrected(NOW, { ...receipt(2), ...correction }));
    expect(await shown(course)).toEqual({ 'lot-volume': 1 });
  });
});

async function retracted(course: CourseHistory) {
  const retracts = await entryOf(courseStream(course.id), 'SessionPerformed');
  const data = { courseId: course.id, patientId: of.patient, retracts, retractionReason: 'never' };
  return CourseEntryRetracted(NOW, data);
}

describe('a recalled lot', () => {
  const recall = (product: string, lotNumber: string, more: object = {}) => {
    const recallId = recallIdOf(chain.id, product, lotNumber);
    const data = {
      recallId,
      product,
      lotNumber,
      recalledOn: '2024-03-01',
      reference: 'R',
      cause: 'sterility' as const,
    };
    return { recallId, stream: recallStreamOf(recallId), event: LotRecalled(NOW, { ...data, ...more }) };
  };
  it.each([
    ['glowmeso', 'L1', {}],
    ['Another name', 'l 1', { gtin: GTIN }],
  ])('[lot.recalled] shows at sessions from its day on, recalled as %s %s', async (product, lotNumber, more) => {
    // Of two patients: sessions of one keep their distance.
    const before = await treated('2024-02-29T10:00', 1, newId());
    const after = await treated('2024-03-01T10:00', 1);
    const { stream, event, recallId } = recall(product, lotNumber, more);
    await say(stream, event);
    expect([await shown(before), await shown(after)]).toEqual([{}, { 'lot-recalled': 1 }]);
    const lifted = { recallId, product, lotNumber, liftedOn: '2024-03-01', reference: 'R2' };
    await say(stream, LotRecallLifted(NOW, lifted));
    expect(await shown(after)).toEqual({});
  });
  it('[lot.recalled] shows at a session that is said to have used it', async () => {
    const course = await treated('2024-03-02T10:00', 1);
    const { stream, event, recallId } = recall('other', 'X 9');
    await say(stream, event);
    await say(recallsOfNumberStream(chain.id, 'x9'), LotNumberRecalled(NOW, { recallId }));
    expect(await shown(course)).toEqual({});
    await correct(course, [{ product: 'Other', lotNumber: 'x-9' }]);
    expect(await shown(course)).toEqual({ 'lot-not-received': 1, 'lot-recalled': 1 });
    expect(await known(course)).toEqual({ 'lot-not-received': 1, 'lot-recalled': 1 });
  });
});
