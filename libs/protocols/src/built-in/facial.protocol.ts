import type { Protocol } from '../protocol.schema.js';
import { aftercareOf } from './aftercare-items.js';
import {
  consultation,
  fourSteps,
  halfToOneHour,
  lapseAfterNinetyDays,
  messages,
  oneToFourMillimetres,
  passingReactionsAtTheSite,
  preSession,
  rareEvents,
  screeningValidForAYear,
} from './common.js';
import { contraindications } from './contraindications.js';
import { evidenceList, rulesFrom } from './grounds.js';

const evidence = evidenceList({ own: ['S1', 'S2'], general: ['S0'], other: ['S3', 'S4'] });
const from = rulesFrom(evidence);

/** The face (S1), with the follow-up of S2. */
export const facial: Protocol = {
  code: 'facial',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Facial mesotherapy',
    tr: 'Yüz mezoterapisi',
    fr: 'Mésothérapie du visage',
  },
  evidence,

  areas: { codes: ['face', 'neck', 'under-eye'], ...from('S1-T1') },
  ingredients: {
    items: ['hyaluronic acid', 'vitamins', 'minerals', 'amino acids', 'antioxidants'].map((name) => ({
      name,
      derivedFrom: [],
    })),
    ...from('S1-G1'),
  },
  devices: { codes: ['needle', 'microneedle-device'], ...from('S1-S1') },

  consultation: consultation(from),
  screening: { validity: screeningValidForAYear, contraindications: contraindications(from) },
  testsFirst: [],

  sessions: { min: 4, max: 5, ...from('S1-N1') },
  intervalDays: { min: 14, max: 14, ...from('S1-N1') },
  preSession: preSession(from),
  steps: fourSteps(from),
  depthMm: oneToFourMillimetres(from),
  durationMinutes: halfToOneHour(from),

  aftercare: aftercareOf(from, 'S1-A1', 'S1-A2', 'S1-A3', 'S1-A4', 'S1-A5', 'S0-A1', 'S0-A2', 'S0-A3', 'S0-A4'),
  checkUps: [
    { kind: 'after-each-session', afterDays: 3, ...from('S2-F1', 'The interval is the chain’s: three days is ours.') },
  ],
  expectedReactions: passingReactionsAtTheSite(from),
  adverseEvents: rareEvents(from),
  lapse: lapseAfterNinetyDays,
  maintenance: {
    kind: 'rhythm',
    anchor: 'first-session',
    firstOpens: 'P3M',
    firstCloses: 'P6M',
    thenOpens: 'P2M',
    thenCloses: 'P6M',
    repeatCourse: { opens: 'P3M', closes: 'P6M', ...from('S1-M1') },
    ...from('S1-M2', 'The day on which the first window closes is ours.'),
  },
  messages: messages(from),

  information: [
    { topic: 'indication', ...from(['S0-T1', 'S0-I1', 'S1-I1', 'S2-I1', 'S3-I2']) },
    { topic: 'injection-layer', ...from(['S1-D1', 'S0-D1']) },
    { topic: 'effect', ...from(['S1-E1', 'S1-E2']) },
    { topic: 'maintenance', ...from('S2-M1') },
    { topic: 'aftercare', ...from('S2-A1') },
    { topic: 'practitioner', ...from('S2-Q1') },
    { topic: 'reference-material', ...from('S2-B1') },
    { topic: 'combination', ...from('S2-X1') },
    { topic: 'pain', ...from(['S2-P1', 'S4-P1']) },
    { topic: 'recovery', ...from(['S3-R1', 'S4-F1']) },
  ],
};
