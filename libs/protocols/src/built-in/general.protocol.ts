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

const evidence = evidenceList({ own: ['S0'], general: [], other: ['S1', 'S2', 'S3', 'S4'] });
const from = rulesFrom(evidence);

/** Mesotherapy in general (S0): what the other protocols take where their own source is silent. */
export const general: Protocol = {
  code: 'general',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Mesotherapy in general',
    tr: 'Genel mezoterapi',
    fr: 'Mésothérapie en général',
  },
  evidence,

  areas: null,
  ingredients: {
    items: ['vitamins', 'amino acids', 'growth factors', 'minerals', 'enzymes', 'hormones', 'plant extracts'].map(
      (name) => ({ name, derivedFrom: [] }),
    ),
    ...from('S0-G2', 'Classes of ingredients, not substances.'),
  },
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

  aftercare: aftercareOf(from, 'S0-A1', 'S0-A2', 'S0-A3', 'S0-A4'),
  checkUps: checkUpTwoWeeksAfterTheLast,
  expectedReactions: passingReactions(from),
  adverseEvents: rareEvents(from),
  lapse: lapseAfterNinetyDays,
  maintenance: physiciansMaintenance,
  messages: messages(from),

  information: [
    { topic: 'procedure-type', ...from(['S0-T1', 'S0-T2', 'S0-T3', 'S0-T4']) },
    { topic: 'indication', ...from('S0-I1') },
    { topic: 'injection-layer', ...from('S0-D1') },
    { topic: 'practitioner', ...from('S2-Q1') },
    { topic: 'pain', ...from(['S2-P1', 'S4-P1']) },
    { topic: 'recovery', ...from(['S3-R1', 'S4-F1']) },
  ],
};
