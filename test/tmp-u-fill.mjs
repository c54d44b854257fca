// Fills the product through HTTP.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
const base = 'http://127.0.0.1:3987';
const get = async (p) => { const r = await fetch(base + p); const b = await r.json(); if (!r.ok) throw new Error(p + ' ' + JSON.stringify(b)); return b; };
const post = async (p, body) => { const r = await fetch(base + p, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() }, body: JSON.stringify(body) }); const b = await r.json(); if (!r.ok) throw new Error(p + ' ' + r.status + ' ' + JSON.stringify(b)); return b.id; };
const chain = await get('/v1/chain');
const today = chain.today;
const add = (d, n) => new Date(Date.parse(d) + n * 864e5).toISOString().slice(0, 10);
const facial = await get('/v1/protocols/facial');
const L1 = 'GM-' + Date.now().toString(36).slice(-5) + '-A', L2 = L1.replace('-A', '-B');
const PRODUCT = 'GlowMeso HA';
const site = await post('/v1/sites', { name: 'Kadıköy', timeZone: 'Europe/Istanbul', language: 'tr' });
const credentials = [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }];
const physician = await post('/v1/practitioners', { name: 'Dr Deniz Aydın', role: 'physician', credentials });
const nurse = await post('/v1/practitioners', { name: 'Nurse Elif Kaya', role: 'nurse', credentials });
const lot = async (lotNumber) => post('/v1/lots', { site, product: PRODUCT, lotNumber, expiresOn: add(today, 300), receivedOn: add(today, -10), ingredients: ['hyaluronic acid'], volumeMl: 40 }).catch(() => post('/v1/lots', { site, product: PRODUCT, lotNumber, expiresOn: add(today, 300), receivedOn: add(today, -10), ingredients: ['hyaluronic acid'] }));
const lot1 = await lot(L1); await lot(L2);
const patient = (familyName, givenName) => post('/v1/patients', { identity: { familyName, givenName, birthDate: '1985-04-12', sex: 'female' }, preference: { language: 'tr', channel: 'email', contactConsent: true } });
const ayse = await patient('Yılmaz', 'Ayşe'), again = await patient('Yilmaz', 'Ayse'), zoe = await patient('Demir', 'Zeynep');
const consult = async (patientId) => {
  const on = add(today, -1);
  const notes = Object.fromEntries(facial.consultation.map(({ code }) => [code, `noted: ${code}`]));
  const id = await post('/v1/consultations', { patient: patientId, site, practitioner: physician, procedure: 'facial', at: `${on}T09:00`, notes });
  const of = `/v1/consultations/${id}`;
  await post(`${of}/questionnaire`, { answers: facial.screening.contraindications.map(({ code }) => ({ code, answer: 'no' })), at: `${on}T09:10` });
  for (const { code: test } of facial.testsFirst) await post(`${of}/tests/results`, { test, on, acceptable: true, values: [{ name: 'all', value: 'normal' }] });
  await post(`${of}/conclusion`, { practitioner: physician, conclusion: { outcome: 'cleared' }, at: `${on}T09:30` });
  await post(`${of}/consents`, { procedure: 'facial', signedOn: on, formHash: 'ab'.repeat(32) });
  return id;
};
const course = async (patientId) => post('/v1/courses', { consultation: await consult(patientId), site, practitioner: physician, protocol: 'facial', plannedSessions: 4, areas: ['face', 'neck'], products: [PRODUCT], device: 'needle', intervalDays: { min: 10, max: 12 }, intervalReason: 'heals fast' }).catch(async (e) => { console.log(String(e)); return post('/v1/courses', { consultation: await consult(patientId), site, practitioner: physician, protocol: 'facial', plannedSessions: 4, areas: ['face', 'neck'], products: [PRODUCT] }); });
const book = (c, more = {}) => post(`/v1/courses/${c}/sessions`, { kind: 'course', site, practitioner: nurse, at: `${add(today, 20)}T10:00`, ...more });
const allNo = Object.fromEntries(facial.preSession.checks.map(({ code }) => [code, { answer: 'no' }]));
const session = (more = {}) => ({ orderedBy: physician, areas: ['face', 'neck'], device: 'needle', depthMm: 2, durationMinutes: 45, products: [{ product: PRODUCT, lotNumber: L1, volumeMl: 1.5, area: 'face' }, { product: PRODUCT, lotNumber: L1, volumeMl: 0.5, area: 'neck', depthMm: 1.5 }], identifiers: ['name', 'birth-date'], check: allNo, steps: facial.steps.map(({ code }) => ({ code })), painScore: 2, reactions: ['redness'], ...more });
const perform = async (c, s, more) => {
  for (const check of [allNo, Object.fromEntries(facial.preSession.checks.map(({ code }) => [code, 'no'])), Object.fromEntries(facial.preSession.checks.map(({ code }) => [code, false]))]) {
    try { return await post(`/v1/courses/${c}/sessions/${s}/perform`, session({ check, ...more })); } catch (e) { if (!/check/.test(String(e))) throw e; }
  }
  throw new Error('check');
};
const vial = await post(`/v1/lots/${lot1}/vials`, { usableUntil: `${add(today, 1)}T10:00` });
const c1 = await course(ayse);
const s1 = await book(c1); await perform(c1, s1);
const history = await get(`/v1/courses/${c1}/history`);
const entry = history.items.find(({ type }) => type === 'SessionPerformed');
await new Promise((r) => setTimeout(r, 1500));
await post(`/v1/courses/${c1}/entries/${entry.eventId}/correct`, { data: { type: 'SessionPerformed', depthMm: 3, painScore: null }, reason: 'read from the wrong line' });
const s2 = await book(c1, { products: [{ product: PRODUCT, lotNumber: L1 }] });
const s3 = await book(c1, { at: `${add(today, 30)}T11:30` });
const h2 = await get(`/v1/courses/${c1}/history`);
await post(`/v1/courses/${c1}/entries/${h2.items.filter(({ type }) => type === 'SessionBooked').at(-1).eventId}/retract`, { reason: 'meant for another patient' });
await post(`/v1/patients/${ayse}/health-facts`, { kind: 'condition', statement: 'pregnancy', since: add(today, -30) });
await post(`/v1/patients/${ayse}/health-facts`, { kind: 'medication', statement: 'Isotretinoin', since: add(today, -300), until: add(today, -100) });
await post(`/v1/patients/${ayse}/health-facts`, { kind: 'allergy', statement: 'Lidocaine', since: null }).catch(() => post(`/v1/patients/${ayse}/health-facts`, { kind: 'allergy', statement: 'Lidocaine' }));
await post(`/v1/patients/${again}/links`, { patient: ayse, reason: 'the same identity card' });
const ae = await post(`/v1/patients/${ayse}/adverse-events`, { site, course: c1, session: s1, kind: 'infection', severity: 'moderate', owner: physician, onsetOn: today, description: 'redness that spreads' });
const c2 = await course(zoe); const z1 = await book(c2); await post('/v1/clock/advance', { days: 1 }); await perform(c2, z1, { at: `${today}T22:00`, endedAt: `${today}T22:50`, durationMinutes: 50, products: [{ product: PRODUCT, lotNumber: L1, volumeMl: 1.5, area: 'face', vialId: vial }, { product: PRODUCT, lotNumber: L2, volumeMl: 0.3, area: 'face', purpose: 'anaesthetic' }, { product: PRODUCT, lotNumber: L1, volumeMl: 0.5, area: 'neck', depthMm: 1.5 }], steps: facial.steps.map(({ code }, n) => ({ code, practitioner: n === 1 ? physician : nurse, at: `${today}T22:${10 + n * 10}` })) }).catch(async (e) => { console.log(String(e)); await perform(c2, z1); });
const fu = { kind: 'in-person', site, at: `${today}T09:00`, reactions: ['swelling'], outcomeScore: 4 };
await post(`/v1/courses/${c2}/follow-ups`, fu).catch((e) => console.log(String(e)));
await book(c2);
const recall = await post('/v1/recalls', { product: PRODUCT, lotNumber: L1, recalledOn: today, reference: 'FSN-4711', cause: 'contamination' });
await post(`/v1/recalls/${recall}/told`, { patients: [ayse], on: today, how: 'phone' });
const head = await get('/v1/chain');
writeFileSync('/tmp/u-run/ids.json', JSON.stringify({ L2, c1, c2, ayse, again, zoe, recall, entry: entry.recordedAt }));
await post(`/v1/patients/${await patient('Şahin', 'Can')}/death`, { on: today }).catch((e) => console.log(String(e)));
console.log('filled', c1, head.head);
const st = await get(`/v1/courses?waiting=reaction`); console.log('reaction', st.items.length);
console.log('lapse', (await get(`/v1/courses?waiting=lapse`)).items.length, 'ae', (await get('/v1/adverse-events?state=open')).items.length);
