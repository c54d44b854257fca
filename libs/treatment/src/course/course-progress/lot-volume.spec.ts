import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type Performed, readModelWorld } from '#test/support/read-model-world.js';
import type { CourseHistory } from '#test/support/treatment-history.js';
import { LotReceived, LotReceivedCorrected, lotStream, LotWasted } from '../../lot/lot.events.js';
import {
  LotNumberRecalled,
  LotRecalled,
  LotRecallLifted,
  recallIdOf,
  recallsOfNumberStream,
  recallStreamOf,
} from '../../recall/recall.events.js';
import { CourseEntryRetracted, courseStream } from '../course.events.js';

/** What of a lot shows in the courses that used it, whichever of them it came from, and whatever came first. */
const world = readModelWorld();
let lotId: Id;
const NOW = occurredNow('2026-01-01T00:00:00.000Z');
const [PRODUCT, LOT] = ['Glow-Meso', 'L-1'];
const GTIN = '08690000000012';

beforeEach(async () => {
  lotId = newId();
  await world.record([...world.references(), { stream: lotStream(lotId), events: [LotReceived(NOW, receipt(3))] }]);
});

const receipt = (volumeMl: number, more: object = {}) => ({
  ...{ lotId, siteId: world.of.site, product: PRODUCT, lotNumber: LOT, gtin: GTIN, ingredients: [], volumeMl },
  ...{ receivedOn: '2024-01-01', expiresOn: '2030-01-01', ...more },
});
const used = (volumeMl: number, lotNumber = LOT) => [{ product: PRODUCT, lotNumber, volumeMl }];

/** A course with one session on a day that used so much of the lot. */
const treated = (wall: string, volumeMl: number, patientId?: Id) =>
  world.treated(wall, { products: used(volumeMl) }, patientId);
const correct = (course: CourseHistory, products: Performed['products']) => world.correctSession(course, { products });
const shown = async (course: CourseHistory) => (await world.shown(course)).deviations;
/** The same from the log, which answers what was known at a time. */
const known = async (course: CourseHistory) => (await world.fromLog(course, new Date().toISOString())).deviations;

describe('more of a lot than was left of it', () => {
  it('[lot.volume-exceeds] shows at the session that was entered when too little was left', async () => {
    const [first, second] = [await treated('2024-02-20T10:00', 2), await treated('2024-02-01T10:00', 2)];
    expect([await shown(first), await shown(second)]).toEqual([{}, { 'lot-volume': 1 }]);
    expect([await known(first), await known(second)]).toEqual([{}, { 'lot-volume': 1 }]);
    await world.say(courseStream(first.id), await retracted(first));
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
    await world.say(lotStream(lotId), LotWasted(NOW, waste));
    expect(await shown(course)).toEqual({ 'lot-volume': 1 });
    const corrects = await world.entryOf(lotStream(lotId), 'LotReceived');
    const correction = { corrects, correctionReason: { code: 'miscounted' as const } };
    await world.say(lotStream(lotId), LotReceivedCorrected(NOW, { ...receipt(10), ...correction }));
    expect(await shown(course)).toEqual({});
    await world.say(lotStream(lotId), LotReceivedCorrected(NOW, { ...receipt(2), ...correction }));
    expect(await shown(course)).toEqual({ 'lot-volume': 1 });
  });
});

async function retracted(course: CourseHistory) {
  const retracts = await world.entryOf(courseStream(course.id), 'SessionPerformed');
  const data = { courseId: course.id, patientId: world.of.patient, retracts, retractionReason: 'never' };
  return CourseEntryRetracted(NOW, data);
}

describe('a recalled lot', () => {
  const recall = (product: string, lotNumber: string, more: object = {}) => {
    const recallId = recallIdOf(world.chain.id, product, lotNumber);
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
    await world.say(stream, event);
    expect([await shown(before), await shown(after)]).toEqual([{}, { 'lot-recalled': 1 }]);
    const lifted = { recallId, product, lotNumber, liftedOn: '2024-03-01', reference: 'R2' };
    await world.say(stream, LotRecallLifted(NOW, lifted));
    expect(await shown(after)).toEqual({});
  });
  it('[lot.recalled] shows at a session that is said to have used it', async () => {
    const course = await treated('2024-03-02T10:00', 1);
    const { stream, event, recallId } = recall('other', 'X 9');
    await world.say(stream, event);
    await world.say(recallsOfNumberStream(world.chain.id, 'x9'), LotNumberRecalled(NOW, { recallId }));
    expect(await shown(course)).toEqual({});
    await correct(course, [{ product: 'Other', lotNumber: 'x-9' }]);
    expect(await shown(course)).toEqual({ 'lot-not-received': 1, 'lot-recalled': 1 });
    expect(await known(course)).toEqual({ 'lot-not-received': 1, 'lot-recalled': 1 });
  });
});
