import type { Protocol } from '../protocol.schema.js';
import { aftercareOf } from './aftercare-items.js';
import {
  consultation,
  halfToOneHour,
  lapseAfterNinetyDays,
  messages,
  oneToFourMillimetres,
  passingReactions,
  physiciansMaintenance,
  plannedSteps,
  preSession,
  rareEvents,
  screeningValidForAYear,
  sevenToTenDays,
} from './common.js';
import { contraindications } from './contraindications.js';
import { evidenceList, rulesFrom } from './grounds.js';

const evidence = evidenceList({ own: ['S3'], general: ['S0'], other: ['S1', 'S2', 'S4'] });
const from = rulesFrom(evidence);

/** Examination, tests, planning, injection and check-ups step by step (S3), with the needle-free device. */
export const stepwise: Protocol = {
  code: 'stepwise',
  version: 1,
  languages: ['en', 'tr', 'fr'],
  title: {
    en: 'Mesotherapy step by step',
    tr: 'Adım adım mezoterapi',
    fr: 'Mésothérapie pas à pas',
  },
  evidence,

  areas: null,
  ingredients: null,
  devices: {
    codes: ['needle', 'mechanical-gun', 'needle-free'],
    ...from('S3-S1', 'Needle-free for patients who fear needles.'),
  },

  consultation: consultation(from),
  screening: { validity: screeningValidForAYear, contraindications: contraindications(from) },
  testsFirst: [
    { code: 'blood-test', ...from('S3-L1') },
    { code: 'urine-test', ...from('S3-L1') },
  ],

  sessions: { min: 3, max: 15, ...from('S3-N1') },
  intervalDays: sevenToTenDays(from),
  preSession: preSession(from),
  steps: plannedSteps(from),
  depthMm: oneToFourMillimetres(from),
  durationMinutes: halfToOneHour(from),

  aftercare: aftercareOf(from, 'S3-A1', 'S3-A2', 'S3-A3', 'S3-A4', 'S3-A5', 'S0-A2', 'S0-A3', 'S0-A4'),
  checkUps: [
    { kind: 'after-each-session', afterDays: 3, ...from('S3-F1', 'The interval is the chain’s: three days is ours.') },
  ],
  expectedReactions: passingReactions(from),
  adverseEvents: rareEvents(from),
  lapse: lapseAfterNinetyDays,
  maintenance: physiciansMaintenance,
  messages: messages(from),

  information: [
    { topic: 'indication', ...from(['S3-I1', 'S3-I2']) },
    { topic: 'dose', ...from('S3-Q1') },
    { topic: 'recovery', ...from(['S3-R1', 'S4-F1']) },
    { topic: 'practitioner', ...from('S2-Q1') },
    { topic: 'pain', ...from(['S2-P1', 'S4-P1']) },
  ],
};
