import { ERASED } from '#libs/event-store/src/personal-data.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { slimmingAndCellulite } from '#libs/protocols/src/built-in/slimming-and-cellulite.protocol.js';
import { stepwise } from '#libs/protocols/src/built-in/stepwise.protocol.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  answers,
  at,
  conclude,
  consultationId,
  happened,
  HEALTHY,
  heldIn,
  hold,
  note,
  NOW,
  nurse,
  override,
  patientId,
  physician,
  practitionerId,
  products,
  refusal,
  result,
  sign,
  standing,
  TODAY,
  when,
  withdraw,
} from '#test/support/consultation-given.js';
import type { ConsultationCommand } from './consultation-command.types.js';
import { decideConsultation } from './consultation.decider.js';
import { healthFactsOf } from './questionnaire.decider.js';
import { ConsultationNoted, QuestionnaireAnswered } from './consultation.events.js';
import {
  plannedIngredients,
  questionnaireHealth,
  screeningValidOn,
  screeningValidUntil,
} from './consultation.rules.js';
import { consentOn } from './consent.rules.js';
import { consultationFold } from './consultation.state.js';

/** Everything that a clearance under `facial` needs. */
const complete = [hold(), note(), answers()];
const pregnant = { code: 'pregnancy', answer: 'yes' } as const;
const breastfeeding = { code: 'breastfeeding', answer: 'yes' } as const;
const allergic = (...details: string[]) => ({ code: 'allergy', answer: 'yes' as const, details });
const missing = (given: readonly ConsultationCommand[], how: Parameters<typeof conclude>[2] = {}) =>
  refusal(() => when(conclude(undefined, {}, how), given)).rules;
const unknownPractitioner = { practitioner: { status: 'none' } } as const;

describe('holding a consultation', () => {
  it('records what was said and found, for the patient, at the site', () => {
    expect(when(hold({ notes: { goals: 'fresher skin' } }), [])).toMatchObject([
      { type: 'ConsultationHeld', data: { patientId, procedure: 'facial', notes: { goals: 'fresher skin' } } },
    ]);
  });
  it('[consultation.in-future] refuses a consultation that is still to come', () => {
    const { rules, fields } = refusal(() => when(hold({ at: at('2026-03-02T16:01') }), []));
    expect(rules).toEqual(['consultation.in-future at']);
    expect(fields).toMatchObject([{ seen: '2026-03-02T16:01', accepted: `${NOW} or earlier`, facts: [] }]);
  });
  it('[consultation.in-future] refuses a conclusion or a withdrawal that is still to come', () => {
    const later = at('2026-03-02T17:00');
    expect(refusal(() => when(conclude(undefined, { at: later }), complete)).rules).toEqual([
      'consultation.in-future at',
    ]);
    expect(refusal(() => when(withdraw('2026-03-02T17:00'), [hold(), sign()])).rules).toEqual([
      'consultation.in-future at',
    ]);
  });
  it('[consultation.practitioner] asks for a registered practitioner who holds, notes and concludes', () => {
    expect(refusal(() => when(hold({ known: { ...unknownPractitioner, diedOn: null } }), [])).rules).toEqual([
      'consultation.practitioner practitioner',
    ]);
    expect(refusal(() => when({ ...note(), known: unknownPractitioner }, [hold()])).rules).toEqual([
      'consultation.practitioner practitioner',
    ]);
    const refused = conclude({ outcome: 'refused' }, {}, unknownPractitioner);
    expect(refusal(() => when(refused, complete)).rules).toEqual(['consultation.practitioner practitioner']);
  });
  it('knows no consultation that was never held', () => {
    expect(refusal(() => decideConsultation(note(), consultationFold.initial, NOW)).code).toBe('consultation.unknown');
  });
});

describe('noting', () => {
  it('[consultation.notes] takes a topic anew and keeps the others', () => {
    const { notes } = standing([
      hold({ notes: { goals: 'fresher skin', concerns: 'pain' } }),
      { ...note(), notes: { goals: 'fewer lines', examination: 'dry' } },
    ]);
    expect(notes).toEqual({ goals: 'fewer lines', concerns: 'pain', examination: 'dry' });
  });
  it('[consultation.notes] clears nothing before goals, expectations and concerns (S2-V1), complaints and examination (S3-V1) are noted', () => {
    const codes = ['goals', 'expectations', 'concerns', 'examination', 'complaints', 'health-condition'];
    expect(missing([hold(), answers()])).toEqual(codes.map((code) => `consultation.notes notes.${code}`));
    for (const code of codes) {
      expect(missing([hold(), note(facial, [code]), answers()])).toEqual([`consultation.notes notes.${code}`]);
    }
  });
  it('[consultation.notes] does not take blanks for a note, and names the statement it rests on', () => {
    const blank = { ...note(), notes: { ...note().notes, goals: '  ', examination: ' ' } };
    const { fields } = refusal(() => when(conclude(), [hold(), blank, answers()]));
    expect(fields).toMatchObject([
      { field: 'notes.goals', facts: ['S2-V1'], seen: 'nothing' },
      { field: 'notes.examination', facts: ['S3-V1'], seen: 'nothing' },
    ]);
  });
});

