import { ANTICOAGULANTS } from './built-in/contraindications.js';
import { facial } from './built-in/facial.protocol.js';
import { slimmingAndCellulite } from './built-in/slimming-and-cellulite.protocol.js';
import { blockingFindings, reviewFindings, type HealthAnswers } from './contraindication.rule.js';

const answers = (given: Partial<HealthAnswers>): HealthAnswers => ({
  conditions: [],
  medications: [],
  allergies: [],
  ...given,
});
const codes = (findings: readonly { code: string }[]): string[] => findings.map(({ code }) => code);

describe('a blocking contraindication', () => {
  it.each([
    ['pregnancy', 'S0-C1', false],
    ['breastfeeding', 'S0-C2', true],
    ['cardiovascular-disease', 'S0-C3', true],
    ['immune-disorder', 'S0-C4', true],
    ['uncontrolled-diabetes', 'S0-C6', true],
    ['severe-psoriasis', 'S0-C8', true],
  ])('[screening.condition] is the condition %s (%s), open to an override: %p', (condition, fact, overridable) => {
    expect(blockingFindings(facial, answers({ conditions: [condition] }), [])).toEqual([
      { code: condition, facts: [fact], overridable, matched: [condition] },
    ]);
  });

  it.each(ANTICOAGULANTS)('[screening.anticoagulant] is the anticoagulant %s (S0-C7)', (medicine) => {
    expect(blockingFindings(facial, answers({ medications: ['levothyroxine', medicine.toUpperCase()] }), [])).toEqual([
      { code: 'anticoagulant', facts: ['S0-C7'], overridable: true, matched: [medicine.toUpperCase()] },
    ]);
  });

  it('[screening.allergy] is an allergy to an ingredient of the product, whatever the letter case, without an override (S0-C5)', () => {
    expect(
      blockingFindings(facial, answers({ allergies: [' Hyaluronic ACID '] }), ['hyaluronic acid', 'vitamin C']),
    ).toEqual([{ code: 'allergy', facts: ['S0-C5'], overridable: false, matched: [' Hyaluronic ACID '] }]);
  });

  it('[screening.allergy] is not an allergy to a part of an ingredient’s name, nor to what the product does not hold', () => {
    expect(blockingFindings(facial, answers({ allergies: ['acid', 'biotin'] }), ['hyaluronic acid'])).toEqual([]);
  });

  it('[screening.condition] is not free text, an empty answer or a painkiller', () => {
    const given = answers({ conditions: ['migraine', ''], medications: ['ibuprofen', ' '], allergies: [''] });
    expect(blockingFindings(facial, given, [''])).toEqual([]);
  });

  it('is told for each reason, in the order of the questionnaire', () => {
    const given = answers({
      conditions: ['breastfeeding', 'pregnancy'],
      medications: ['heparin'],
      allergies: ['zinc'],
    });
    expect(codes(blockingFindings(facial, given, ['zinc']))).toEqual([
      'pregnancy',
      'breastfeeding',
      'allergy',
      'anticoagulant',
    ]);
  });
});

describe('what holds the next session for review', () => {
  it('[screening.unlisted] is a condition or a medicine that no list knows (S4-C1)', () => {
    const given = answers({ conditions: ['migraine', 'pregnancy'], medications: ['Warfarin 5 mg', 'ibuprofen'] });
    expect(reviewFindings(facial, given, [])).toEqual([
      { code: 'history-review', facts: ['S4-C1'], overridable: true, matched: ['migraine', 'Warfarin 5 mg'] },
    ]);
  });

  it('[screening.origin] is an allergy to what an ingredient is made from (S0-G1)', () => {
    const soy = answers({ allergies: ['Soy'] });
    expect(codes(reviewFindings(slimmingAndCellulite, soy, ['phosphatidylcholine']))).toEqual(['allergy-to-origin']);
    expect(codes(reviewFindings(slimmingAndCellulite, soy, ['biotin']))).toEqual([]);
    expect(codes(blockingFindings(slimmingAndCellulite, soy, ['phosphatidylcholine']))).toEqual([]);
  });

  it('[screening.unlisted] is nothing that already blocks', () => {
    expect(reviewFindings(facial, answers({ conditions: ['pregnancy'], medications: ['heparin'] }), [])).toEqual([]);
  });
});
