import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestApi, rulesOf, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import type { SessionPerformed } from '../course/course.events.js';
import { SessionBooked } from '../course/course.events.js';
import { lotStockSchema, lotTraceSchema, recallDetailSchema } from './lot-trace/lot-trace.contract.js';

/** Lots and recalls as a client sees them: over HTTP, with everything behind it. */
let api: TestApi;
const [siteId, patientId, practitionerId] = [newId(), newId(), newId()];
const of = { site: siteId, patient: patientId, practitioner: practitionerId };
const today = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  api = await openTestApi();
  await api.append(site(siteId), practitioner({ id: practitionerId }), patient(patientId));
});
afterAll(() => api.close());

const receipt = (more: object = {}) => ({
  site: siteId,
  product: 'GlowMeso HA',
  receivedOn: '2026-01-05',
  ingredients: ['hyaluronic acid'],
  ...more,
});
const stock = async (id: string) => lotStockSchema.parse((await api.get(`/v1/lots/${id}`)).body);
const scanOf = (lotNumber: string, expiry = '301231') => `]d2010869000000001217${expiry}10${lotNumber}`;

/** The lot as the list of lots shows it. */
async function listed(id: string): Promise<object | undefined> {
  await api.followed();
  const { body } = await api.get('/v1/lots?limit=500');
  return (body.items as { id: string }[]).find((each) => each.id === id);
}

/** A lot of 20 ml in four vials. */
async function received(lotNumber: string): Promise<string> {
  const { body } = await api.post('/v1/lots', receipt({ lotNumber, expiresOn: '2030-12-31', volumeMl: 20, units: 4 }));
  return body['id'] as string;
}

