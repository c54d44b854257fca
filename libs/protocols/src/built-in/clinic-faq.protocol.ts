import type { Protocol } from '../protocol.schema.js';
import { aftercareOf } from './aftercare-items.js';
import {
  checkUpTwoWeeksAfterTheLast,
  consultation,
  everyDevice,
  fourSteps,
  halfToOneHour,
  lapseAfterNinetyDays,
  messages,
  oneToFourMillimetres,
  passingReactions,
  preSession,
  rareEvents,
  screeningValidForAYear,
  sevenToTenDays,
} from './common.js';
import { contraindications } from './contraindications.js';
import { evidenceList, rulesFrom } from './grounds.js';

const evidence = evidenceList({ own: ['S4'], general: ['S0'], other: ['S1', 'S2', 'S3'] });
const from = rulesFrom(evidence);

/** What a clinic answers its patients (S4). */
export const clinicFaq: Protocol = {
  code: 'clinic-faq',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Mesotherapy by a clinic’s questions and answers',
    tr: 'Klinik soru ve yanıtlarına göre mezoterapi',
    fr: 'Mésothérapie selon les questions et réponses d’une clinique',
  },
  evidence,

  areas: null,
  ingredients: null,
  devices: everyDevice,

  consultation: consultation(from),
  screening: { validity: screeningValidForAYear, contraindications: contraindications(from) },
  testsFirst: [],

  sessions: { min: 4, max: 10, ...from('S4-N1') },
  intervalDays: sevenToTenDays(from),
  preSession: preSession(from),
  steps: fourSteps(from),
  depthMm: oneToFourMillimetres(from),
  durationMinutes: halfToOneHour(from),

  aftercare: aftercareOf(from, 'S0-A2', 'S0-A3', 'S0-A4'),
  checkUps: checkUpTwoWeeksAfterTheLast,
  expectedReactions: passingReactions(from),
  adverseEvents: rareEvents(from),
  lapse: lapseAfterNinetyDays,
  maintenance: {
    kind: 'physician',
    latest: 'P1Y',
    ...from('S4-E1', 'The physician sets the date; the effect lasts a year at most.'),
  },
  messages: messages(from),

  information: [
    { topic: 'indication', ...from('S4-I1') },
    { topic: 'maintenance', ...from('S4-N1') },
    { topic: 'pain', ...from(['S4-P1', 'S2-P1']) },
    { topic: 'recovery', ...from(['S4-F1', 'S3-R1']) },
    { topic: 'practitioner', ...from('S2-Q1') },
  ],
};