describe('the health questionnaire', () => {
  it('[consultation.questionnaire] clears nothing while one question is unanswered (S0-C1 to S0-C8, S4-C1)', () => {
    const facts = ['S0-C1', 'S0-C2', 'S0-C3', 'S0-C4', 'S0-C5', 'S0-C6', 'S0-C7', 'S0-C8', 'S4-C1'];
    expect(facial.screening.contraindications).toHaveLength(facts.length);
    facial.screening.contraindications.forEach(({ code }, n) => {
      const { fields } = refusal(() => when(conclude(), [hold(), note(), answers([], facial, [code])]));
      expect(fields).toMatchObject([
        { rule: 'consultation.questionnaire', field: `questionnaire.${code}`, facts: [facts[n]], seen: 'no answer' },
      ]);
    });
  });
  it('[consultation.questionnaire] counts the latest answer to each question', () => {
    const { answers: latest, answeredCodes } = standing([
      hold(),
      answers([breastfeeding]),
      { ...answers(), answers: [{ code: 'breastfeeding', answer: 'no' }] },
    ]);
    expect(latest).toContainEqual({ code: 'breastfeeding', answer: 'no' });
    expect(answeredCodes).toHaveLength(facial.screening.contraindications.length);
  });
  it('[questionnaire.question] refuses a question that the protocol does not have, or one answered twice', () => {
    const given = {
      ...answers(),
      answers: [
        { code: 'acne', answer: 'no' as const },
        { code: 'pregnancy', answer: 'no' as const },
        { code: 'pregnancy', answer: 'yes' as const },
      ],
    };
    expect(refusal(() => when(given, [hold()])).rules).toEqual([
      'questionnaire.question answers.0.code',
      'questionnaire.question answers.2.code',
    ]);
  });
  it.each(['allergy', 'anticoagulant', 'history-review'])(
    '[questionnaire.details] asks which, where the question %s is answered yes',
    (code) => {
      const { rules } = refusal(() => when(answers([{ code, answer: 'yes' }]), [hold()]));
      expect(rules).toEqual([expect.stringMatching(/^questionnaire\.details answers\.\d\.details$/)]);
      expect(when(answers([{ code, answer: 'yes', details: ['named'] }]), [hold()])).toHaveLength(1);
    },
  );
  it('[questionnaire.since] refuses what is so only from tomorrow on', () => {
    const tomorrow = answers([{ ...breastfeeding, since: '2026-03-03' }]);
    const { fields } = refusal(() => when(tomorrow, [hold()]));
    expect(fields).toMatchObject([
      { rule: 'questionnaire.since', seen: '2026-03-03', accepted: `${TODAY} or earlier` },
    ]);
    expect(when(answers([{ ...breastfeeding, since: TODAY }]), [hold()])).toHaveLength(1);
  });
  it('says which questions were answered without saying how', () => {
    const [event] = when({ ...answers(), answers: [pregnant] }, [hold()]);
    expect(event?.data).toMatchObject({ answeredCodes: ['pregnancy'] });
    expect(QuestionnaireAnswered.personalFields.get('answers')).toBe('clinical');
  });
});

describe('a yes as knowledge about the patient', () => {
  const learned = (given: Parameters<typeof answers>[0], recorded: Parameters<typeof healthFactsOf>[1]['recorded']) => {
    const [event] = when(answers(given), [hold()]);
    const answered = event as ReturnType<typeof QuestionnaireAnswered>;
    return healthFactsOf(answered, { protocol: facial, recorded, on: TODAY, factIdAt: (n) => `fact-${n}` });
  };

  it('[questionnaire.knowledge] goes into the patient’s record: conditions, medicines and substances', () => {
    const facts = learned(
      [
        { ...breastfeeding, since: '2025-12-24' },
        allergic('penicillin', 'latex'),
        { code: 'anticoagulant', answer: 'yes', details: ['Warfarin'] },
        { code: 'history-review', answer: 'yes', details: ['migraine'] },
      ],
      HEALTHY,
    );
    expect(facts.map(({ data }) => [data.factId, data.kind, data.statement, data.since, data.until])).toEqual([
      ['fact-0', 'condition', 'breastfeeding', '2025-12-24', null],
      ['fact-1', 'allergy', 'penicillin', TODAY, null],
      ['fact-2', 'allergy', 'latex', TODAY, null],
      ['fact-3', 'medication', 'Warfarin', TODAY, null],
      ['fact-4', 'condition', 'migraine', TODAY, null],
    ]);
    expect(facts[0]?.occurredAt).toEqual({ instant: '2025-12-24T00:00:00.000Z', precision: 'day' });
  });
  it('[questionnaire.knowledge] adds nothing that the record holds, whatever the letter case, and nothing for a no', () => {
    const recorded = { conditions: ['Breastfeeding'], medications: [], allergies: ['LATEX'] };
    expect(learned([breastfeeding, allergic('latex', 'Latex')], recorded)).toEqual([]);
    expect(learned([], HEALTHY)).toEqual([]);
    expect(learned([{ code: 'pregnancy', answer: 'unknown' }], HEALTHY)).toEqual([]);
  });
  it('[questionnaire.knowledge] counts in the consultation in the words of the record', () => {
    const given = [breastfeeding, allergic('latex'), { code: 'anticoagulant', answer: 'yes', details: ['Warfarin'] }];
    expect(questionnaireHealth(standing([hold(), answers(given as never)]), facial)).toEqual({
      conditions: ['breastfeeding'],
      medications: ['Warfarin'],
      allergies: ['latex'],
    });
  });
  it('[questionnaire.knowledge] is nothing where the record was erased', () => {
    expect(learned([breastfeeding], 'erased')).toEqual([]);
  });
});