describe('a lot', () => {
  it('is received from what was scanned, and shows what is left of it', async () => {
    const made = await api.post('/v1/lots', receipt({ scan: scanOf('S1'), volumeMl: 20, units: 4 }));
    expect(made.status).toBe(201);
    expect(await stock(made.body['id'] as string)).toMatchObject({
      ...{ product: 'GlowMeso HA', lotNumber: 'S1', gtin: '08690000000012', expiresOn: '2030-12-31', status: 'usable' },
      ...{ receivedMl: 20, usedMl: 0, wastedMl: 0, leftMl: 20, units: 4, vials: [], wastes: [] },
    });
  });

  it('[lot.scan] [lot.gtin] is refused with everything that is to be mended', async () => {
    const unread = await api.post('/v1/lots', receipt({ scan: scanOf('S1', '301331') }));
    expect([unread.status, unread.body['code'], rulesOf(unread)]).toEqual([422, 'lot.receipt-refused', ['lot.scan']]);
    const wrong = receipt({ lotNumber: 'X', expiresOn: '2030-12-31', gtin: '8690000000017' });
    const refused = await api.post('/v1/lots', wrong);
    expect(rulesOf(refused)).toEqual(['lot.gtin']);
    expect(refused.body['fields'][0]).toMatchObject({ field: 'gtin', seen: '8690000000017', facts: [] });
    expect((await api.post('/v1/lots', receipt())).body['fields'].map(({ field }: { field: string }) => field)).toEqual(
      ['lotNumber', 'expiresOn'],
    );
  });

  it('[lot.received-once] is received once; the same request again gives the first answer', async () => {
    const [key, asked] = [newId(), receipt({ lotNumber: 'ONCE', expiresOn: '2030-12-31', volumeMl: 5 })];
    const first = await api.post('/v1/lots', asked, key);
    expect((await api.post('/v1/lots', asked, key)).body).toEqual(first.body);
    expect((await api.post('/v1/lots', asked)).body['id']).toBe(first.body['id']);
    const other = await api.post('/v1/lots', { ...asked, volumeMl: 6 });
    expect([other.status, rulesOf(other)]).toEqual([409, ['lot.received-once']]);
  });

  it('[lot.waste-exceeds] balances: received = used + wasted + left', async () => {
    const id = await received('BALANCE');
    const history = new CourseHistory(of).performed('2026-02-01T10:00', {
      product: 'GlowMeso HA',
      lotNumber: 'BALANCE',
    });
    const performed = history.events.at(-1) as ReturnType<typeof SessionPerformed>;
    performed.data.products[0] = { product: 'GlowMeso HA', lotNumber: 'BALANCE', volumeMl: 2.5 };
    await api.append(...history.streams());
    await api.followed();
    const opened = await api.post(`/v1/lots/${id}/vials`, {
      openedAt: '2026-02-01T09:00',
      usableUntil: '2026-02-02T09:00',
    });
    expect(opened.status).toBe(201);
    const vialId = opened.body['id'] as string;
    const waste = { vialId, volumeMl: 1.1, cause: 'residue', on: '2026-02-02' };
    expect((await api.post(`/v1/lots/${id}/waste`, waste)).status).toBe(200);
    expect(await stock(id)).toMatchObject({
      ...{ usedMl: 2.5, wastedMl: 1.1, leftMl: 16.4 },
      vials: [{ vialId, openedAt: '2026-02-01T09:00', usableUntil: '2026-02-02T09:00', isUsable: false }],
      wastes: [{ vialId, cause: 'residue' }],
    });
    const tooMuch = await api.post(`/v1/lots/${id}/waste`, { volumeMl: 16.401, cause: 'broken', on: '2026-02-03' });
    expect([tooMuch.status, rulesOf(tooMuch)]).toEqual([422, ['lot.waste-exceeds']]);
    expect(tooMuch.body['fields'][0]).toMatchObject({ seen: 16.401, accepted: 'up to 16.4 ml' });
    // A correction says what happened, and shows where it cannot be so.
    const { wastes } = await stock(id);
    const data = { vialId, volumeMl: 17.6, cause: 'residue', on: '2026-02-02' };
    const path = `/v1/lots/${id}/entries/${wastes[0]?.entryId}/correct`;
    expect((await api.post(path, { data, reason: { code: 'miscounted' } })).status).toBe(200);
    expect(await stock(id)).toMatchObject({ wastedMl: 17.6, leftMl: 0, excessMl: 0.1 });
  });

  it('[lot.volume-exceeds] says how much more of it was used than came, and takes no waste then', async () => {
    const id = await received('EXCESS');
    const history = new CourseHistory(of).performed('2026-02-01T10:00', {
      product: 'GlowMeso HA',
      lotNumber: 'EXCESS',
    });
    const performed = history.events.at(-1) as ReturnType<typeof SessionPerformed>;
    performed.data.products[0] = { product: 'GlowMeso HA', lotNumber: 'EXCESS', volumeMl: 20.5 };
    await api.append(...history.streams());
    await api.followed();
    expect(await stock(id)).toMatchObject({ receivedMl: 20, usedMl: 20.5, leftMl: 0, excessMl: 0.5 });
    const refused = await api.post(`/v1/lots/${id}/waste`, { volumeMl: 0.1, cause: 'residue', on: '2026-02-02' });
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['lot.waste-exceeds']]);
    expect(refused.body['fields'][0]).toMatchObject({ accepted: 'up to 0 ml' });
  });

  it('[lot.entry-unknown] [lot.entry-in-use] is corrected by events beside the entries', async () => {
    const id = await received('WRONG');
    const { entryId, revision } = await stock(id);
    const reason = { code: 'miscounted', reference: 'FORM-17' };
    const { product: _, site: __, ...data } = receipt({ expiresOn: '2030-06-30', volumeMl: 18, gtin: '8690000000012' });
    const path = `/v1/lots/${id}/entries/${entryId}`;
    expect((await api.post(`${path}/correct`, { data, reason })).status).toBe(200);
    expect(await stock(id)).toMatchObject({ receivedMl: 18, expiresOn: '2030-06-30', revision: revision + 1 });
    expect((await api.post(`${path}/correct`, { data, reason })).body['revision']).toBe(revision + 1);
    expect(await listed(id)).toMatchObject({ expiresOn: '2030-06-30', gtin: '08690000000012' });
    const free = await api.post(`${path}/correct`, {
      data,
      reason: { code: 'other', reference: 'she said it was less' },
    });
    expect([free.status, free.body['code']]).toEqual([400, 'request.invalid']);
    const wrongKind = { data: { volumeMl: 1, cause: 'broken', on: '2026-02-01' }, reason };
    expect(rulesOf(await api.post(`${path}/correct`, wrongKind))).toEqual(['lot.entry-unknown']);
    await api.post(`/v1/lots/${id}/waste`, { volumeMl: 1, cause: 'broken' });
    expect(rulesOf(await api.post(`${path}/retract`, { reason }))).toEqual(['lot.entry-in-use']);
    const [waste] = (await stock(id)).wastes;
    expect((await api.post(`/v1/lots/${id}/entries/${waste?.entryId}/retract`, { reason })).status).toBe(200);
    expect((await api.post(`${path}/retract`, { reason })).status).toBe(200);
    expect((await api.get(`/v1/lots/${id}`)).body).toMatchObject({ status: 404, code: 'lot.unknown' });
    expect(await listed(id)).toBeUndefined();
    // What was taken back can be entered anew.
    expect(await received('WRONG')).toBe(id);
    expect(await listed(id)).toMatchObject({ expiresOn: '2030-12-31' });
  });

  it('is not found under what is no id, and does not hide the other lists of lots', async () => {
    for (const unknown of [newId(), 'L1']) {
      expect((await api.get(`/v1/lots/${unknown}`)).body).toMatchObject({ status: 404, code: 'lot.unknown' });
    }
    expect((await api.get('/v1/lots/usage')).status).toBe(200);
    expect((await api.post(`/v1/lots/${newId()}/waste`, { volumeMl: 1, cause: 'broken' })).status).toBe(404);
  });
});

