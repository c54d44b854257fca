import { Boxes } from '#libs/event-store/src/boxes.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { FACT_IDS } from '#libs/protocols/src/facts.js';
import { Projections } from '#libs/projections/src/projections.js';
import { protocolSchema } from '#libs/protocols/src/protocol.schema.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import {
  CourseHistory,
  HEALTHY,
  lot,
  patient,
  practitioner,
  protocols,
  site,
} from '#test/support/treatment-history.js';
import {
  CourseEntered,
  type Identity,
  PatientContactPreferenceChanged,
  PatientEntryRetracted,
  PatientHealthRecorded,
  type PatientRegistered,
  PatientRegisteredCorrected,
  patientStream,
} from '../patient/patient.events.js';
import { CredentialGranted, practitionerStream } from '../practitioner/practitioner.events.js';
import { SiteQuietHoursSet, siteStream } from '../site/site.events.js';
import {
  factSchema,
  lotUsageSchema,
  lotViewSchema,
  patientSummarySchema,
  patientViewSchema,
  practitionerViewSchema,
  protocolSummarySchema,
  siteViewSchema,
} from './directory.contract.js';
import { People } from './people.js';

const NOW = occurredNow('2026-01-01T00:00:00.000Z');
const PAGE = { limit: 100 };
type PatientData = ReturnType<typeof PatientRegistered>['data'];

const world = readModelWorld();

const named = async (kind: 'site' | 'patient' | 'practitioner', code: string) => {
  const id = newId();
  await world.models.engine.codes.reserve(world.chain, kind, [code], () => id);
  return id;
};

describe('sites', () => {
  it('come in the order of their codes, with what is going on at each', async () => {
    const [london, istanbul] = [await named('site', 'LON1'), await named('site', 'IST1')];
    const course = (end?: 'completed') =>
      new CourseHistory({ site: istanbul, patient: newId(), practitioner: newId() }, end ? { end } : {});
    const histories = [
      course(),
      course().performed('2024-01-01T10:00'),
      course('completed').performed('2020-01-01T10:00'),
      course('completed').performed('2098-01-01T10:00'),
    ];
    const quiet = { siteId: istanbul, quietHours: { from: '20:00', to: '09:30' } };
    await world.record([
      ...protocols(world.chain.id),
      site(london, 'Europe/London', 'Marylebone'),
      site(istanbul),
      { stream: siteStream(istanbul), events: [SiteQuietHoursSet(NOW, quiet)] },
      ...histories.flatMap((history) => history.streams()),
    ]);
    const { items } = await world.models.sites.list(world.chain, PAGE);
    expect(items.map(({ code }) => code)).toEqual(['IST1', 'LON1']);
    expect(siteViewSchema.parse(items[0])).toEqual({
      id: istanbul,
      code: 'IST1',
      name: 'Nişantaşı',
      timeZone: 'Europe/Istanbul',
      language: 'tr',
      quietHours: { from: '20:00', to: '09:30' },
      counts: { activeCourses: 2, due: 0, overdue: 1, upcoming: 1, unscheduled: 0 },
    });
    expect(items[1]?.counts).toEqual({ activeCourses: 0, due: 0, overdue: 0, upcoming: 0, unscheduled: 0 });
  });
});

describe('practitioners', () => {
  it('are shown with every credential', async () => {
    const id = await named('practitioner', 'P11');
    const granted = {
      practitionerId: id,
      procedures: ['hair', 'general'],
      validFrom: '2025-01-01',
      validTo: '2025-12-31',
    };
    await world.record([
      practitioner({ id }),
      { stream: practitionerStream(id), events: [CredentialGranted(NOW, granted)] },
    ]);
    const { items } = await world.models.practitioners.list(world.chain, PAGE);
    expect(items.map((item) => practitionerViewSchema.parse(item))).toEqual([
      {
        id,
        code: 'P11',
        name: 'Zoë García',
        role: 'physician',
        credentials: [
          { procedures: ['facial'], validFrom: '2020-01-01', validTo: null },
          { procedures: ['hair', 'general'], validFrom: '2025-01-01', validTo: '2025-12-31' },
        ],
      },
    ]);
  });
});