describe('contraindications', () => {
  it.each([
    ['pregnancy', 'S0-C1'],
    ['breastfeeding', 'S0-C2'],
    ['cardiovascular-disease', 'S0-C3'],
    ['immune-disorder', 'S0-C4'],
    ['uncontrolled-diabetes', 'S0-C6'],
    ['anticoagulant', 'S0-C7'],
    ['severe-psoriasis', 'S0-C8'],
  ])('[consultation.contraindication] clears nothing while %s is answered yes (%s)', (code, fact) => {
    const given = [hold(), note(), answers([{ code, answer: 'yes', details: ['as named'] }])];
    const { fields } = refusal(() => when(conclude(), given));
    expect(fields).toMatchObject([
      {
        rule: 'consultation.contraindication',
        field: `contraindications.${code}`,
        facts: [fact],
        seen: 'found in the questionnaire',
        ...(code === 'pregnancy' ? {} : { override: 'physician' }),
      },
    ]);
    expect(fields[0]?.override).toBe(code === 'pregnancy' ? undefined : 'physician');
  });
  it('[consultation.contraindication] stands by the health record as well, whatever was answered', () => {
    const health = { ...HEALTHY, medications: ['Warfarin'] };
    const { fields } = refusal(() => when(conclude(undefined, {}, { health }), complete));
    expect(fields).toMatchObject([
      { rule: 'consultation.contraindication', seen: 'found in the health record', facts: ['S0-C7'] },
    ]);
  });
  it('[consultation.answer-unknown] stands while the patient does not know, until it is known', () => {
    const unknown = [hold(), note(), answers([{ code: 'pregnancy', answer: 'unknown' }])];
    expect(missing(unknown)).toEqual(['consultation.answer-unknown contraindications.pregnancy']);
    const known = { ...answers(), answers: [{ code: 'pregnancy', answer: 'no' as const }] };
    expect(when(conclude(), [...unknown, known])).toHaveLength(1);
    const overridable = [hold(), note(), answers([{ code: 'breastfeeding', answer: 'unknown' }])];
    expect(when(conclude(), [...overridable, override('breastfeeding')])).toHaveLength(1);
  });
  it('[consultation.answer-unknown] does not stand for a question that only asks for a review', () => {
    expect(when(conclude(), [hold(), note(), answers([{ code: 'history-review', answer: 'unknown' }])])).toHaveLength(
      1,
    );
  });
  it('[consultation.health-erased] clears nobody whose record, answers or notes were erased', () => {
    expect(missing(complete, { health: 'erased' })).toEqual(['consultation.health-erased patient']);
    const noted = ConsultationNoted(occurredNow(NOW), { consultationId, patientId, practitionerId, notes: ERASED });
    const erased = heldIn([...happened(complete), noted]);
    expect(refusal(() => decideConsultation(conclude(), erased, NOW)).rules).toEqual([
      'consultation.health-erased patient',
    ]);
    expect(refusal(() => when(override('pregnancy', { health: 'erased' }), complete)).rules).toEqual([
      'consultation.health-erased patient',
    ]);
  });
});

