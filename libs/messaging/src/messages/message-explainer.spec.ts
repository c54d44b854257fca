import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { wallAt } from '#libs/kernel/src/zoned-time.js';
import { PatientOptedOut } from '#libs/treatment/src/contact/contact.events.js';
import { SiteQuietHoursSet, siteStream } from '#libs/treatment/src/site/site.events.js';
import { HealthFactRecorded, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { openTestMessaging, recipient, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';
import { MessageExplainer } from './message-explainer.js';

let messaging: TestMessaging;
let told: ToldMessages;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  told = await ToldMessages.open(messaging);
});

const now = occurredNow('2026-05-01T00:00:00.000Z');
const sessionId = newId();
const booked = (n: number) => told.begin(told.course().booked(told.day(n), { id: sessionId }));

async function idOf(kind: string): Promise<string> {
  const { items } = await messaging.queries.list(told.world.chain, { limit: 10, kind });
  return items[0]?.id as string;
}
const explained = async (kind: string) =>
  new MessageExplainer(messaging.reader).explain(told.world.chain, await idOf(kind));
const lastStep = async (kind: string) => (await explained(kind)).steps.at(-1);

const optOut = (patientId: string) =>
  told.world.append({
    stream: patientStream(patientId),
    events: [PatientOptedOut(now, { patientId, categories: ['appointment'], by: 'staff', messageId: null })],
  });

/** Dispatches a message at an instant. */
async function dispatchAt(kind: string, instant: string) {
  await told.clockTo(instant);
  return messaging.workers().dispatcher.dispatch(told.world.chain, await idOf(kind));
}

describe('the rule of a message', () => {
  it('that tells of a change is that by which the patient was told of the session before', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, told.moved(course, sessionId, 9));
    expect((await explained('session-moved')).rule).toMatchObject({ text: { kind: 'session-reminder' } });
    expect(await told.send('session-moved')).toBe('sent');
    await told.tell(course, told.cancelled(course, sessionId));
    expect((await explained('session-called-off')).rule).toMatchObject({ text: { kind: 'session-reminder' } });
  });
});

describe('a message that has expired says', () => {
  it('that it came too late', async () => {
    await booked(6);
    const id = await idOf('session-reminder');
    const { expiresAt } = await messaging.queries.explain(told.world.chain, id);
    expect(await dispatchAt('session-reminder', expiresAt)).toBe('expired');
    const says = (await lastStep('session-reminder'))?.says;
    expect(says).toMatch(/^Not sent: its time was over at \d{4}-\d\d-\d\d \d\d:\d\d/);
    expect(says).not.toContain('held');
  });

  it('that no hour was left at which it might go', async () => {
    await booked(6);
    const { site: siteId } = told.world.of;
    const { expiresAt } = await messaging.queries.explain(told.world.chain, await idOf('session-reminder'));
    const hourAt = (ms: number) => wallAt(new Date(Date.parse(expiresAt) + ms).toISOString(), told.zone).slice(11, 16);
    const quietHours = { from: hourAt(-7_200_000), to: hourAt(3_600_000) };
    await told.world.append({
      stream: siteStream(siteId),
      events: [SiteQuietHoursSet(now, { siteId, quietHours })],
    });
    const shortlyBefore = new Date(Date.parse(expiresAt) - 3_600_000).toISOString();
    expect(await dispatchAt('session-reminder', shortlyBefore)).toBe('expired');
    expect((await lastStep('session-reminder'))?.says).toMatch(
      /^Not sent: no hour at which it might go was left before/,
    );
  });

  it('what it was held for to the end', async () => {
    await booked(6);
    const { patient: patientId } = told;
    const fact = { kind: 'condition', since: told.today, until: null, statement: 'pregnancy' } as const;
    await told.tellPatient(patientId, HealthFactRecorded(now, { patientId, factId: newId(), ...fact }));
    const { due, expiresAt } = await messaging.queries.explain(told.world.chain, await idOf('session-reminder'));
    expect(await dispatchAt('session-reminder', due.instant)).toBe('held');
    expect(await dispatchAt('session-reminder', expiresAt)).toBe('expired');
    expect((await lastStep('session-reminder'))?.says).toMatch(/ It was held for \S+.*\.$/);
  });
});

describe('what was on record when a message was decided', () => {
  it('are the wishes of the whole person, by the registrations that were linked then', async () => {
    const other = newId();
    await told.world.append(recipient(other));
    await optOut(other);
    await booked(6);
    const linkId = newId();
    await told.link(told.patient, other, linkId);
    expect(await told.send('session-reminder')).toBe('suppressed');
    await told.unlink(told.patient, other, linkId);
    expect(await lastStep('session-reminder')).toMatchObject({
      type: 'MessageSuppressed',
      says: 'Not sent: opted-out.',
      basis: { optedOut: ['appointment'] },
    });
  });

  it('are the patient’s own wishes where the registration of somebody else is linked later', async () => {
    const other = newId();
    await told.world.append(recipient(other));
    await optOut(other);
    await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.link(told.patient, other, newId());
    const { steps } = await explained('session-reminder');
    expect(steps.find(({ type }) => type === 'MessageAttempted')?.basis).toMatchObject({ optedOut: [] });
  });
});