describe('patients', () => {
  it('are found by code and by family name, whole, whatever the letter case', async () => {
    const [first, second] = [await named('patient', 'PT00001'), newId()];
    const history = new CourseHistory({ site: newId(), patient: first, practitioner: newId() });
    await world.record([patient(first, {}, 'Işık'), patient(second, {}, 'Kaya'), ...history.streams()]);
    const found = async (search?: string) =>
      (await world.models.patients.list(world.chain, PAGE, search)).items.map(({ id }) => id);
    expect(await found()).toEqual([first, second].sort());
    expect(await found('PT00001')).toEqual([first]);
    expect(await found('PT0000')).toEqual([]);
    expect(await found('IŞIK')).toEqual([first]);
    expect(await found('kaya')).toEqual([second]);
    expect(await found('Kay')).toEqual([]);
    const { items } = await world.models.patients.list(world.chain, PAGE, 'ışık');
    expect(patientSummarySchema.parse(items[0])).toEqual({
      id: first,
      code: 'PT00001',
      name: 'İpek Işık',
      language: 'tr',
      channel: 'email',
      contactConsent: true,
      courses: 1,
    });
  });

  it.each(['one page', 'pages of their own'])('are shown as corrected, with what came later, in %s', async (cut) => {
    const id = newId();
    const registered = patient(id, { conditions: ['migraine'] }, 'Şahn');
    const [registration] = registered.events as [NewEvent<string, object>];
    await world.record([registered]);
    const stored = await world.models.engine.store.readStream(world.chain.id, patientStream(id));
    const correction = PatientRegisteredCorrected(registration.occurredAt, {
      ...(registration.data as PatientData),
      identity: { ...((registration.data as PatientData).identity as Identity), familyName: 'Şahin' },
      corrects: stored[0]?.header.id as string,
      correctionReason: 'misspelt',
    });
    const preference = { language: 'en', channel: 'sms' as const, contactConsent: false };
    const wish = PatientContactPreferenceChanged(NOW, { patientId: id, preference });
    const health = { ...HEALTHY, allergies: ['latex'] };
    const answered = PatientHealthRecorded(NOW, { patientId: id, health });
    const course = CourseEntered(NOW, { patientId: id, courseId: newId() });
    const streams = [wish, correction, answered, course].map((event) => ({
      stream: patientStream(id),
      events: [event],
    }));
    if (cut === 'one page') await world.record(streams);
    else for (const each of streams) await world.record([each]);
    expect(await world.models.patients.detail(world.chain, id)).toMatchObject({
      familyName: 'Şahin',
      preference,
      health,
      revision: 4,
    });
    const found = async (search: string) => (await world.models.patients.list(world.chain, PAGE, search)).items;
    expect(await found('şahn')).toEqual([]);
    expect(await found('şahin')).toMatchObject([{ id }]);
    const takenBack = PatientEntryRetracted(NOW, {
      patientId: id,
      retracts: (await world.models.engine.store.readStream(world.chain.id, patientStream(id)))[2]?.header.id as string,
      retractionReason: 'it was right',
    });
    await world.record([{ stream: patientStream(id), events: [takenBack] }]);
    expect(await world.models.patients.detail(world.chain, id)).toMatchObject({
      familyName: 'Şahn',
      preference,
      health,
      revision: 5,
    });
  });

  it('are shown with everything that is known, as it is now', async () => {
    const id = await named('patient', 'PT00002');
    const preference = { language: 'en', channel: 'sms' as const, contactConsent: false };
    const health = { ...HEALTHY, allergies: ['latex'] };
    await world.record([
      patient(id, { conditions: ['migraine'] }),
      {
        stream: patientStream(id),
        events: [
          PatientContactPreferenceChanged(NOW, { patientId: id, preference: { ...preference, channel: 'none' } }),
          PatientContactPreferenceChanged(NOW, { patientId: id, preference }),
          PatientHealthRecorded(NOW, { patientId: id, health }),
        ],
      },
    ]);
    expect(patientViewSchema.parse(await world.models.patients.detail(world.chain, 'PT00002'))).toEqual({
      id,
      code: 'PT00002',
      name: 'İpek Şahin',
      familyName: 'Şahin',
      givenName: 'İpek',
      birthDate: '1991-10-01',
      sex: 'female',
      phone: null,
      email: null,
      preference,
      health,
      revision: 3,
    });
    await expect(world.models.patients.detail(world.chain, newId())).rejects.toMatchObject({ code: 'patient.unknown' });
  });

  it('whose keys were destroyed stay in the list, without a name', async () => {
    const id = newId();
    await world.record([patient(id)]);
    const { db, master, codes } = world.models.engine;
    await db.query(
      `update subject_key set wrapped = null, destroyed_at = clock_timestamp() where chain = $1 and subject = $2`,
      [world.chain.no, id],
    );
    // A process that has not read the keys before.
    const elsewhere = new Boxes(new SubjectKeys(db, master));
    const person = await new People(db, codes, elsewhere).patients(world.chain, [id]);
    expect(person(id)).toEqual({ id, code: null, name: null });
  });
});

