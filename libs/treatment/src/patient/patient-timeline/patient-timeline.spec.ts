import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseHistory, HEALTHY, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import {
  FollowUpHeld,
  MaintenanceDeclined,
  MaintenanceProposed,
  SessionCancelled,
  SessionMissed,
  SessionRescheduled,
} from '../../course/course.events.js';
import { ConsentWithdrawn } from '../../consultation/consultation.events.js';
import { PatientContactPreferenceChanged, PatientHealthRecorded, patientStream } from '../patient.events.js';
import { patientTimelineSchema } from './patient-timeline.contract.js';

let models: TestReadModels;
let chain: Chain;
let of: { site: string; patient: string; practitioner: string };

beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());
beforeEach(async () => {
  chain = await models.engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
});

const references = () => [site(of.site), practitioner({ id: of.practitioner }), patient(of.patient)];

async function recordEverything(): Promise<CourseHistory> {
  const elsewhere = newId();
  const [moved, missed, done] = [newId(), newId(), newId()];
  const history = new CourseHistory(of, { end: 'stopped' })
    .booked('2024-02-01T10:00', { id: moved, number: 1 })
    .booked('2024-02-02T10:00', { id: missed, number: 2 })
    .performed('2024-02-03T10:00', { id: done, number: 3 });
  const named = { courseId: history.id, patientId: of.patient };
  const at = (wall: string) => occurredAt(zoned(wall));
  history.push(
    SessionRescheduled(at('2024-03-01T10:00'), {
      ...named,
      sessionId: moved,
      siteId: elsewhere,
      practitionerId: of.practitioner,
      at: zoned('2024-03-09T10:00'),
    }),
    SessionCancelled(at('2024-03-02T10:00'), { ...named, sessionId: moved, reason: 'fell ill' }),
    SessionMissed(at('2024-03-03T10:00'), { ...named, sessionId: missed }),
    FollowUpHeld(at('2024-03-04T10:00'), {
      ...named,
      followUpId: newId(),
      siteId: of.site,
      kind: 'in-person',
      at: zoned('2024-03-04T10:00'),
      reactions: ['redness', 'pain'],
      adverseEvent: { kind: 'haematoma', severity: 'mild' },
      outcomeScore: 5,
      notes: 'looks well',
    }),
    MaintenanceProposed(at('2024-03-05T10:00'), { ...named, ordinal: 1, opens: '2024-05-01', closes: '2024-08-01' }),
    MaintenanceDeclined(at('2024-03-06T10:00'), named),
  );
  const consultation = history.streams()[0] as { stream: string };
  const preference = { language: 'fr', channel: 'none' as const, contactConsent: false };
  await models.record(chain, [
    ...references(),
    site(elsewhere, 'Europe/London', 'Marylebone'),
    ...history.streams(),
    {
      stream: consultation.stream,
      events: [
        ConsentWithdrawn(at('2024-03-08T10:00'), {
          consultationId: history.consultationId,
          patientId: of.patient,
          procedure: 'facial',
        }),
      ],
    },
    {
      stream: patientStream(of.patient),
      events: [
        PatientContactPreferenceChanged(at('2024-03-09T10:00'), { patientId: of.patient, preference }),
        PatientHealthRecorded(at('2024-03-10T10:00'), {
          patientId: of.patient,
          health: { ...HEALTHY, conditions: ['pregnancy'] },
        }),
      ],
    },
  ]);
  return history;
}

it('tells everything that happened to a patient, oldest first when asked, without a word that is personal', async () => {
  const history = await recordEverything();
  const timeline = patientTimelineSchema.parse(
    await models.timeline.list(chain, of.patient, { limit: 100, order: 'asc' }),
  );
  expect(timeline.patient).toEqual({ id: of.patient, code: null, name: 'İpek Şahin' });
  expect(timeline.items.map(({ title }) => title)).toEqual([
    'Consent to facial signed.',
    'Consultation about facial.',
    'Consultation concluded: cleared for treatment.',
    'Course of 4 sessions planned.',
    'Session 1 booked.',
    'Session 2 booked.',
    'Session 3 performed.',
    'Session 1 moved to another time.',
    'Session 1 cancelled.',
    'Session 2 missed.',
    'Follow-up held in person.',
    'Maintenance proposed from 2024-05-01 to 2024-08-01.',
    'Wants no further maintenance.',
    'Course stopped early.',
    'Consent to facial withdrawn.',
    'Wishes to be contacted in another way.',
    'Health questionnaire answered anew.',
    'Registered as a patient.',
  ]);
  const performed = timeline.items[6];
  expect(performed).toMatchObject({
    type: 'SessionPerformed',
    occurredAt: '2024-02-03T07:00:00.000Z',
    precision: 'instant',
    wall: '2024-02-03T10:00',
    zone: 'Europe/Istanbul',
    origin: 'live',
    site: { id: of.site, name: 'Nişantaşı' },
    course: { id: history.id, code: null, protocol: 'facial' },
    practitioner: { id: of.practitioner, name: 'Zoë García' },
    details: { durationMinutes: 45, areas: ['face'], device: 'needle', depthMm: 2, products: ['GlowMeso, lot L1'] },
  });
  expect(timeline.items[10]?.details).toEqual({
    reactions: ['redness', 'pain'],
    adverseEvent: 'haematoma, mild',
    outcomeScore: 5,
  });
  // A session that was called off was so where it was booked last.
  expect(timeline.items[8]?.site?.name).toBe('Marylebone');
  expect(timeline.items[9]?.site?.name).toBe('Nişantaşı');
  const told = JSON.stringify(timeline.items.map(({ title, details }) => [title, details]));
  expect(told).not.toMatch(/Şahin|İpek|fell ill|looks well|pregnancy|moved away/);
});

it('comes newest first, and in pages', async () => {
  await recordEverything();
  const positions: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await models.timeline.list(chain, of.patient, { limit: 4, order: 'desc', cursor });
    expect(page.items.length).toBeLessThanOrEqual(4);
    positions.push(...page.items.map(({ position }) => position));
    cursor = page.next ?? undefined;
  } while (cursor);
  const ascending = await models.timeline.list(chain, of.patient, { limit: 100, order: 'asc' });
  expect(positions).toEqual(ascending.items.map(({ position }) => position).reverse());
});

it('shows nothing of another patient, and refuses one that does not exist', async () => {
  await recordEverything();
  const other = newId();
  await models.record(chain, [patient(other)]);
  const { items } = await models.timeline.list(chain, other, { limit: 100, order: 'desc' });
  expect(items.map(({ title }) => title)).toEqual(['Registered as a patient.']);
  expect(items[0]?.details).toEqual({ language: 'tr', channel: 'email', contactConsent: 'yes' });
  await expect(models.timeline.list(chain, newId(), { limit: 100, order: 'desc' })).rejects.toMatchObject({
    code: 'patient.unknown',
  });
});

it('keeps what is known of when things happened', async () => {
  const history = new CourseHistory(of, { origin: 'import', consentOn: '2024-01-01' });
  await models.record(chain, [...references(), ...history.streams()]);
  const { items } = await models.timeline.list(chain, of.patient, { limit: 100, order: 'asc' });
  expect(items.map(({ type, precision, origin }) => [type, precision, origin])).toEqual([
    ['ConsentSigned', 'day', 'import'],
    ['ConsultationHeld', 'instant', 'import'],
    ['ConsultationConcluded', 'instant', 'import'],
    ['CoursePlanned', 'instant', 'import'],
    ['PatientRegistered', 'unknown', 'live'],
  ]);
  expect(occurredNow(items[0]?.recordedAt as string).instant > '2025').toBe(true);
});