describe('allergies and planned products', () => {
  it('[consultation.allergy] refuses an allergy to an ingredient of a planned product, whoever overrides (S0-C5, S4-C1)', () => {
    const given = [hold(), note(), answers([allergic('Hyaluronic ACID')]), products('hyaluronic acid', 'zinc')];
    const { fields } = refusal(() => when(conclude(), given));
    expect(fields).toMatchObject([{ rule: 'consultation.allergy', facts: ['S0-C5'], accepted: 'not found' }]);
    expect(fields[0]?.override).toBeUndefined();
    expect(refusal(() => when(override('allergy'), given)).rules).toEqual(['override.allowed code']);
  });
  it('[consultation.allergy] finds an allergy of the health record, and none to what the products do not hold', () => {
    const health = { ...HEALTHY, allergies: ['zinc'] };
    expect(missing([...complete, products('zinc')], { health })).toEqual([
      'consultation.allergy contraindications.allergy',
    ]);
    expect(when(conclude(undefined, {}, { health }), [...complete, products('biotin')])).toHaveLength(1);
  });
  it('[consultation.products] asks for the planned products where there is an allergy', () => {
    const given = [hold(), note(), answers([allergic('penicillin')])];
    expect(missing(given)).toEqual(['consultation.products products']);
    expect(missing(complete, { health: { ...HEALTHY, allergies: ['penicillin'] } })).toEqual([
      'consultation.products products',
    ]);
    expect(when(conclude(), [...given, products('zinc')])).toHaveLength(1);
    expect(missing([...given, { type: 'ConsiderProducts', products: [], ingredients: [] }])).toEqual([
      'consultation.products products',
    ]);
  });
  it('[consultation.products] checks a product of which nothing is known against all that the protocol names', () => {
    const unknown = { type: 'ConsiderProducts', products: ['Other'], ingredients: [] } as const;
    expect(plannedIngredients(standing([hold(), unknown]), facial)).toEqual([
      'hyaluronic acid',
      'vitamins',
      'minerals',
      'amino acids',
      'antioxidants',
    ]);
    expect(missing([hold(), note(), answers([allergic('vitamins')]), unknown])).toEqual([
      'consultation.allergy contraindications.allergy',
    ]);
  });
  it('[consultation.review] lets a physician clear a soy allergy with phosphatidylcholine, and no nurse (S0-G1)', () => {
    const protocol = slimmingAndCellulite;
    const given = [hold(), note(protocol), answers([allergic('soy')], protocol), products('phosphatidylcholine')];
    const by = (practitioner: typeof physician) => conclude(undefined, {}, { protocol, practitioner });
    const { fields } = refusal(() => when(by(nurse), given));
    expect(fields).toMatchObject([
      {
        rule: 'consultation.review',
        field: 'practitioner',
        facts: ['S0-T3', 'S0-G1'],
        seen: 'nurse',
        override: 'physician',
      },
    ]);
    expect(when(by(physician), given)).toHaveLength(1);
  });
  it('[consultation.review] lets a physician clear an illness that no list knows, and no nurse (S4-C1)', () => {
    const given = [hold(), note(), answers([{ code: 'history-review', answer: 'yes', details: ['migraine'] }])];
    const { fields } = refusal(() => when(conclude(undefined, {}, { practitioner: nurse }), given));
    expect(fields).toMatchObject([{ rule: 'consultation.review', facts: ['S4-C1'] }]);
    expect(when(conclude(), given)).toHaveLength(1);
    expect(when(conclude(undefined, {}, { practitioner: nurse }), complete)).toHaveLength(1);
  });
  it('[consultation.review] is looked at by a physician who may carry out the procedure on that day (S2-Q1)', () => {
    const given = [hold(), note(), answers([{ code: 'history-review', answer: 'yes', details: ['migraine'] }])];
    const until = (validTo: string) =>
      ({
        ...physician,
        credentials: [{ procedures: ['facial'], validFrom: '2020-01-01', validTo }],
      }) as typeof physician;
    expect(when(conclude(undefined, {}, { practitioner: until('2026-03-02') }), given)).toHaveLength(1);
    const { fields } = refusal(() => when(conclude(undefined, {}, { practitioner: until('2026-03-01') }), given));
    expect(fields).toMatchObject([{ rule: 'consultation.review', seen: expect.stringContaining('credential') }]);
    // What no physician must look at needs none.
    expect(when(conclude(undefined, {}, { practitioner: until('2026-03-01') }), complete)).toHaveLength(1);
  });
  it('[consultation.review] lets a nurse clear what a physician has accepted in writing', () => {
    const given = [hold(), note(), answers([{ code: 'history-review', answer: 'yes', details: ['migraine'] }])];
    const accepted = [...given, override('history-review')];
    expect(when(conclude(undefined, {}, { practitioner: nurse }), accepted)).toHaveLength(1);
  });
});

