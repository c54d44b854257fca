import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import {
  answers,
  at,
  conclude,
  consultationId,
  eventIdOf,
  happened,
  heldIn,
  historyOf,
  hold,
  note,
  NOW,
  patientId,
  physician,
  practitionerId,
  refusal,
  sign,
  siteId,
} from '#test/support/consultation-given.js';
import { onDay } from './consultation-entry.rules.js';
import {
  ConsentSigned,
  ConsultationConcluded,
  type ConsultationEvent,
  ConsultationHeld,
  QuestionnaireAnswered,
  TestResultRecorded,
} from './consultation.events.js';
import { screeningValidOn } from './consultation.rules.js';
import { consentOn } from './consultation.state.js';
import { correctEntry, type EntryCorrection, retractEntry } from './consultation-entry.decider.js';

const of = { consultationId, patientId };
/** 0 held, 1 noted, 2 answered, 3 concluded, 4 signed. */
const cleared = happened([hold(), note(), answers(), conclude(), sign()]);
const [HELD, , ANSWERED, CONCLUDED, SIGNED] = cleared.map((_, n) => eventIdOf(n)) as [
  string,
  string,
  string,
  string,
  string,
];

const answeredAs = (answer: 'yes' | 'no') =>
  QuestionnaireAnswered(cleared[2]?.occurredAt as never, {
    ...of,
    answeredCodes: answers().answers.map(({ code }) => code),
    answers: answers([{ code: 'breastfeeding', answer }]).answers as never,
  });
const signedOn = (day: string, more: object = {}) =>
  ConsentSigned(onDay(day, 'Europe/Istanbul'), {
    ...of,
    procedure: 'facial',
    signedOn: day,
    formHash: 'ab'.repeat(32),
    signedBy: 'patient',
    validUntil: '2027-03-01',
    ...more,
  });
const correction = (event: string, says: ConsultationEvent, more: Partial<EntryCorrection> = {}): EntryCorrection => ({
  event,
  says,
  reason: 'entered wrongly',
  known: { protocol: facial, practitioner: undefined },
  ...more,
});
const correct = (command: EntryCorrection, given: readonly NewEvent[] = cleared) =>
  correctEntry(command, historyOf(given), NOW);
const retract = (event: string, given: readonly NewEvent[] = cleared) =>
  retractEntry({ event, reason: 'another patient' }, historyOf(given), NOW);

