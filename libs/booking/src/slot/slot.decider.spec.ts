import { occurredNow } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { decideSlot, type SlotCommand } from './slot.decider.js';
import { SlotBooked, SlotGone, SlotUnknown } from './slot.errors.js';
import {
  type ReleaseReason,
  SlotAccepted,
  SlotAnsweredLate,
  SlotConfirmed,
  type SlotEvent,
  SlotHeld,
  SlotReleased,
  SlotsExhausted,
} from './slot.events.js';
import { evolve, type HeldTime, slotFold, type SlotState } from './slot.state.js';

const NOW = '2026-04-01T10:00:00.000Z';
const at = occurredNow(NOW);
const ids = {
  slotId: '0199a000-0000-8000-8000-000000000001',
  courseId: '0199a000-0000-7000-8000-000000000002',
  patientId: '0199a000-0000-7000-8000-000000000003',
};
const siteId = '0199a000-0000-7000-8000-000000000004';
const sessionId = '0199a000-0000-8000-8000-000000000005';
const slot: HeldTime = {
  ...{ ...ids, siteId, ordinal: 1, try: 1, at: wallToInstant('2026-04-06T09:00', 'Europe/Istanbul') },
  ...{ durationMinutes: 60, heldUntil: '2026-04-03T10:00:00.000Z', confirmedBy: 'patient' },
};
const forStaff: HeldTime = { ...slot, confirmedBy: 'staff' };
const HELD = [SlotHeld(at, slot)];
const ACCEPTED = [...HELD, SlotAccepted(at, { ...ids, against: [] })];
const CONFIRMED = [...HELD, SlotConfirmed(at, { ...ids, by: 'patient', sessionId })];
const RELEASED = [...HELD, SlotReleased(at, { ...ids, reason: 'no-answer' })];

const stateOf = (events: readonly SlotEvent[]) => events.reduce<SlotState>(evolve, slotFold.initial);
const given = (...events: SlotEvent[]) => ({
  when: (command: SlotCommand, now = NOW) => decideSlot(command, stateOf(events), now),
});
const agree = (gone: ReleaseReason | null = null, against: string[] = []): SlotCommand => ({
  ...{ kind: 'agree', gone, against, sessionId },
});
const confirm = (gone: ReleaseReason | null = null): SlotCommand => ({ kind: 'confirm', gone, sessionId });
const release = (reason: ReleaseReason): SlotCommand => ({ kind: 'release', reason });
const reasons = (events: readonly SlotEvent[]) =>
  events.map(({ type, data }) => [type, 'reason' in data && data.reason]);

describe('a time that is held', () => {
  it('is held once', () => {
    expect(given().when({ kind: 'hold', slot })).toEqual([SlotHeld(at, slot)]);
    expect(given(...HELD).when({ kind: 'hold', slot })).toEqual([]);
  });

  it('[slot.one-per-window] is not held where nothing more is to be held in the window', () => {
    const exhausted = { ...ids, siteId, ordinal: 1, tries: 0, reason: 'no-free-time' as const };
    const over = SlotsExhausted(at, exhausted);
    expect(given().when({ kind: 'exhaust', exhausted })).toEqual([over]);
    expect(given(over).when({ kind: 'hold', slot })).toEqual([]);
    expect(given(...HELD).when({ kind: 'exhaust', exhausted })).toEqual([]);
  });

  it('is booked by the patient’s yes, once', () => {
    expect(given(...HELD).when(agree())).toEqual([SlotConfirmed(at, { ...ids, by: 'patient', sessionId })]);
    expect(given(...CONFIRMED).when(agree())).toEqual([]);
  });

  it('[slot.confirmed-by-staff] is kept by a yes where the site leaves the last word to staff, until they say it', () => {
    const accepted = given(SlotHeld(at, forStaff)).when(agree());
    expect(accepted).toEqual([SlotAccepted(at, { ...ids, against: [] })]);
    expect(given(SlotHeld(at, forStaff), ...accepted).when(agree())).toEqual([]);
    // The hold is over by then, and the patient has answered in time.
    const later = '2026-04-04T10:00:00.000Z';
    expect(given(...ACCEPTED).when(release('no-answer'), later)).toEqual([]);
    expect(
      given(...ACCEPTED)
        .when(confirm(), later)
        .map(({ type }) => type),
    ).toEqual(['SlotConfirmed']);
  });

  it('[slot.booked-by-the-rules] is kept for staff where a rule stands against booking it at once', () => {
    const against = ['consultation.expired'];
    expect(given(...HELD).when(agree(null, against))).toEqual([SlotAccepted(at, { ...ids, against })]);
  });

  it('[slot.hold-ends] ends without an answer when the hold is over, and not a moment before', () => {
    const before = '2026-04-03T09:59:59.999Z';
    expect(given(...HELD).when(release('no-answer'), before)).toEqual([]);
    expect(reasons(given(...HELD).when(release('no-answer'), slot.heldUntil))).toEqual([['SlotReleased', 'no-answer']]);
    expect(given(...ACCEPTED).when(release('not-confirmed'), slot.heldUntil)).toEqual([]);
    expect(reasons(given(...ACCEPTED).when(release('not-confirmed'), slot.at.instant))).toEqual([
      ['SlotReleased', 'not-confirmed'],
    ]);
    expect(given(...HELD).when(release('not-confirmed'), slot.at.instant)).toEqual([]);
  });

  it('[slot.released] refuses staff a time that is not held any more, and notes a patient who says yes to it', () => {
    expect(() => given(...RELEASED).when(confirm())).toThrow(SlotGone);
    const late = SlotAnsweredLate(at, { ...ids, siteId, reason: 'no-answer' });
    expect(given(...RELEASED).when(agree())).toEqual([late]);
    expect(given(...RELEASED, late).when(agree())).toEqual([]);
  });

  it('[slot.released] releases what is over and nobody has released yet, whoever says yes to it', () => {
    expect(reasons(given(...HELD).when(agree('window-moved')))).toEqual([
      ['SlotReleased', 'window-moved'],
      ['SlotAnsweredLate', 'window-moved'],
    ]);
    expect(reasons(given(...HELD).when(agree(), slot.heldUntil))).toEqual([
      ['SlotReleased', 'no-answer'],
      ['SlotAnsweredLate', 'no-answer'],
    ]);
    expect(() => given(...HELD).when(confirm('booked-otherwise'))).toThrow(SlotGone);
    expect(() => given(...HELD).when(confirm(), slot.heldUntil)).toThrow(SlotGone);
  });

  it('is released once, and not when it has become a session', () => {
    expect(reasons(given(...HELD).when(release('another-day')))).toEqual([['SlotReleased', 'another-day']]);
    expect(given(...RELEASED).when(release('another-day'))).toEqual([]);
    expect(given(...CONFIRMED).when(release('another-day'))).toEqual([]);
    expect(given().when(release('another-day'))).toEqual([]);
  });

  it('is free again when its session is moved or called off, and only then', () => {
    expect(reasons(given(...CONFIRMED).when(release('session-moved')))).toEqual([['SlotReleased', 'session-moved']]);
    expect(given(...HELD).when(release('session-called-off'))).toEqual([]);
  });

  it('is unknown where none was ever held', () => {
    expect(() => given().when(agree())).toThrow(SlotUnknown);
    expect(() => given().when(confirm())).toThrow(SlotUnknown);
  });

  it('names the session that it has become', () => {
    expect(new SlotBooked(sessionId).data).toEqual({ sessionId });
  });
});