describe('tests', () => {
  const asked = [hold(), note(stepwise), answers([], stepwise)];
  const clear = conclude(undefined, {}, { protocol: stepwise });
  const both = [result('blood-test', '2026-03-01'), result('urine-test', '2026-03-01')];

  it('[consultation.tests] clears nothing before every test that the protocol asks for has an acceptable result (S3-L1)', () => {
    const { fields } = refusal(() => when(clear, asked));
    expect(fields).toMatchObject([
      { rule: 'consultation.tests', field: 'tests.blood-test', facts: ['S3-L1'], seen: 'no result' },
      { rule: 'consultation.tests', field: 'tests.urine-test', facts: ['S3-L1'], seen: 'no result' },
    ]);
    expect(when(clear, [...asked, ...both])).toHaveLength(1);
    expect(when(conclude(), complete)).toHaveLength(1);
  });
  it('[consultation.tests] counts the latest sample, in whatever order the results came', () => {
    const worse = result('blood-test', '2026-03-02', false);
    expect(refusal(() => when(clear, [...asked, worse, ...both])).rules).toEqual([
      'consultation.tests tests.blood-test',
    ]);
    const better = result('blood-test', '2026-02-28', false);
    expect(when(clear, [...asked, ...both, better])).toHaveLength(1);
    const again = [result('blood-test', '2026-03-01', false), result('blood-test', '2026-03-01')];
    expect(when(clear, [...asked, again[0] as never, both[1] as never, again[1] as never])).toHaveLength(1);
  });
  it('[consultation.test-age] takes no result that is older than what a consultation finds may be (S3-L1)', () => {
    const of = (on: string) => [result('blood-test', on), result('urine-test', '2026-03-01')];
    expect(refusal(() => when(clear, [...asked, ...of('1901-01-01')])).fields).toMatchObject([
      { rule: 'consultation.test-age', field: 'tests.blood-test', facts: ['S3-L1'], seen: '1901-01-01' },
    ]);
    expect(refusal(() => when(clear, [...asked, ...of('2025-03-01')])).rules).toEqual([
      'consultation.test-age tests.blood-test',
    ]);
    expect(when(clear, [...asked, ...of('2025-03-02')])).toHaveLength(1);
  });
  it('[test.in-future] refuses the result of a sample that is still to be taken', () => {
    const { fields } = refusal(() => when(result('blood-test', '2026-03-03'), [hold()]));
    expect(fields).toMatchObject([{ rule: 'test.in-future', seen: '2026-03-03', facts: ['S3-L1'] }]);
  });
  it('[consultation.tests] shows a test as asked for until its result is there', () => {
    const requested = [hold(), { type: 'RequestTest', test: 'blood-test' } as const];
    expect(standing(requested).testsPending).toEqual(['blood-test']);
    expect(standing([...requested, result('blood-test', '2026-03-01')]).testsPending).toEqual([]);
  });
});

describe('an override', () => {
  const given = [hold(), note(), answers([breastfeeding])];

  it('[consultation.contraindication] lets a consultation be cleared that a physician accepts in writing', () => {
    expect(missing(given)).toEqual(['consultation.contraindication contraindications.breastfeeding']);
    expect(when(conclude(), [...given, override('breastfeeding')])).toMatchObject([
      { type: 'ConsultationConcluded', data: { conclusion: { outcome: 'cleared' } } },
    ]);
  });
  it('[override.found] is given for a contraindication that was found only', () => {
    const { fields } = refusal(() => when(override('anticoagulant'), given));
    expect(fields).toMatchObject([{ rule: 'override.found', seen: 'anticoagulant', accepted: 'breastfeeding' }]);
    const none = refusal(() => when(override('anticoagulant'), complete));
    expect(none.fields).toMatchObject([{ accepted: 'nothing: none was found' }]);
    const health = { ...HEALTHY, medications: ['heparin'] };
    expect(when(override('anticoagulant', { health }), given)).toHaveLength(1);
  });
  it('[override.allowed] is never given for a pregnancy (S0-C1)', () => {
    const { fields } = refusal(() => when(override('pregnancy'), [hold(), note(), answers([pregnant])]));
    expect(fields).toMatchObject([{ rule: 'override.allowed', facts: ['S0-C1'], seen: 'pregnancy' }]);
  });
  it('[override.allowed] counts for nothing under a protocol that does not allow it', () => {
    const overridden = [...given, override('breastfeeding')];
    const strict: Protocol = {
      ...facial,
      screening: {
        ...facial.screening,
        contraindications: facial.screening.contraindications.map((each) => ({ ...each, overridable: false })),
      },
    };
    expect(missing(overridden, { protocol: strict })).toEqual([
      'consultation.contraindication contraindications.breastfeeding',
    ]);
  });
  it('[override.physician] is given by a physician with a credential for the procedure that is valid on the day', () => {
    const by = (practitioner: typeof physician) =>
      refusal(() => when(override('breastfeeding', { practitioner }), given)).fields;
    expect(by(nurse)).toMatchObject([{ rule: 'override.physician', seen: 'nurse', facts: ['S2-Q1'] }]);
    const expired = {
      ...physician,
      credentials: [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: '2026-03-01' }],
    };
    expect(by(expired as typeof physician)).toMatchObject([
      { rule: 'override.physician', seen: 'no valid credential' },
    ]);
    expect(by({ status: 'none' })).toMatchObject([{ rule: 'consultation.practitioner' }]);
  });
  it('[override.physician] counts a credential for the procedure under a copy of its protocol (S2-Q1)', () => {
    const copy = { ...facial, code: 'our-facial', procedure: 'facial' };
    const asked = override('breastfeeding');
    const under = (protocol: typeof facial) => ({ ...asked, known: { ...asked.known, protocol } });
    expect(when(under(copy), given)).toHaveLength(1);
    expect(refusal(() => when(under({ ...copy, procedure: 'hair' }), given)).fields).toMatchObject([
      { rule: 'override.physician', seen: 'no valid credential' },
    ]);
  });
  it('[override.answer-changed] ends when the answer changes, and not when it is only given again', () => {
    const overridden = [...given, override('breastfeeding')];
    const again = { ...answers(), answers: [{ ...breastfeeding, since: '2026-01-01' }] };
    expect(standing([...overridden, answers([breastfeeding])]).overrides).toHaveLength(1);
    expect(standing([...overridden, again]).overrides).toEqual([]);
    expect(missing([...overridden, again])).toEqual(['consultation.contraindication contraindications.breastfeeding']);
  });
  it('[override.later-knowledge] accepts what was on record when it was given, and is given again for what came after', () => {
    const warfarin = { ...HEALTHY, medications: ['warfarin'] };
    const both = { ...HEALTHY, medications: ['warfarin', 'rivaroxaban'] };
    const accepted = [...complete, override('anticoagulant', { health: warfarin })];
    const now = { health: both, healthKnownAt: () => warfarin };
    expect(when(conclude(undefined, {}, { health: warfarin }), accepted)).toHaveLength(1);
    expect(missing(accepted, now)).toEqual(['consultation.contraindication contraindications.anticoagulant']);
    expect(when(override('anticoagulant', { health: warfarin }), accepted)).toEqual([]);
    expect(when(override('anticoagulant', now), accepted)).toHaveLength(1);
  });
  it('is given for late knowledge about a patient who was cleared before', () => {
    const health = { ...HEALTHY, conditions: ['breastfeeding'] };
    expect(when(override('breastfeeding', { health }), [...complete, conclude()])).toHaveLength(1);
  });
});

