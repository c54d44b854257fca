import { occurredNow } from '#libs/kernel/src/occurred.js';
import { derivedId, newId } from '#libs/kernel/src/ids.js';
import { InvitationCounted, invitationStream } from '#libs/messaging/src/message/invitation.events.js';
import { ConsentWithdrawn, consultationStream } from '#libs/treatment/src/consultation/consultation.events.js';
import { PatientOptedOut } from '#libs/treatment/src/contact/contact.events.js';
import {
  CourseStopped,
  courseStream,
  MaintenanceDeclined,
  MaintenanceResumed,
  SessionBooked,
  SessionCancelled,
  SessionPerformed,
  SessionRescheduled,
} from '#libs/treatment/src/course/course.events.js';
import { PatientDied, PatientMovedAway, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { CredentialRevoked, practitionerStream } from '#libs/treatment/src/practitioner/practitioner.events.js';
import {
  BookingClinic,
  type BookingClinicOptions,
  hoursAfter,
  PRACTITIONER_ID,
  SITE_ID,
  weekdays,
} from '#test/support/booking-clinic.js';
import { type CourseHistory, zoned } from '#test/support/treatment-history.js';
import { SlotGone } from '../slot/slot.errors.js';
import type { SlotState } from '../slot/slot.state.js';

/** The window of the patients here: three months from their first session on 5 January. */
const WINDOW = { opens: '2026-04-05', closes: '2026-07-05' };
/** Monday, at noon in Istanbul: the lead time has come. */
const MONDAY = '2026-03-23T09:00:00.000Z';

let clinic: BookingClinic;
let course: CourseHistory;

/** A clinic with one patient whose window opens on Sunday, 5 April. */
async function given(options: BookingClinicOptions = {}): Promise<void> {
  clinic = await new BookingClinic({ now: MONDAY, ...options }).open();
  course = await clinic.patient();
}

const walls = () => clinic.held().map(({ at }) => at.wall);
const look = () => clinic.look(course.id);
const statuses = () => clinic.states().map((state: SlotState) => ('reason' in state ? state.reason : state.status));
const answer = (said: 'confirm' | 'cancel' | 'stop') =>
  clinic.slots.answer(clinic.clinic.chain, clinic.lastHeld(course.id)?.slotId as string, said);
const known = () => ({ courseId: course.id, patientId: course.of.patient });
const at = () => occurredNow(clinic.clinic.now);
const toCourse = (...events: Parameters<CourseHistory['push']>) =>
  clinic.append({ stream: courseStream(course.id), events });

describe('a time for maintenance', () => {
  it('[slot.window] is proposed in the window, and not before its lead time has come', async () => {
    await given({ now: '2026-03-02T09:00:00.000Z' });
    // Two weeks ahead of 5 April, at the site.
    expect(await look()).toBe('2026-03-21T21:00:00.000Z');
    expect(walls()).toEqual([]);
    clinic.clinic.now = MONDAY;
    expect(await look()).toBe(hoursAfter(MONDAY, 48));
    expect(walls()).toEqual(['2026-04-06T09:00']);
    expect((await clinic.course(course.id)).proposal).toMatchObject(WINDOW);
  });

  it('[slot.window] is not proposed where the site proposes none, or is never open', async () => {
    await given();
    await clinic.setRules(null);
    expect(await look()).toBeNull();
    await clinic.setRules({});
    await clinic.setHours(weekdays());
    expect(await look()).toBeNull();
    expect(walls()).toEqual([]);
  });

  it('is proposed by a message, once more half way to the end of the hold, in the same append', async () => {
    await given();
    await look();
    const [slot] = clinic.held();
    const planned = clinic.eventsOf('MessagePlanned');
    const cause = { kind: 'maintenance-slot', ordinal: 1, slotId: slot?.slotId };
    expect(planned).toMatchObject([
      { kind: 'maintenance-proposal', cause, generation: 0, due: { instant: MONDAY }, expiresAt: slot?.heldUntil },
      { generation: 1, due: { instant: hoursAfter(MONDAY, 24) }, expiresAt: slot?.heldUntil },
    ]);
    const commands = ['SlotHeld', 'TimeTaken', 'MessagePlanned'].map(
      (type) => clinic.clinic.log.find((event) => event.type === type)?.header.commandId,
    );
    expect(new Set(commands).size).toBe(1);
  });

  it('[slot.interval] keeps the shortest interval after the last session of a drawn-out course', async () => {
    clinic = await new BookingClinic({ now: '2026-04-10T09:00:00.000Z' }).open();
    course = await clinic.patient(['2026-01-05T10:00', '2026-04-08T10:00']);
    await look();
    expect(walls()).toEqual(['2026-04-22T09:00']);
  });

  it('[slot.open] lies in the opening hours, lunch breaks and holidays left out', async () => {
    const hours = weekdays({ from: '11:30', to: '12:00' }, { from: '14:00', to: '15:00' });
    await given({ openingHours: { ...hours, closedOn: ['2026-04-06'] } });
    clinic.clinic.now = '2026-03-23T08:45:00.000Z';
    await look();
    expect(walls()).toEqual(['2026-04-07T14:00']);
  });

  it('[slot.capacity] goes to one patient where one can be treated, and to two where two can', async () => {
    await given({ openingHours: weekdays({ from: '11:00', to: '13:00' }) });
    const others = [await clinic.patient(), await clinic.patient()];
    await look();
    for (const { id } of others) await clinic.look(id);
    expect(walls()).toEqual(['2026-04-06T11:00', '2026-04-06T12:00', '2026-04-07T11:00']);
    await clinic.setRules({ capacity: 2 });
    const fourth = await clinic.patient();
    await clinic.look(fourth.id);
    expect(walls().at(-1)).toBe('2026-04-06T11:00');
  });

  it('[slot.capacity] leaves alone what staff have booked, for as long as a session may take', async () => {
    const booked = { sessionId: newId(), at: zoned('2026-04-06T09:15').instant };
    await given({ sessions: new Map([['2026-04-06', [booked]]]) });
    await look();
    expect(walls()).toEqual(['2026-04-06T10:15']);
  });

  it('[slot.one-per-window] is held once, however often it is looked at', async () => {
    await given();
    await Promise.all(Array.from({ length: 8 }, look));
    await look();
    expect(walls()).toHaveLength(1);
    expect(clinic.eventsOf('MessagePlanned')).toHaveLength(2);
  });

  it('[slot.reachable] waits for an hour in which the patient may be written to', async () => {
    await given({ now: '2026-03-23T19:30:00.000Z' });
    // 22:30 in Istanbul; the site opens at nine.
    expect(await look()).toBe('2026-03-24T06:00:00.000Z');
    expect(walls()).toEqual([]);
  });

  it('[slot.reachable] waits until the patient may be invited again', async () => {
    await given({ cap: { count: 1, days: 7 } });
    const data = { patientId: course.of.patient, messageId: newId() };
    await clinic.append({ stream: invitationStream(course.of.patient), events: [InvitationCounted(at(), data)] });
    expect(await look()).toBe(hoursAfter(MONDAY, 7 * 24));
    expect(walls()).toEqual([]);
  });

  it('[slot.reachable] is not held for whoever is not to be written to', async () => {
    await given();
    const silent = [
      await clinic.patient(undefined, { contactConsent: false }),
      await clinic.patient(undefined, { channel: 'none' }),
      await clinic.patient(undefined, { email: '' }),
    ];
    for (const { id } of silent) expect(await clinic.look(id)).toBeNull();
    const wish = {
      patientId: course.of.patient,
      categories: ['recall' as const],
      by: 'staff' as const,
      messageId: null,
    };
    await clinic.append({ stream: patientStream(course.of.patient), events: [PatientOptedOut(at(), wish)] });
    expect(await look()).toBeNull();
    expect(clinic.states()).toEqual([]);
  });

  it('[slot.another-day] is followed by one on another day after no answer, and then by nothing more', async () => {
    await given({ proposals: { triesMax: 3, holdHours: 24 } });
    await clinic.lookOn(course.id, 24 * 10);
    expect(walls()).toEqual(['2026-04-06T09:00', '2026-04-07T09:00', '2026-04-08T09:00']);
    expect(statuses()).toEqual(['no-answer', 'no-answer', 'no-answer', 'exhausted']);
  });

  it('[slot.another-day] is followed by one on another day at once when the patient wants another', async () => {
    await given({ proposals: { triesMax: 2 } });
    await look();
    expect(await answer('cancel')).toBe('taken');
    await look();
    expect(walls()).toEqual(['2026-04-06T09:00', '2026-04-07T09:00']);
    expect(await answer('cancel')).toBe('taken');
    await look();
    expect(statuses()).toEqual(['another-day', 'another-day', 'exhausted']);
  });

  it('[slot.exhausted] is asked of staff, once, after so many tries without an answer', async () => {
    await given({ proposals: { triesMax: 1 } });
    await clinic.lookOn(course.id, 24 * 30);
    await look();
    expect(clinic.slotEvents('SlotsExhausted')).toMatchObject([{ ...known(), tries: 1, reason: 'no-answer' }]);
  });

  it('[slot.exhausted] is asked of staff at once where no time is free to the end of the window', async () => {
    const lastDay = weekdays({ from: '09:00', to: '10:00' });
    await given({ now: '2026-07-01T06:00:00.000Z', openingHours: lastDay, proposals: { holdHours: 24 } });
    const others = [await clinic.patient(), await clinic.patient()];
    for (const { id } of [course, ...others]) await clinic.look(id);
    // Thursday and Friday; the window closes on Sunday.
    expect(walls()).toEqual(['2026-07-02T09:00', '2026-07-03T09:00']);
    expect(clinic.slotEvents('SlotsExhausted')).toMatchObject([
      { courseId: others[1]?.id, tries: 0, reason: 'no-free-time' },
    ]);
  });

  it('[slot.exhausted] is asked of staff where the window closes while nobody answers', async () => {
    await given({ now: '2026-07-01T07:00:00.000Z', proposals: { holdHours: 40 } });
    await clinic.lookOn(course.id, 24 * 10);
    expect(statuses()).toEqual(['no-answer', 'exhausted']);
    expect(clinic.slotEvents('SlotsExhausted')).toMatchObject([{ tries: 1, reason: 'no-free-time' }]);
  });

  it('[slot.hold-ends] is released when the hold is over, and its reminder is not sent any more', async () => {
    await given({ proposals: { triesMax: 1 } });
    await look();
    clinic.clinic.now = hoursAfter(MONDAY, 48);
    await look();
    expect(statuses()).toEqual(['no-answer', 'exhausted']);
    expect(clinic.eventsOf('TimeFreed')).toHaveLength(1);
    expect(clinic.eventsOf('MessageSuppressed')).toMatchObject([
      { reason: 'slot-released' },
      { reason: 'slot-released' },
    ]);
  });

  it('[slot.booked-by-the-rules] becomes a session with the yes, and the reminder is not needed any more', async () => {
    await given();
    await look();
    expect(await answer('confirm')).toBe('taken');
    expect(await answer('confirm')).toBe('taken');
    const { sessions } = await clinic.course(course.id);
    const booked = { kind: 'maintenance', status: 'booked', siteId: SITE_ID, practitionerId: PRACTITIONER_ID };
    expect(sessions.at(-1)).toMatchObject({ ...booked, bookedFor: { wall: '2026-04-06T09:00' } });
    expect(sessions).toHaveLength(5);
    expect(clinic.eventsOf('MessageSuppressed')).toMatchObject([{ reason: 'maintenance-booked' }, {}]);
    expect(await look()).toBeNull();
  });

  it('[slot.booked-by-the-rules] waits for staff where a rule stands against it, and staff are told which', async () => {
    await given();
    await look();
    const revoked = { practitionerId: PRACTITIONER_ID, procedures: ['facial'], from: '2026-04-01', reason: 'moved' };
    await clinic.append({
      stream: practitionerStream(PRACTITIONER_ID),
      events: [CredentialRevoked(at(), revoked)],
    });
    expect(await answer('confirm')).toBe('taken');
    expect(clinic.slotEvents('SlotAccepted')).toMatchObject([{ against: ['session.credential'] }]);
    expect((await clinic.course(course.id)).sessions).toHaveLength(4);
    const { slotId } = clinic.lastHeld(course.id) as { slotId: string };
    await expect(clinic.slots.confirm(clinic.clinic.meta(), slotId, {})).rejects.toMatchObject({
      code: 'session.booking-refused',
    });
  });

  it('[slot.confirmed-by-staff] is kept by a yes until staff book it', async () => {
    await given({ proposals: { confirmedBy: 'staff' } });
    await look();
    expect(await answer('confirm')).toBe('taken');
    expect(statuses()).toEqual(['accepted']);
    // Far beyond the end of the hold.
    clinic.clinic.now = '2026-04-03T09:00:00.000Z';
    expect(await look()).toBe(zoned('2026-04-06T09:00').instant);
    const { slotId } = clinic.lastHeld(course.id) as { slotId: string };
    await clinic.slots.confirm(clinic.clinic.meta(), slotId, {});
    expect(statuses()).toEqual(['confirmed']);
    expect((await clinic.course(course.id)).sessions).toHaveLength(5);
  });

  it('[slot.confirmed-by-staff] is given back when its time has come and nobody has booked it', async () => {
    await given({ proposals: { confirmedBy: 'staff', triesMax: 1 } });
    await look();
    await answer('confirm');
    await clinic.lookOn(course.id, 24 * 14);
    expect(statuses()[0]).toBe('not-confirmed');
  });

  it('[slot.released] tells a patient who says yes too late that it is gone, and keeps it for staff', async () => {
    await given({ proposals: { triesMax: 1 } });
    await look();
    await clinic.lookOn(course.id, 72);
    expect(await answer('confirm')).toBe('gone');
    expect(await answer('confirm')).toBe('gone');
    expect(clinic.slotEvents('SlotAnsweredLate')).toMatchObject([{ ...known(), reason: 'no-answer' }]);
    const { slotId } = clinic.lastHeld(course.id) as { slotId: string };
    await expect(clinic.slots.confirm(clinic.clinic.meta(), slotId, {})).rejects.toThrow(SlotGone);
    expect((await clinic.course(course.id)).sessions).toHaveLength(4);
  });

  it('ends with the patient’s maintenance where they want none', async () => {
    await given();
    await look();
    expect(await answer('stop')).toBe('taken');
    expect((await clinic.course(course.id)).maintenanceDeclined).toBe(true);
    expect(await look()).toBeNull();
    expect(statuses()).toEqual(['declined']);
    // A time is proposed again when they want it again.
    await toCourse(MaintenanceResumed(at(), known()));
    await look();
    expect(walls()).toEqual(['2026-04-06T09:00', '2026-04-07T09:00']);
  });

  it('is left to staff where they say that they see to it', async () => {
    await given();
    await look();
    const { slotId } = clinic.lastHeld(course.id) as { slotId: string };
    await clinic.slots.release(clinic.clinic.meta(), slotId, { proposeAnother: false });
    expect(await look()).toBeNull();
    expect(statuses()).toEqual(['by-staff']);
  });
});

describe('a time that is held is released at once', () => {
  const gone: [string, string, () => Promise<void>][] = [
    ['the patient declines', 'declined', () => toCourse(MaintenanceDeclined(at(), known()))],
    ['the course is stopped', 'course-ended', () => toCourse(CourseStopped(at(), { ...known(), reason: 'moved' }))],
    [
      'the patient dies',
      'patient-gone',
      () => {
        const data = { patientId: course.of.patient, on: '2026-03-22' };
        return clinic.append({ stream: patientStream(course.of.patient), events: [PatientDied(at(), data)] });
      },
    ],
    [
      'the patient moves away',
      'patient-gone',
      () => {
        const data = { patientId: course.of.patient, on: '2026-03-22' };
        return clinic.append({ stream: patientStream(course.of.patient), events: [PatientMovedAway(at(), data)] });
      },
    ],
    [
      'staff book a session beside it',
      'booked-otherwise',
      () => toCourse(SessionBooked(at(), { ...known(), ...session(), at: zoned('2026-04-10T09:00') })),
    ],
    [
      'a session takes place that moves the window',
      'window-moved',
      async () => {
        const used = [{ product: 'GlowMeso', lotNumber: 'L1' }];
        const done = { areas: ['face'], device: 'needle' as const, products: used, reactions: [], overridden: [] };
        const performed = { ...known(), ...session(), at: zoned('2026-03-20T09:00'), ...done, overrideReasons: {} };
        await toCourse(SessionPerformed(at(), performed));
        await clinic.propose(course.id);
      },
    ],
    [
      'the consent to the treatment is withdrawn',
      'consent-withdrawn',
      () => {
        const data = { consultationId: course.consultationId, patientId: course.of.patient, procedure: 'facial' };
        return clinic.append({
          stream: consultationStream(course.consultationId),
          events: [ConsentWithdrawn(at(), data)],
        });
      },
    ],
    ['the site closes at that time', 'site-closed', () => clinic.setHours(weekdays({ from: '13:00', to: '15:00' }))],
  ];
  const session = () => ({
    ...{
      sessionId: newId(),
      kind: 'maintenance' as const,
      number: 1,
      siteId: SITE_ID,
      practitionerId: PRACTITIONER_ID,
    },
  });

  it.each(gone)('[slot.cause-gone] when %s', async (_, reason, happens) => {
    await given();
    await look();
    const [first] = clinic.held();
    await happens();
    await look();
    expect(await clinic.slot(first?.slotId as string)).toMatchObject({ status: 'released', reason });
    expect(clinic.eventsOf('TimeFreed')).toMatchObject([{ slotId: first?.slotId }]);
  });

  it.each(gone)(
    '[slot.cause-gone] and cannot be confirmed any more when %s, before anybody has released it',
    async (_, reason, happens) => {
      await given();
      await look();
      await happens();
      expect(await answer('confirm')).toBe('gone');
      expect(clinic.slotEvents('SlotReleased')).toMatchObject([{ reason }]);
      expect(clinic.slotEvents('SlotConfirmed')).toEqual([]);
    },
  );

  it('is free for others when its session is called off or moved', async () => {
    await given();
    const other = await clinic.patient();
    await look();
    await answer('confirm');
    await clinic.look(other.id);
    await clinic.slots.answer(clinic.clinic.chain, clinic.lastHeld(other.id)?.slotId as string, 'confirm');
    const sessionOf = (slotId: string | undefined) => derivedId(slotId as string, 'session');
    const [mine, theirs] = [clinic.lastHeld(course.id), clinic.lastHeld(other.id)];
    await toCourse(SessionCancelled(at(), { ...known(), sessionId: sessionOf(mine?.slotId), reason: 'ill' }));
    const moved = { sessionId: sessionOf(theirs?.slotId), siteId: SITE_ID, practitionerId: PRACTITIONER_ID };
    const data = { courseId: other.id, patientId: other.of.patient, ...moved, at: zoned('2026-05-04T09:00') };
    await clinic.append({ stream: courseStream(other.id), events: [SessionRescheduled(at(), data)] });
    await look();
    await clinic.look(other.id);
    expect(clinic.slotEvents('SlotReleased').map(({ reason }) => reason)).toEqual([
      'session-called-off',
      'session-moved',
    ]);
    expect(clinic.eventsOf('TimeFreed')).toHaveLength(2);
  });
});
