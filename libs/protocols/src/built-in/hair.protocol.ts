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
  oneToFourMillimetres,
  passingReactions,
  physiciansMaintenance,
  preSession,
  rareEvents,
  screeningValidForAYear,
  sevenToTenDays,
} from './common.js';
import { contraindications } from './contraindications.js';
import { evidenceList, rulesFrom } from './grounds.js';

const evidence = evidenceList({ own: ['S0-T2', 'S2'], general: ['S0'], other: ['S1', 'S3', 'S4'] });
const from = rulesFrom(evidence);

/** Hair loss on the scalp (S0-T2, S2-I1). */
export const hair: Protocol = {
  code: 'hair',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Hair mesotherapy',
    tr: 'Saç mezoterapisi',
    fr: 'Mésothérapie capillaire',
  },
  evidence,

  areas: { codes: ['scalp'], ...from('S0-T2') },
  ingredients: null,
  devices: everyDevice,

  consultation: consultation(from),
  screening: { validity: screeningValidForAYear, contraindications: contraindications(from) },
  testsFirst: [],

  sessions: fourOrMoreSessions(from),
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
  maintenance: physiciansMaintenance,
  messages: messages(from),

  information: [
    { topic: 'indication', ...from(['S0-T2', 'S2-I1', 'S3-I1', 'S4-I1']) },
    { topic: 'maintenance', ...from('S2-M1') },
    { topic: 'practitioner', ...from('S2-Q1') },
    { topic: 'pain', ...from(['S2-P1', 'S4-P1']) },
    { topic: 'recovery', ...from(['S3-R1', 'S4-F1']) },
  ],
};