describe('the conclusion', () => {
  it('clears what lacks nothing, by a named practitioner, on the day', () => {
    const cleared = standing([...complete, conclude(undefined, { at: at('2026-03-02T12:00') })]);
    expect(cleared).toMatchObject({ status: 'concluded', conclusion: { outcome: 'cleared' }, concludedOn: TODAY });
  });
  it('names everything that a clearance lacks at once', () => {
    const { code, rules } = refusal(() => when(conclude(), [hold(), answers([pregnant], facial, ['allergy'])]));
    expect(code).toBe('consultation.not-clearable');
    expect(new Set(rules.map((rule) => rule.split(' ')[0]))).toEqual(
      new Set(['consultation.notes', 'consultation.questionnaire', 'consultation.contraindication']),
    );
  });
  it('[consultation.reason] defers and refuses with a reason only', () => {
    for (const conclusion of [{ outcome: 'deferred', until: '2026-04-01' }, { outcome: 'refused' }] as const) {
      expect(refusal(() => when(conclude(conclusion, { reason: ' ' }), [hold()])).rules).toEqual([
        'consultation.reason reason',
      ]);
      expect(when(conclude(conclusion), [hold()])).toHaveLength(1);
    }
  });
  it('[consultation.deferred-until] defers to a day to come', () => {
    const { fields } = refusal(() => when(conclude({ outcome: 'deferred', until: TODAY }), [hold()]));
    expect(fields).toMatchObject([
      { rule: 'consultation.deferred-until', seen: TODAY, accepted: `a day after ${TODAY}` },
    ]);
  });
  it('[consultation.order] concludes after it was held, and after the conclusion before', () => {
    const early = conclude(undefined, { at: at('2026-03-01T23:59') });
    expect(refusal(() => when(early, complete)).rules).toEqual(['consultation.order at']);
    const deferred = [...complete, conclude({ outcome: 'deferred', until: '2026-04-01' })];
    expect(refusal(() => when(early, deferred)).fields).toMatchObject([{ accepted: `${TODAY} or later` }]);
  });
  it('[consultation.order] takes entries late, with the time at which they happened, not before it was held', () => {
    const then = at('2026-03-02T11:00');
    expect(when({ ...answers(), at: then }, [hold()])).toMatchObject([{ occurredAt: { time: { wall: then.wall } } }]);
    const before = { at: at('2026-03-01T11:00') };
    const early: ConsultationCommand[] = [
      { ...note(), ...before },
      { ...answers(), ...before },
      { ...products('zinc'), ...before },
      { type: 'RequestTest', test: 'blood-test', ...before },
    ];
    for (const command of early)
      expect(refusal(() => when(command, [hold()])).rules).toEqual(['consultation.order at']);
    const overridden = [hold(), answers([breastfeeding])];
    expect(refusal(() => when({ ...override('breastfeeding'), ...before }, overridden)).rules).toEqual([
      'consultation.order at',
    ]);
    const later = { ...answers(), at: at('2026-03-02T16:01') };
    expect(refusal(() => when(later, [hold()])).rules).toEqual(['consultation.in-future at']);
  });
  it('[consultation.concluded] goes on after a deferral, to a clearance', () => {
    const deferred = [hold(), note(), conclude({ outcome: 'deferred', until: '2026-04-01' })];
    expect(standing([...deferred, answers(), conclude()]).conclusion).toEqual({ outcome: 'cleared' });
  });
  it.each(['cleared', 'refused'] as const)(
    '[consultation.concluded] takes no more entries once it was %s',
    (outcome) => {
      const ended = [...complete, conclude({ outcome })];
      const others: ConsultationCommand[] = [
        { ...note(), notes: { goals: 'others' } },
        answers([breastfeeding]),
        products('zinc'),
        { type: 'RequestTest', test: 'blood-test' },
        result('blood-test', '2026-03-01'),
        conclude({ outcome: outcome === 'cleared' ? 'refused' : 'cleared' }),
      ];
      for (const command of others) {
        expect(refusal(() => when(command, ended)).rules).toContain('consultation.concluded consultation');
      }
      expect(when(sign(), ended)).toHaveLength(1);
    },
  );
});

