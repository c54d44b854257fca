import type { DecisionBasis, Message } from '../api/messages.js';
import { basisText, causeText, eventName, fateText, generationText, ruleText } from './message-text.js';

const message: Message = {
  ...{ id: 'm', kind: 'check-in', status: 'pending', channel: null, heldFor: [], reason: null },
  patient: { id: 'p', code: 'PT1', name: 'Mia Ó Briain' },
  course: { id: 'c', code: 'C1', protocol: 'facial' },
  due: { wall: '2026-03-02T22:00', zone: 'Europe/Istanbul', instant: '2026-03-02T19:00:00.000Z' },
  ...{ nextDue: '2026-03-02T19:00:00.000Z', sentAt: null, sentWall: null, delivery: null, reply: null },
};

describe('what became of a message', () => {
  it('says nothing of one that is simply not due yet', () => {
    expect(fateText(message)).toBe('');
  });

  it('says until when it waits, what it is held for, and what a provider said, as it was said', () => {
    expect(fateText({ ...message, nextDue: '2026-03-03T05:00:00.000Z' })).toBe('Waits until 3 Mar 2026, 05:00 UTC');
    expect(fateText({ ...message, nextDue: null, heldFor: ['session.contraindication-absolute'] })).toBe(
      'Held for session.contraindication-absolute',
    );
    const refused = { ...message, nextDue: '2026-03-02T19:01:00.000Z', reason: '451 at RCPT TO: try-later' };
    expect(fateText(refused)).toBe('Waits until 2 Mar 2026, 19:01 UTC; 451 at RCPT TO: try-later');
  });

  it('says how it went, whether it arrived, and what the patient answered', () => {
    const sent: Message = {
      ...{ ...message, status: 'sent', nextDue: null, channel: 'sms', delivery: 'undelivered', reply: 'worried' },
      sentWall: { wall: '2026-03-03T08:00', zone: 'Europe/Istanbul' },
    };
    expect(fateText(sent)).toBe('SMS, 3 Mar 2026, 08:00, undelivered; the patient is worried');
  });

  it('says why it did not go', () => {
    const suppressed: Message = { ...message, status: 'suppressed', nextDue: null, reason: 'opted-out' };
    expect(fateText(suppressed)).toBe('The patient wants no messages of this kind');
  });
});

describe('the explanation of a message', () => {
  it('names what it is about, and which rule asks for it', () => {
    expect(causeText({ kind: 'maintenance-window', ordinal: 2 })).toBe('maintenance window 2 of the course');
    const rule = { kind: 'check-in', after: 'P3D', usefulFor: 'P2D', facts: ['S4-R1'], basis: 'general' as const };
    expect(ruleText(rule)).toBe('Check-in, 3 days after; of use for 2 days');
    expect(ruleText({ ...rule, after: undefined, before: 'PT24H', usefulFor: null })).toBe('Check-in, 24 hours before');
    expect(eventName('SessionBooked')).toBe('Session booked');
  });

  it('tells the first message from those that told the same anew', () => {
    const key = { cause: { kind: 'session' as const, sessionId: 's' }, recipient: 'p', precaution: null };
    expect(generationText({ key: { ...key, generation: 0 } })).toBe('told for the first time');
    expect(generationText({ key: { ...key, generation: 2 } })).toBe('told anew, 2 times after the first');
  });

  it('says what was on record at a decision', () => {
    const basis: DecisionBasis = {
      ...{ contactConsent: true, channel: 'email', language: 'tr', optedOut: [], patientRevision: 3 },
      ...{ zone: 'Europe/Istanbul', quietHours: { from: '21:00', to: '08:00' }, opensKnown: false },
      ...{ cap: { count: 2, days: 7 }, siteRevision: 1 },
    };
    expect(basisText(basis)).toEqual([
      'the patient agreed to be written to',
      'E-mail, Turkish',
      'every kind of message wanted',
      'quiet hours 21:00 to 08:00, Europe/Istanbul',
      'opening hours not known',
      'at most 2 invitations in 7 days',
      'patient at revision 3, site at revision 1',
    ]);
    const against = basisText({ ...basis, contactConsent: false, channel: null, optedOut: ['recall'], cap: null });
    expect(against[0]).toBe('the patient did not agree to be written to');
    expect(against[1]).toBe('no channel for this kind');
    expect(against[2]).toBe('no messages wanted: Invitations');
    expect(against[5]).toBe('invitations without limit');
  });
});