describe('lots', () => {
  it('come in the order of products and numbers, in pages', async () => {
    const siteId = await named('site', 'IST1');
    await world.record([
      site(siteId),
      lot(siteId, { product: 'B', lotNumber: '2' }),
      lot(siteId, { product: 'B', lotNumber: '10', ingredients: [] }),
      lot(siteId, { product: 'A', lotNumber: '9' }),
    ]);
    const first = await world.models.lots.list(world.chain, { limit: 2 });
    const second = await world.models.lots.list(world.chain, { limit: 2, cursor: first.next ?? '' });
    const items = [...first.items, ...second.items];
    expect(items.map(({ product, lotNumber }) => product + lotNumber)).toEqual(['A9', 'B10', 'B2']);
    expect(second.next).toBeNull();
    expect(lotViewSchema.parse(items[0])).toEqual({
      id: expect.any(String),
      site: { id: siteId, code: 'IST1', name: 'Nişantaşı' },
      product: 'A',
      lotNumber: '9',
      gtin: null,
      expiresOn: '2030-01-01',
      receivedOn: '2020-01-01',
      ingredients: ['hyaluronic acid'],
    });
  });

  it('say where they were used, also where they were never received, and not where they were not used', async () => {
    const [here, there] = [await named('site', 'IST1'), await named('site', 'AAA1')];
    const of = { site: here, patient: newId(), practitioner: newId() };
    const first = new CourseHistory(of)
      .performed('2024-01-02T10:00')
      .performed('2024-01-16T10:00')
      .performed('2024-01-30T10:00', { site: there })
      .booked('2024-02-13T10:00');
    const second = new CourseHistory({ ...of, patient: newId() }).performed('2024-01-16T10:00', {
      lotNumber: 'NEVER',
    });
    await world.record([
      site(here),
      site(there),
      lot(here, { expiresOn: '2024-01-15' }),
      lot(here, { lotNumber: 'UNUSED' }),
      ...first.streams(),
      ...second.streams(),
    ]);
    const { items } = await world.models.lots.usage(world.chain, PAGE);
    expect(items.map((item) => lotUsageSchema.parse(item))).toEqual([
      { product: 'GlowMeso', lot: 'L1', sessions: 3, patients: 1, sites: ['AAA1', 'IST1'], expired: 1 },
      { product: 'GlowMeso', lot: 'NEVER', sessions: 1, patients: 1, sites: ['IST1'], expired: 0 },
    ]);
    const page = await world.models.lots.usage(world.chain, { limit: 1 });
    expect((await world.models.lots.usage(world.chain, { limit: 1, cursor: page.next ?? '' })).items[0]?.lot).toBe(
      'NEVER',
    );
  });
});

describe('protocols', () => {
  it('are listed with the facts that their rules rest on, and shown whole', async () => {
    await world.record(protocols(world.chain.id));
    const { items } = await world.models.protocols.list(world.chain, PAGE);
    expect(items.map((item) => protocolSummarySchema.parse(item).code)).toEqual([
      'chin-and-neck-fat',
      'clinic-faq',
      'facial',
      'general',
      'hair',
      'slimming-and-cellulite',
      'stepwise',
    ]);
    const facial = items[2];
    expect(facial?.facts).toEqual(expect.arrayContaining(['S1-N1', 'S1-M2', 'S0-P1', 'S0-C5']));
    expect(facial?.facts.filter((id) => !(FACT_IDS as readonly string[]).includes(id))).toEqual([]);
    expect(protocolSchema.parse(await world.models.protocols.detail(world.chain, 'facial'))).toMatchObject({
      code: 'facial',
      version: 1,
    });
    await expect(world.models.protocols.detail(world.chain, 'facial', { version: 2 })).rejects.toMatchObject({
      code: 'protocol.unknown',
    });
    await expect(world.models.protocols.detail(world.chain, 'nothing')).rejects.toMatchObject({
      code: 'protocol.unknown',
    });
  });

  it('rest on published facts, which are all shown', () => {
    const facts = world.models.protocols.facts();
    expect(facts.map(({ id }) => id)).toEqual(FACT_IDS);
    for (const fact of facts) factSchema.parse(fact);
  });
});

it('is built anew by a process that has no key at hand', async () => {
  const id = newId();
  await world.models.engine.append(world.chain, [patient(id, {}, 'Kaya')]);
  const cold = {
    ...world.models.engine,
    boxes: new Boxes(new SubjectKeys(world.models.engine.db, world.models.engine.master)),
  };
  const log = { warn: () => undefined };
  await new Projections({ ...cold, log }, world.models.works).rebuild('directory');
  const { items } = await world.models.patients.list(world.chain, PAGE, 'KAYA');
  expect(items.map((item) => item.id)).toEqual([id]);
});