describe('the validity of a screening', () => {
  const cleared = standing([...complete, conclude()]);

  it('[consultation.screening-valid] holds from its day for as long as the protocol says, both days included', () => {
    expect(screeningValidUntil(cleared, facial)).toBe('2027-03-02');
    const days = ['2026-03-01', '2026-03-02', '2027-03-02', '2027-03-03'];
    expect(days.map((on) => screeningValidOn(cleared, facial, on))).toEqual([false, true, true, false]);
  });
  it('[consultation.screening-valid] holds until something new is known where the protocol sets no end', () => {
    const endless = {
      ...facial,
      screening: { ...facial.screening, validity: { ...facial.screening.validity, lasts: null } },
    };
    expect(screeningValidUntil(cleared, endless)).toBeNull();
    expect(screeningValidOn(cleared, endless, '2099-01-01')).toBe(true);
  });
  it('[consultation.screening-valid] does not hold for one that is open, deferred or refused', () => {
    const others = [
      standing(complete),
      standing([hold(), conclude({ outcome: 'deferred', until: '2026-04-01' })]),
      standing([hold(), conclude({ outcome: 'refused' })]),
      consultationFold.initial,
    ];
    expect(others.map((each) => screeningValidOn(each, facial, '2026-03-10'))).toEqual([false, false, false, false]);
  });
  it('[consultation.screening-valid] counts the day at the site, not the day in UTC', () => {
    const late = '2026-03-01T21:30:00.000Z';
    const atNight = [hold({ at: at('2026-03-02T00:10') }), note(), answers(), conclude()];
    expect(standing(atNight, late).concludedOn).toBe('2026-03-02');
  });
});

it('[consultation.before-birth] is not held with a patient before the day of birth', () => {
  const heldWith = (bornOn: string | null) => hold({ known: { practitioner: physician, diedOn: null, bornOn } });
  expect(refusal(() => when(heldWith('2026-03-03'), [])).fields).toMatchObject([
    { rule: 'consultation.before-birth', field: 'at', seen: '2026-03-02', accepted: '2026-03-03 or later' },
  ]);
  for (const bornOn of ['2026-03-02', null]) expect(when(heldWith(bornOn), [])).toHaveLength(1);
});

describe('a patient who died', () => {
  const after = (diedOn: string | null) => hold({ known: { practitioner: physician, diedOn } });

  it('[consultation.patient-died] is not consulted on a later day', () => {
    expect(refusal(() => when(after('2026-03-01'), [])).fields).toMatchObject([
      { rule: 'consultation.patient-died', field: 'at', seen: '2026-03-02', accepted: '2026-03-01 or earlier' },
    ]);
    for (const diedOn of ['2026-03-02', null]) expect(when(after(diedOn), [])).toHaveLength(1);
  });
  it('[consultation.patient-died] signs no consent on a later day', () => {
    expect(refusal(() => when(sign({}, { diedOn: '2026-03-01' }), [hold()])).rules).toEqual([
      'consultation.patient-died signedOn',
    ]);
    expect(when(sign({ signedOn: '2026-02-20' }, { diedOn: '2026-03-01' }), [hold()])).toHaveLength(1);
  });
});