describe('a recall', () => {
  const product = 'GlowMeso HA';
  const recall = (lotNumber: string, more: object = {}) => ({
    ...{ product, lotNumber, recalledOn: '2026-03-01', reference: 'FSN-2026-42', cause: 'sterility' },
    ...more,
  });

  it('answers in one query who and what is touched, and who has been told', async () => {
    const lotNumber = 'TOUCHED';
    await received(lotNumber);
    const history = new CourseHistory(of).performed('2026-02-01T10:00', { product, lotNumber });
    const [sessionId, at] = [newId(), zoned('2031-07-01T10:00')];
    history.push(
      SessionBooked(occurredNow('2026-02-01T09:00:00.000Z'), {
        ...{ courseId: history.id, patientId, sessionId, kind: 'course', number: 2, siteId, practitionerId, at },
        products: [{ product, lotNumber }],
      }),
    );
    await api.append(...history.streams());
    const made = await api.post('/v1/recalls', recall(lotNumber, { gtin: '8690000000012' }));
    expect(Object.keys(made.body)).toContain('receipts');
    expect(made.status).toBe(201);
    const id = made.body['id'] as string;
    expect(made.headers['location']).toBe(`/v1/recalls/${id}`);
    const told = { patients: [patientId], on: '2026-03-02', how: 'phone' };
    const { body } = await api.post(`/v1/recalls/${id}/told`, told);
    const detail = recallDetailSchema.parse((await api.get(`/v1/recalls/${id}?position=${body['position']}`)).body);
    expect(detail).toMatchObject({
      recall: { id, status: 'recalled', notices: [{ gtin: '08690000000012', reference: 'FSN-2026-42' }] },
      counts: { sessions: 1, patients: 1, sites: 1, practitioners: 1, planned: 1, told: 1, notTold: 0 },
      sessions: { items: [{ patient: { name: 'İpek Şahin' }, practitioner: { name: 'Zoë García' } }] },
      patients: { items: [{ told: { on: '2026-03-02', how: 'phone' } }] },
      planned: { items: [{ sessionId, at: '2031-07-01T10:00' }] },
      receipts: [{ receivedMl: 20 }],
    });
    const asked = `product=${encodeURIComponent(product)}&lot=${lotNumber}`;
    const { recall: _recall, ...trace } = lotTraceSchema.parse((await api.get(`/v1/lots/trace?${asked}`)).body);
    expect(detail).toMatchObject(trace);
    expect((await api.get(`/v1/lots/trace/sessions?${asked}&limit=1`)).body).toMatchObject({
      items: [{ patient: { id: patientId } }],
      next: null,
    });
    expect((await api.get(`/v1/lots/trace/nobody?${asked}`)).body).toMatchObject({ code: 'lot-trace.no-such-list' });
    expect((await api.get('/v1/lots/trace?product=x')).body).toMatchObject({ code: 'request.invalid' });
    expect((await api.get('/v1/recalls')).body.items).toMatchObject([{ id, lotNumber }]);
  });

  it('[recall.once] is said once for a lot of the chain, also before any site has received it', async () => {
    const first = await api.post('/v1/recalls', recall('BEFORE'));
    expect((await api.post('/v1/recalls', recall('BEFORE'))).body['id']).toBe(first.body['id']);
    const other = await api.post('/v1/recalls', recall('BEFORE', { cause: 'labelling' }));
    expect([other.status, rulesOf(other)]).toEqual([409, ['recall.once']]);
    // It is there all the same: its receipt is recorded, and the lot says that it is recalled.
    const id = await received('BEFORE');
    expect(await stock(id)).toMatchObject({ status: 'recalled' });
    const vial = await api.post(`/v1/lots/${id}/vials`, { usableUntil: '2030-01-01T10:00' });
    expect([vial.status, rulesOf(vial)]).toEqual([422, ['lot.recalled']]);
  });

  it('[recall.not-recalled] is lifted, and the lot is usable again', async () => {
    const id = (await api.post('/v1/recalls', recall('LIFTED'))).body['id'] as string;
    const lot = await received('LIFTED');
    const lift = { liftedOn: today, reference: 'FSN-2026-42 closed' };
    expect(rulesOf(await api.post(`/v1/recalls/${id}/lift`, { ...lift, liftedOn: '2026-02-01' }))).toEqual([
      'recall.not-recalled',
    ]);
    expect((await api.post(`/v1/recalls/${id}/lift`, lift)).status).toBe(200);
    expect(await stock(lot)).toMatchObject({ status: 'usable' });
    expect((await api.post(`/v1/recalls/${newId()}/lift`, lift)).body).toMatchObject({ code: 'recall.unknown' });
  });

  it('[recall.patient-unknown] records everybody who was told, or nobody', async () => {
    const id = (await api.post('/v1/recalls', recall('TOLD'))).body['id'] as string;
    const telling = { on: '2026-03-02', how: 'letter' };
    const some = await api.post(`/v1/recalls/${id}/told`, { ...telling, patients: [patientId, newId(), 'PT99999'] });
    expect([some.status, rulesOf(some)]).toEqual([404, ['recall.patient-unknown', 'recall.patient-unknown']]);
    expect(some.body['fields'].map(({ field }: { field: string }) => field)).toEqual(['patients.1', 'patients.2']);
    const all = await api.post(`/v1/recalls/${id}/told`, { ...telling, patients: [patientId] });
    const after = await api.get(`/v1/recalls/${id}?position=${all.body['position']}`);
    expect((after.body['told'] as { items: unknown[] }).items).toHaveLength(1);
  });

  it('[recall.entry-unknown] is corrected by events beside the entries, and the answer follows', async () => {
    const id = (await api.post('/v1/recalls', recall('CORRECTED'))).body['id'] as string;
    await api.followed();
    const notices = async () => {
      await api.followed();
      return ((await api.get(`/v1/recalls/${id}`)).body['recall'] as { notices: { entryId: string }[] }).notices;
    };
    const entryId = (await notices())[0]?.entryId as string;
    const reason = { code: 'typing-error' };
    const data = { recalledOn: '2026-02-20', reference: 'FSN-2026-43', cause: 'labelling' };
    expect((await api.post(`/v1/recalls/${id}/entries/${entryId}/correct`, { data, reason })).status).toBe(200);
    expect(await notices()).toMatchObject([{ entryId, ...data, gtin: null }]);
    const told = { data: { on: '2026-03-03', how: 'sms' }, reason };
    expect(rulesOf(await api.post(`/v1/recalls/${id}/entries/${entryId}/correct`, told))).toEqual([
      'recall.entry-unknown',
    ]);
    expect((await api.post(`/v1/recalls/${id}/entries/${entryId}/retract`, { reason })).status).toBe(200);
    await api.followed();
    expect((await api.get(`/v1/recalls/${id}`)).body).toMatchObject({ status: 404, code: 'recall.unknown' });
  });
});
