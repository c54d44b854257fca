import type { Protocol } from '../protocol.schema.js';
import { aftercareOf } from './aftercare-items.js';
import {
  checkUpTwoWeeksAfterTheLast,
  consultation,
  everyDevice,
  fourOrMoreSessions,
  fourSteps,
  halfToOneHour,
  lapseAfterNinetyDays,
  messages,
  passingReactions,
  physiciansDepth,
  physiciansMaintenance,
  preSession,
  rareEvents,
  screeningValidForAYear,
  sevenToTenDays,
} from './common.js';
import { contraindications } from './contraindications.js';
import { evidenceList, rulesFrom } from './grounds.js';

const evidence = evidenceList({ own: ['S0-T4'], general: ['S0'], other: ['S1', 'S2', 'S3', 'S4'] });
const from = rulesFrom(evidence);

/** Fat of the double chin and the neck (S0-T4), by the method of S0-T3. */
export const chinAndNeckFat: Protocol = {
  code: 'chin-and-neck-fat',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Mesotherapy for fat of the chin and neck',
    tr: 'Gıdı ve boyun yağı mezoterapisi',
    fr: 'Mésothérapie du double menton et du cou',
  },
  evidence,

  areas: { codes: ['double-chin', 'neck'], ...from('S0-T4') },
  ingredients: {
    items: [
      { name: 'phosphatidylcholine', derivedFrom: ['soy', 'soya', 'soy lecithin'] },
      { name: 'lipase', derivedFrom: [] },
    ],
    ...from(
      ['S0-T4', 'S0-T3', 'S0-G1'],
      'Phosphatidylcholine comes from soy lecithin, which matters for a soy allergy.',
    ),
  },
  devices: everyDevice,

  consultation: consultation(from),
  screening: { validity: screeningValidForAYear, contraindications: contraindications(from) },
  testsFirst: [],

  sessions: fourOrMoreSessions(from),
  intervalDays: sevenToTenDays(from),
  preSession: preSession(from),
  steps: fourSteps(from),
  depthMm: physiciansDepth(from),
  durationMinutes: halfToOneHour(from),

  aftercare: aftercareOf(from, 'S0-A2', 'S0-A3', 'S0-A4'),
  checkUps: checkUpTwoWeeksAfterTheLast,
  expectedReactions: passingReactions(from),
  adverseEvents: rareEvents(from),
  lapse: lapseAfterNinetyDays,
  maintenance: physiciansMaintenance,
  messages: messages(from),

  information: [
    { topic: 'indication', ...from(['S0-T4', 'S3-I1', 'S4-I1']) },
    { topic: 'practitioner', ...from('S2-Q1') },
    { topic: 'pain', ...from(['S2-P1', 'S4-P1']) },
    { topic: 'recovery', ...from(['S3-R1', 'S4-F1']) },
  ],
};