describe('a consent', () => {
  it('[consent.form] is signed under one exact version of a form', () => {
    const [event] = when(sign({ formId: 'consent-facial', formVersion: '3.1' }), [hold()]);
    expect(event).toMatchObject({
      type: 'ConsentSigned',
      occurredAt: { precision: 'day' },
      data: { formHash: 'ab'.repeat(32), formId: 'consent-facial', formVersion: '3.1', signedBy: 'patient' },
    });
    const [consent] = standing([hold(), sign({ formVersion: '3.1' })]).consents;
    expect(consent).toMatchObject({ formHash: 'ab'.repeat(32), formVersion: '3.1', guardianSigned: false });
  });
  it('[consent.in-future] is recorded once it was signed', () => {
    expect(refusal(() => when(sign({ signedOn: '2026-03-03' }), [hold()])).rules).toEqual([
      'consent.in-future signedOn',
    ]);
  });
  it('[consent.validity] holds from its first to its last day, for its procedure', () => {
    const { consents } = standing([hold(), sign({ signedOn: '2026-03-01', validUntil: '2026-03-10' })]);
    const days = ['2026-02-28', '2026-03-01', '2026-03-10', '2026-03-11'];
    expect(days.map((on) => consentOn(consents, 'facial', on) !== undefined)).toEqual([false, true, true, false]);
    expect(consentOn(consents, 'hair', '2026-03-05')).toBeUndefined();
  });
  it('[consent.validity] does not end before it begins', () => {
    expect(refusal(() => when(sign({ validUntil: '2026-03-01' }), [hold()])).rules).toEqual([
      'consent.validity validUntil',
    ]);
    expect(when(sign({ validUntil: '2026-03-02' }), [hold()])).toHaveLength(1);
  });
  it('[consent.validity] takes the place of the one before from the day on which it is signed', () => {
    const { consents } = standing([
      hold(),
      sign({ signedOn: '2026-02-01', validUntil: '2026-12-31' }),
      sign({ signedOn: '2026-03-01', validUntil: '2026-03-05' }),
    ]);
    expect(consentOn(consents, 'facial', '2026-02-28')?.validUntil).toBe('2026-12-31');
    expect(consentOn(consents, 'facial', '2026-03-05')?.validUntil).toBe('2026-03-05');
    expect(consentOn(consents, 'facial', '2026-03-06')).toBeUndefined();
  });
  it('[consent.validity] does not hold from the day on which it was withdrawn, and did before', () => {
    const withdrawn = [hold(), sign({ signedOn: '2026-02-01' }), withdraw('2026-03-01T09:00')];
    const { consents } = standing(withdrawn);
    expect(consentOn(consents, 'facial', '2026-02-28')).toBeDefined();
    expect(consentOn(consents, 'facial', '2026-03-01')).toBeUndefined();
    expect(consentOn(standing([...withdrawn, sign()]).consents, 'facial', '2026-03-02')).toBeDefined();
  });
  it('[consent.withdrawn] ends with a withdrawal that came after its signature, entered before or after it', () => {
    const late = standing([
      hold(),
      sign({ signedOn: '2026-02-01' }),
      withdraw('2026-02-20T09:00'),
      sign({ signedOn: '2026-02-10' }),
    ]);
    expect(late.consents).toMatchObject([{ withdrawnOn: '2026-02-20' }, { withdrawnOn: '2026-02-20' }]);
    expect(consentOn(late.consents, 'facial', '2026-03-02')).toBeUndefined();
    expect(consentOn(late.consents, 'facial', '2026-02-19')?.signedOn).toBe('2026-02-10');
    const first = standing([hold(), withdraw('2026-02-20T09:00'), sign({ signedOn: '2026-02-10' })]);
    expect(consentOn(first.consents, 'facial', '2026-03-02')).toBeUndefined();
  });
  it('[consent.withdrawn] holds where it was given after the withdrawal, entered before or after it', () => {
    const given = [
      hold(),
      sign({ signedOn: '2026-02-01' }),
      sign({ signedOn: '2026-02-25' }),
      withdraw('2026-02-20T09:00'),
    ];
    expect(standing(given).consents).toMatchObject([{ withdrawnOn: '2026-02-20' }, { withdrawnOn: null }]);
    expect(consentOn(standing(given).consents, 'facial', '2026-03-02')?.signedOn).toBe('2026-02-25');
    const sameDay = [
      hold(),
      sign({ signedOn: '2026-02-01' }),
      withdraw('2026-02-20T09:00'),
      sign({ signedOn: '2026-02-20' }),
    ];
    expect(consentOn(standing(sameDay).consents, 'facial', '2026-02-20')).toBeDefined();
  });
  it('[consent.withdrawn] has the earlier of two withdrawals, whichever is entered first', () => {
    for (const days of [
      ['2026-02-20', '2026-02-10'],
      ['2026-02-10', '2026-02-20'],
    ]) {
      const { consents } = standing([
        hold(),
        sign({ signedOn: '2026-02-01' }),
        ...days.map((day) => withdraw(`${day}T09:00`)),
      ]);
      expect(consents).toMatchObject([{ withdrawnOn: '2026-02-10' }]);
    }
  });
  it('[consent.guardian] of a minor is a guardian’s, who is named', () => {
    const minor = { isMinor: true };
    expect(refusal(() => when(sign({}, minor), [hold()])).fields).toMatchObject([
      { rule: 'consent.guardian', field: 'signedBy', seen: 'patient', accepted: 'guardian' },
    ]);
    const byGuardian = { signedBy: 'guardian' } as const;
    expect(refusal(() => when(sign(byGuardian, minor), [hold()])).rules).toEqual(['consent.guardian patient']);
    const signed = sign(byGuardian, { ...minor, hasGuardian: true });
    expect(standing([hold(), signed]).consents).toMatchObject([{ guardianSigned: true }]);
  });
});
