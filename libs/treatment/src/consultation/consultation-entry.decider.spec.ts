import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { stepwise } from '#libs/protocols/src/built-in/stepwise.protocol.js';
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
  HEALTHY,
  heldIn,
  historyOf,
  hold,
  note,
  NOW,
  nurse,
  override,
  patientId,
  physician,
  practitionerId,
  recorded,
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
  ContraindicationOverridden,
  QuestionnaireAnswered,
  TestResultRecorded,
} from './consultation.events.js';
import { screeningValidOn } from './consultation.rules.js';
import { consentOn } from './consent.rules.js';
import { correctEntry, type EntryCorrection, retractEntry, stateWithout } from './consultation-entry.decider.js';
import type { PermissionWorld } from './consultation-permission.rules.js';

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
/** A grown-up who is healthy, and everybody in it a physician. */
const PERMISSIONS: PermissionWorld = {
  protocol: facial,
  hasGuardian: false,
  diedOn: null,
  practitionerOf: () => physician,
  healthOn: () => HEALTHY,
  healthKnownOn: () => HEALTHY,
  isMinorOn: () => false,
};
const correction = (event: string, says: ConsultationEvent, more: Partial<EntryCorrection> = {}): EntryCorrection => ({
  event,
  says,
  reason: 'entered wrongly',
  known: { protocol: facial, practitioner: undefined, permissions: PERMISSIONS },
  ...more,
});
const correct = (command: EntryCorrection, given: readonly NewEvent[] = cleared) =>
  correctEntry(command, historyOf(given), NOW);
const retract = (event: string, given: readonly NewEvent[] = cleared, permissions = PERMISSIONS) => {
  const known = { after: stateWithout(recorded(given), event), permissions };
  return retractEntry({ event, reason: 'another patient', known }, historyOf(given), NOW);
};

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
      correction(CONCLUDED, concluded, { known: { protocol: facial, practitioner, permissions: PERMISSIONS } });
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

it('[consultation.patient-died] moves no consultation and no signature to after a death', () => {
  const dead = { practitioner: physician, protocol: facial, permissions: { ...PERMISSIONS, diedOn: '2026-03-01' } };
  const held = ConsultationHeld(occurredAt(at('2026-03-02T11:00')), {
    ...of,
    siteId,
    practitionerId,
    procedure: 'facial',
    notes: {},
  });
  expect(refusal(() => correct(correction(HELD, held, { known: dead }))).rules).toEqual([
    'consultation.patient-died data.at',
  ]);
  const signed = signedOn('2026-03-02', { validUntil: null });
  expect(refusal(() => correct(correction(SIGNED, signed, { known: dead }))).rules).toEqual([
    'consultation.patient-died data.signedOn',
  ]);
  expect(correct(correction(SIGNED, signedOn('2026-03-01'), { known: dead }))).toHaveLength(1);
});