describe('correcting an entry of a consultation', () => {
  it('[consultation.entry-corrected] says it anew beside what it corrects, with a reason', () => {
    expect(correct(correction(SIGNED, signedOn('2026-02-20')))).toMatchObject([
      {
        type: 'ConsentSignedCorrected',
        occurredAt: { instant: '2026-02-19T21:00:00.000Z', precision: 'day' },
        data: { ...of, signedOn: '2026-02-20', corrects: SIGNED, correctionReason: 'entered wrongly' },
      },
    ]);
  });
  it('[consultation.entry-corrected] reads corrected from then on', () => {
    const corrected = [...cleared, ...correct(correction(SIGNED, signedOn('2026-02-20')))];
    expect(consentOn(heldIn(corrected).consents, 'facial', '2026-02-25')?.signedOn).toBe('2026-02-20');
    expect(consentOn(heldIn(cleared).consents, 'facial', '2026-02-25')).toBeUndefined();
  });
  it('[consultation.entry-corrected] takes what happened as it was, and judges the clearance by it', () => {
    const corrected = [...cleared, ...correct(correction(ANSWERED, answeredAs('yes')))];
    expect(heldIn(corrected).conclusion).toEqual({ outcome: 'cleared' });
    expect(screeningValidOn(heldIn(cleared), facial, '2026-03-10')).toBe(true);
    expect(screeningValidOn(heldIn(corrected), facial, '2026-03-10')).toBe(false);
  });
  it('[consultation.entry-corrected] corrects a correction: what it names is the entry', () => {
    const once = [...cleared, ...correct(correction(SIGNED, signedOn('2026-02-20')))];
    const twice = correct(correction(eventIdOf(5), signedOn('2026-02-21')), once);
    expect(twice).toMatchObject([{ data: { corrects: SIGNED, signedOn: '2026-02-21' } }]);
    expect(heldIn([...once, ...twice]).consents).toMatchObject([{ signedOn: '2026-02-21' }]);
  });
  it('[consultation.repeated] adds nothing where it reads so already', () => {
    const command = correction(SIGNED, signedOn('2026-02-20'));
    expect(correct(command, [...cleared, ...correct(command)])).toEqual([]);
    expect(correct(correction(ANSWERED, answeredAs('no')))).toEqual([]);
  });
  it('[consultation.entry] refuses an entry that is unknown or was taken back', () => {
    expect(refusal(() => correct(correction(newId(), signedOn('2026-02-20')))).rules).toEqual([
      'consultation.entry event',
    ]);
    const retracted = [...cleared, ...retract(SIGNED)];
    expect(refusal(() => correct(correction(SIGNED, signedOn('2026-02-20')), retracted)).rules).toEqual([
      'consultation.entry event',
    ]);
    expect(refusal(() => retract(SIGNED, retracted)).rules).toEqual(['consultation.entry event']);
    expect(refusal(() => retract(SIGNED, [])).code).toBe('consultation.unknown');
  });
  it('[consultation.entry-same] keeps the kind, the consultation and the patient', () => {
    const { fields } = refusal(() => correct(correction(SIGNED, answeredAs('no'))));
    expect(fields).toMatchObject([
      { rule: 'consultation.entry-same', seen: 'QuestionnaireAnswered', accepted: 'ConsentSigned' },
    ]);
    const moved = signedOn('2026-02-20', { patientId: newId() });
    expect(refusal(() => correct(correction(SIGNED, moved))).rules).toEqual(['consultation.entry-same data.type']);
  });
  it('[consultation.in-future] refuses what is still to come', () => {
    const later = ConsultationHeld(occurredAt(at('2026-03-03T10:00')), {
      ...of,
      siteId,
      practitionerId,
      procedure: 'facial',
      notes: {},
    });
    expect(refusal(() => correct(correction(HELD, later))).rules).toEqual(['consultation.in-future data.at']);
    expect(refusal(() => correct(correction(SIGNED, signedOn('2026-03-03')))).rules).toEqual([
      'consultation.in-future data.at',
      'consent.in-future signedOn',
    ]);
  });
  it('[consultation.practitioner] names a registered practitioner', () => {
    const concluded = ConsultationConcluded(cleared[3]?.occurredAt as never, {
      ...of,
      practitionerId: newId(),
      conclusion: { outcome: 'refused' },
      reason: 'an infection',
    });
    const by = (practitioner: typeof physician) =>
      correction(CONCLUDED, concluded, { known: { protocol: facial, practitioner } });
    expect(refusal(() => correct(by({ status: 'none' }))).rules).toEqual(['consultation.practitioner practitioner']);
    expect(correct(by(physician))).toMatchObject([{ type: 'ConsultationConcludedCorrected' }]);
  });
  it('refuses what nobody can have said: no question, no reason, no order of days', () => {
    const unasked = { ...answeredAs('no') };
    const asked = { ...unasked, data: { ...unasked.data, answers: [{ code: 'acne', answer: 'no' as const }] } };
    expect(refusal(() => correct(correction(ANSWERED, asked))).rules).toEqual([
      'questionnaire.question answers.0.code',
    ]);
    const deferred = ConsultationConcluded(cleared[3]?.occurredAt as never, {
      ...of,
      practitionerId,
      conclusion: { outcome: 'deferred', until: '2026-03-02' },
      reason: '',
    });
    expect(refusal(() => correct(correction(CONCLUDED, deferred))).rules).toEqual([
      'consultation.reason reason',
      'consultation.deferred-until conclusion.until',
    ]);
    const ended = signedOn('2026-03-01', { validUntil: '2026-02-01' });
    expect(refusal(() => correct(correction(SIGNED, ended))).rules).toEqual(['consent.validity validUntil']);
    const tested = [
      ...happened([hold()]),
      TestResultRecorded(onDay('2026-03-01', 'Europe/Istanbul'), {
        ...of,
        test: 'blood-test',
        on: '2026-03-01',
        acceptable: true,
        values: [],
      }),
    ];
    const ahead = TestResultRecorded(onDay('2026-03-03', 'Europe/Istanbul'), {
      ...of,
      test: 'blood-test',
      on: '2026-03-03',
      acceptable: true,
      values: [],
    });
    expect(refusal(() => correct(correction(eventIdOf(1), ahead), tested)).rules).toEqual([
      'consultation.in-future data.at',
      'test.in-future on',
    ]);
  });
});

describe('taking an entry of a consultation back', () => {
  it('[consultation.entry-corrected] leaves it out from then on', () => {
    const events = retract(SIGNED);
    expect(events).toMatchObject([
      { type: 'ConsultationEntryRetracted', data: { ...of, retracts: SIGNED, retractionReason: 'another patient' } },
    ]);
    expect(heldIn([...cleared, ...events]).consents).toEqual([]);
  });
  it('[consultation.entry-corrected] takes one correction back, and the entry reads as before it', () => {
    const corrected = [...cleared, ...correct(correction(SIGNED, signedOn('2026-02-20')))];
    const events = retract(eventIdOf(5), corrected);
    expect(heldIn([...corrected, ...events]).consents).toMatchObject([{ signedOn: '2026-03-02' }]);
  });
  it('[consultation.entry-corrected] opens a consultation again whose conclusion never happened', () => {
    expect(heldIn([...cleared, ...retract(CONCLUDED)])).toMatchObject({ status: 'open', conclusion: undefined });
  });
  it('[consultation.entry-first] takes that it was held back only after the rest', () => {
    const { fields } = refusal(() => retract(HELD));
    expect(fields).toMatchObject([{ rule: 'consultation.entry-first', seen: 4, accepted: 'no other entry' }]);
    const alone = happened([hold()]);
    expect(historyOf([...alone, ...retract(HELD, alone)]).state).toEqual({ status: 'none' });
  });
});
