import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  PatientDied,
  PatientEntryRetracted,
  PatientMovedAway,
  PatientReturned,
  patientStream,
} from '#libs/treatment/src/patient/patient.events.js';
import { SiteImportedMaintenanceReleased, siteStream } from '#libs/treatment/src/site/site.events.js';
import { openTestMessaging, recipient, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';
import { MESSAGE_PLANNER } from './message-planner.reactor.js';

let messaging: TestMessaging;
let told: ToldMessages;
let other: string;
const linkId = newId();
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  told = await ToldMessages.open(messaging);
  other = newId();
  await told.world.append(recipient(other));
});
afterEach(async () => expect(await told.planAgain()).toBe(0));

const now = occurredNow('2026-05-01T00:00:00.000Z');
const died = (patientId: string, n: number) => PatientDied(now, { patientId, on: addDays(told.today, n) });
const movedAway = (patientId: string, n: number) => PatientMovedAway(now, { patientId, on: addDays(told.today, n) });
const returned = (patientId: string, n: number) => PatientReturned(now, { patientId, on: addDays(told.today, n) });
const movedAndReturned = (id: string) => told.tellPatient(id, movedAway(id, -100), returned(id, -50));

describe('a registration that is linked', () => {
  it.each(['aspirin-notice', 'maintenance-due'])(
    '[message.told-before] has nothing told twice since the other had moved away and returned: %s',
    async (kind) => {
      await movedAndReturned(other);
      await told.begin(told.course().booked(told.day(20)));
      await told.begin(told.course({ end: 'completed' }).performed(told.day(-85)));
      expect(await told.send(kind)).toBe('sent');
      await told.link(told.patient, other, linkId);
      expect(await told.send(kind)).toBe('none');
      expect(await told.sent(kind)).toHaveLength(1);
    },
  );

  it('[message.told-before] has no instructions told twice when the link is undone after a death by mistake', async () => {
    await told.link(told.patient, other, linkId);
    await told.tellPatient(other, died(other, -3));
    const retracts = await told.lastOf(patientStream(other), 'PatientDied');
    await told.tellPatient(
      other,
      PatientEntryRetracted(now, { patientId: other, retracts, retractionReason: 'another' }),
    );
    await told.begin(told.course().performed(told.smallHours));
    expect(await told.send('aftercare')).toBe('sent');
    await told.unlink(told.patient, other, linkId);
    expect(await told.send('aftercare')).toBe('none');
  });

  it('[message.patient-gone] by mistake with somebody who died is told, when that is undone, what was suppressed', async () => {
    await told.tellPatient(other, died(other, -100));
    await told.begin(told.course().booked(told.day(20)));
    expect(await told.pending()).toHaveLength(2);
    await told.link(told.patient, other, linkId);
    expect(await told.pending()).toEqual([]);
    await told.unlink(told.patient, other, linkId);
    expect(await told.pending()).toHaveLength(2);
  });

  it('[message.patient-gone] keeps what was told again on return when the link is undone', async () => {
    await told.begin(told.course().booked(told.day(20)));
    await told.link(told.patient, other, linkId);
    await told.tellPatient(other, movedAway(other, 0));
    expect(await told.pending()).toEqual([]);
    await told.tellPatient(other, returned(other, 0));
    expect(await told.pending()).toHaveLength(2);
    await told.unlink(told.patient, other, linkId);
    expect(await told.pending()).toHaveLength(2);
    expect(await told.send('session-reminder')).toBe('sent');
  });
});

it('[maintenance.later-course] a later course of a linked registration ends the messages, and its unlinking does not', async () => {
  await told.begin(told.course({ end: 'completed' }).performed(told.day(-20)));
  await told.begin(told.course({}, { patient: other }).performed(told.day(-1)));
  expect(await told.pending('maintenance')).toHaveLength(3);
  await told.link(told.patient, other, linkId);
  expect(await told.messages('maintenance')).toEqual(Array(3).fill(expect.stringContaining('(rhythm-ended)')));
  await told.unlink(told.patient, other, linkId);
  expect(await told.pending('maintenance')).toHaveLength(3);
  await told.link(told.patient, other, newId());
  await told.begin(told.course({}, { patient: other }).performed(told.smallHours));
  expect(await told.pending('maintenance')).toEqual([]);
});

describe('somebody who had moved away and returned before a window was proposed', () => {
  it('[message.maintenance-back] is told that maintenance is due already', async () => {
    await movedAndReturned(told.patient);
    await told.begin(told.course({ end: 'completed' }).performed(told.day(-120)));
    expect(await told.pending('maintenance-due')).toHaveLength(1);
  });

  it('[message.imported-overdue] is told what waited, once staff of the site let it go', async () => {
    await movedAndReturned(told.patient);
    await told.begin(told.course({ end: 'completed', origin: 'import' }).performed(told.day(-400)));
    await movedAndReturned(told.patient);
    expect(await told.messages('maintenance')).toEqual([]);
    const { site } = told.world.of;
    const released = SiteImportedMaintenanceReleased(now, { siteId: site } as never);
    await told.world.append({ stream: siteStream(site), events: [released] });
    expect(await told.pending('maintenance-overdue')).toHaveLength(1);
  });
});

it('[message.patient-gone] is known of everybody who moved before the planner noted it, once it has looked at all', async () => {
  await movedAndReturned(told.patient);
  const { chain } = told.world;
  const { db } = messaging.engine;
  // As after the migration: the former version of the planner noted nobody, and the present one begins anew.
  await db.query('delete from messaging_person where chain = $1', [chain.no]);
  await db.query('update projection_checkpoint set position = 0 where chain = $1 and projection = $2', [
    chain.no,
    MESSAGE_PLANNER.name,
  ]);
  await told.begin(told.course().booked(told.day(20)));
  expect(await told.send('session-reminder')).toBe('sent');
});