describe('a correction that opens what was closed', () => {
  const concludedAs = (conclusion: { outcome: 'cleared' | 'refused' }, by = practitionerId) =>
    ConsultationConcluded(occurredAt(at('2026-03-02T16:00')), {
      ...of,
      practitionerId: by,
      conclusion,
      reason: conclusion.outcome === 'cleared' ? '' : 'an infection',
    });
  const within = (event: string, says: ConsultationEvent, permissions: Partial<PermissionWorld>) =>
    correction(event, says, {
      known: { protocol: facial, practitioner: physician, permissions: { ...PERMISSIONS, ...permissions } },
    });

  it('[consultation.entry-permission] clears nobody who lacks what a clearance needs', () => {
    const bare = happened([hold(), answers([{ code: 'pregnancy', answer: 'yes' }]), conclude({ outcome: 'refused' })]);
    const { code, rules } = refusal(() => correct(within(eventIdOf(2), concludedAs({ outcome: 'cleared' }), {}), bare));
    expect(code).toBe('consultation-entry.refused');
    expect(rules).toEqual(
      expect.arrayContaining([
        'consultation.contraindication contraindications.pregnancy',
        'consultation.notes notes.goals',
      ]),
    );
    const whole = happened([hold(), note(), answers(), conclude({ outcome: 'refused' })]);
    const clear = within(CONCLUDED, concludedAs({ outcome: 'cleared' }), {});
    expect(heldIn([...whole, ...correct(clear, whole)]).conclusion).toEqual({ outcome: 'cleared' });
    const learned = { ...HEALTHY, conditions: ['pregnancy'] };
    const known = within(CONCLUDED, concludedAs({ outcome: 'cleared' }), { healthOn: () => learned });
    expect(refusal(() => correct(known, whole)).rules).toEqual([
      'consultation.contraindication contraindications.pregnancy',
    ]);
  });
  it('[consultation.entry-permission] gives a clearance to nobody who could not have given it', () => {
    const other = newId();
    const unlisted = { ...HEALTHY, medications: ['levothyroxine'] };
    const byNurse = within(CONCLUDED, concludedAs({ outcome: 'cleared' }, other), {
      healthOn: () => unlisted,
      practitionerOf: (id) => (id === other ? nurse : physician),
    });
    const { rules } = refusal(() => correct(byNurse));
    expect(new Set(rules)).toEqual(new Set(['consultation.review practitioner']));
    const byPhysician = within(CONCLUDED, concludedAs({ outcome: 'cleared' }, other), { healthOn: () => unlisted });
    expect(correct(byPhysician)).toHaveLength(1);
  });
  it('[consultation.entry-permission] moves no clearance to before the consultation, nor to what was not asked', () => {
    const early = ConsultationConcluded(occurredAt(at('2026-03-01T10:00')), {
      ...of,
      practitionerId,
      conclusion: { outcome: 'cleared' },
      reason: '',
    });
    expect(refusal(() => correct(within(CONCLUDED, early, {}))).rules).toEqual(['consultation.order at']);
    const held = ConsultationHeld(occurredAt(at('2026-03-02T10:00')), {
      ...of,
      siteId,
      practitionerId,
      procedure: 'stepwise',
      notes: {},
    });
    const { rules } = refusal(() => correct(within(HELD, held, { protocol: stepwise })));
    expect(rules).toContain('consultation.tests tests.blood-test');
  });
  it('[consultation.entry-permission] leaves a clearance its questions', () => {
    const fewer = { ...answeredAs('no') };
    const one = {
      ...fewer,
      data: { ...fewer.data, answeredCodes: ['pregnancy'], answers: [{ code: 'pregnancy', answer: 'no' as const }] },
    };
    const { rules } = refusal(() => correct(correction(ANSWERED, one)));
    expect(rules).toContain('consultation.questionnaire questionnaire.breastfeeding');
    expect(rules).not.toContain('consultation.questionnaire questionnaire.pregnancy');
    expect(refusal(() => retract(ANSWERED)).rules).toContain('consultation.questionnaire questionnaire.pregnancy');
    const open = [...cleared, ...retract(CONCLUDED)];
    expect(retract(ANSWERED, open)).toHaveLength(1);
  });
  it('[consultation.entry-permission] overrides as a physician may, and only what the protocol lets be overridden', () => {
    const found = happened([
      hold(),
      answers([
        { code: 'breastfeeding', answer: 'yes' },
        { code: 'pregnancy', answer: 'yes' },
      ]),
      override('breastfeeding'),
    ]);
    const overriddenBy = (by: string, code = 'breastfeeding', reason = 'agreed with the cardiologist') =>
      ContraindicationOverridden(found[2]?.occurredAt as never, { ...of, practitionerId: by, code, reason });
    const other = newId();
    const byNurse = within(eventIdOf(2), overriddenBy(other), { practitionerOf: () => nurse });
    expect(refusal(() => correct(byNurse, found)).rules).toEqual(['override.physician practitioner']);
    const expired = {
      ...physician,
      credentials: [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: '2026-01-31' }],
    };
    const uncredentialed = within(eventIdOf(2), overriddenBy(other), { practitionerOf: () => expired });
    expect(refusal(() => correct(uncredentialed, found)).rules).toEqual(['override.physician practitioner']);
    const pregnancy = within(eventIdOf(2), overriddenBy(practitionerId, 'pregnancy'), {});
    expect(refusal(() => correct(pregnancy, found)).rules).toEqual(['override.allowed code']);
    const acne = within(eventIdOf(2), overriddenBy(practitionerId, 'keloid-tendency'), {});
    expect(refusal(() => correct(acne, found)).rules).toEqual(['override.found code']);
    const reworded = within(eventIdOf(2), overriddenBy(practitionerId, 'breastfeeding', 'in writing'), {});
    expect(correct(reworded, found)).toHaveLength(1);
  });
  it('[consultation.entry-permission] has a guardian sign for a minor', () => {
    const minor = { isMinorOn: () => true, hasGuardian: true };
    const child = happened([hold(), sign({ signedBy: 'guardian' }, { isMinor: true, hasGuardian: true })]);
    const byPatient = within(eventIdOf(1), signedOn('2026-03-02'), minor);
    expect(refusal(() => correct(byPatient, child)).rules).toEqual(['consent.guardian signedBy']);
    const earlier = within(eventIdOf(1), signedOn('2026-03-01', { signedBy: 'guardian' }), minor);
    expect(correct(earlier, child)).toHaveLength(1);
    const unnamed = within(eventIdOf(1), signedOn('2026-03-01', { signedBy: 'guardian' }), {
      ...minor,
      hasGuardian: false,
    });
    expect(refusal(() => correct(unnamed, child)).rules).toEqual(['consent.guardian patient']);
  });
  it('[consultation.entry-permission] takes from no consent its form, nor who signed it', () => {
    const { formHash: _, signedBy: __, ...data } = signedOn('2026-03-02').data;
    const without = { ...signedOn('2026-03-02'), data };
    expect(refusal(() => correct(correction(SIGNED, without))).rules).toEqual([
      'consent.form data.formHash',
      'consent.guardian data.signedBy',
    ]);
    const old = [...happened([hold()]), without];
    const { signedOn: ___, ...rest } = data;
    const anew = ConsentSigned(onDay('2026-02-20', 'Europe/Istanbul'), { ...rest, signedOn: '2026-02-20' });
    expect(correct(correction(eventIdOf(1), anew), old)).toHaveLength(1);
  });
  it('[consultation.entry-permission] opens nothing by being taken back either', () => {
    const refused = [...cleared, ...correct(within(CONCLUDED, concludedAs({ outcome: 'refused' }), {}))];
    const learned = { ...PERMISSIONS, healthOn: () => ({ ...HEALTHY, conditions: ['pregnancy'] }) };
    expect(refusal(() => retract(eventIdOf(5), refused, learned)).rules).toEqual([
      'consultation.contraindication contraindications.pregnancy',
    ]);
    expect(heldIn([...refused, ...retract(eventIdOf(5), refused)]).conclusion).toEqual({ outcome: 'cleared' });
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
