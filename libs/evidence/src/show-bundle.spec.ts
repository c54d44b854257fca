import { type EvidenceGiven, openEvidence, type PatientOnRecord } from '#test/support/evidence-given.js';
import { eventsIn } from './show-bundle.mjs';
import { verifyBundle } from './verify-bundle.mjs';

let given: EvidenceGiven;
let patient: PatientOnRecord;
beforeAll(async () => {
  given = await openEvidence();
  patient = await given.patient(2);
  await given.sequence();
});
afterAll(() => given.close());

const NAME = 'Ayşe Yılmaz';

it('holds nothing personal that can be read, unless it is made with keys', async () => {
  const sealed = await given.bundle(patient.scope);
  expect(sealed.toString()).not.toMatch(/Ayşe|nickel|rash/);
  expect(JSON.parse(sealed.toString())).toMatchObject({ opened: [] });
  expect(eventsIn(sealed)[0]).toMatchObject({
    position: 1,
    type: 'PatientRegistered',
    personal: { contact: '(sealed)' },
  });
});

it('is read with the keys that it was made with, in the order in which things were recorded', async () => {
  const file = await given.bundle(patient.scope, { open: true });
  expect(verifyBundle(file).outcome).toBe('valid');
  const events = eventsIn(file);
  expect(events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(events[0]?.personal).toEqual({ contact: { name: NAME } });
  expect(events[1]?.personal).toEqual({ clinical: { notes: 'nickel allergy' } });
  expect(events[5]).toMatchObject({ open: { number: 2 }, personal: { clinical: { reactions: ['rash 1'] } } });
});

it('shows no box that the key in it does not open', async () => {
  const file = JSON.parse((await given.bundle(patient.scope, { open: true })).toString()) as {
    opened: { key: string }[];
  };
  for (const each of file.opened) each.key = Buffer.alloc(32, 7).toString('base64');
  expect(() => eventsIn(Buffer.from(JSON.stringify(file)))).toThrow(/not closed with the key in the bundle/);
});

it('has no key of a person who was erased', async () => {
  await given.engine.keys.destroy(given.chain, [patient.patientId]);
  const file = await given.bundle(patient.scope, { open: true });
  expect(verifyBundle(file).outcome).toBe('valid but erased');
  expect(JSON.parse(file.toString())).toMatchObject({ opened: [] });
  expect(eventsIn(file)[0]?.personal).toEqual({ contact: '(sealed)' });
});
