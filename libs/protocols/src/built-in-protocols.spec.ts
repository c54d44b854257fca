import { BUILT_IN_PROTOCOLS, builtInProtocol } from './built-in-protocols.js';
import type { MaintenanceRule } from './course-rules.schema.js';
import { messageRuleOf, protocolSchema, type Protocol } from './protocol.schema.js';
import type { RuleBasis } from './rule.schema.js';

/** A value with the facts it rests on, as the table of the built-in protocols writes it. */
type Cell<T> = readonly [value: T, facts: string, basis: RuleBasis];

/** One column of the table, written out by hand and in full. */
interface Column {
  readonly sessions: Cell<string>;
  readonly intervalDays: Cell<string>;
  readonly depthMm: Cell<string>;
  readonly testsFirst: string;
  readonly steps: string;
  readonly aftercare: string;
  readonly checkUps: Cell<string>;
  readonly reactions: string;
  readonly maintenance: Cell<string>;
}

const cell = (value: string, rule: { facts: readonly string[]; basis: RuleBasis } | undefined): Cell<string> => [
  value,
  rule?.facts.join(' ') ?? '',
  rule?.basis ?? 'chain',
];

const cited = (rules: readonly { facts: readonly string[] }[]): string =>
  [...new Set(rules.flatMap(({ facts }) => facts))].join(' ');

const maintenanceText = (rule: MaintenanceRule): string =>
  rule.kind === 'physician'
    ? `physician, latest ${rule.latest}`
    : `rhythm ${rule.anchor} ${rule.firstOpens}–${rule.firstCloses}, then ${rule.thenOpens}–${rule.thenCloses}`;

function columnOf(protocol: Protocol): Column {
  const { sessions, intervalDays, depthMm, checkUps, maintenance } = protocol;
  const depth = depthMm.decidedBy === 'physician' ? 'physician' : `${depthMm.min}–${depthMm.max}`;
  return {
    sessions: cell(`${sessions.min}–${sessions.max ?? ''}`, sessions),
    intervalDays: cell(`${intervalDays.min}–${intervalDays.max}`, intervalDays),
    depthMm: cell(depth, depthMm),
    testsFirst: protocol.testsFirst.map(({ code, facts }) => `${code} ${facts}`).join(', '),
    steps: protocol.steps.map(({ code, facts }) => `${code} ${facts}`).join(', '),
    aftercare: cited(protocol.aftercare),
    checkUps: cell(checkUps.map(({ kind, afterDays }) => `${kind} ${afterDays}`).join(', '), checkUps[0]),
    reactions: protocol.expectedReactions.map(({ code, facts }) => `${code} ${facts.join(' ')}`).join(', '),
    maintenance: cell(maintenanceText(maintenance), maintenance),
  };
}

const FOUR_STEPS = 'cleanse S1-S1, disinfect S1-S1, numb S1-S1, inject S1-S1';
const CLINIC_REACTIONS = 'swelling S4-R1, redness S4-R1, bruising S4-R1';
const PHYSICIAN: Cell<string> = ['physician, latest null', '', 'chain'];
const TWO_WEEKS_AFTER: Cell<string> = ['after-last-session 14', '', 'chain'];

const TABLE: Readonly<Record<string, Column>> = {
  facial: {
    sessions: ['4–5', 'S1-N1', 'own-source'],
    intervalDays: ['14–14', 'S1-N1', 'own-source'],
    depthMm: ['1–4', 'S3-D1', 'other-source'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S1-A1 S1-A2 S1-A3 S1-A4 S1-A5 S0-A1 S0-A2 S0-A3 S0-A4',
    checkUps: ['after-each-session 3', 'S2-F1', 'own-source'],
    reactions: 'redness S2-R1 S4-R1, swelling S2-R1 S4-R1, bruising S4-R1',
    maintenance: ['rhythm first-session P3M–P6M, then P2M–P6M', 'S1-M2', 'own-source'],
  },
  general: {
    sessions: ['4–', 'S0-N1', 'own-source'],
    intervalDays: ['7–10', 'S0-N1', 'own-source'],
    depthMm: ['1–4', 'S3-D1', 'other-source'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S0-A1 S0-A2 S0-A3 S0-A4',
    checkUps: TWO_WEEKS_AFTER,
    reactions: CLINIC_REACTIONS,
    maintenance: PHYSICIAN,
  },
  hair: {
    sessions: ['4–', 'S0-N1', 'general'],
    intervalDays: ['7–10', 'S0-N1', 'general'],
    depthMm: ['1–4', 'S3-D1', 'other-source'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S0-A2 S0-A3 S0-A4',
    checkUps: TWO_WEEKS_AFTER,
    reactions: CLINIC_REACTIONS,
    maintenance: PHYSICIAN,
  },
  'slimming-and-cellulite': {
    sessions: ['4–', 'S0-N1', 'general'],
    intervalDays: ['7–10', 'S0-N1', 'general'],
    depthMm: ['physician', 'S0-D2', 'general'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S0-A2 S0-A3 S0-A4 S3-A3',
    checkUps: TWO_WEEKS_AFTER,
    reactions: CLINIC_REACTIONS,
    maintenance: PHYSICIAN,
  },
  'chin-and-neck-fat': {
    sessions: ['4–', 'S0-N1', 'general'],
    intervalDays: ['7–10', 'S0-N1', 'general'],
    depthMm: ['physician', 'S0-D2', 'general'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S0-A2 S0-A3 S0-A4',
    checkUps: TWO_WEEKS_AFTER,
    reactions: CLINIC_REACTIONS,
    maintenance: PHYSICIAN,
  },
  stepwise: {
    sessions: ['3–15', 'S3-N1', 'own-source'],
    intervalDays: ['7–10', 'S0-N1', 'general'],
    depthMm: ['1–4', 'S3-D1', 'own-source'],
    testsFirst: 'blood-test S3-L1, urine-test S3-L1',
    steps: 'choose-areas S3-S1, plan S3-S1, cleanse S1-S1, disinfect S1-S1, numb S3-S1, inject S3-S1',
    aftercare: 'S3-A1 S3-A2 S3-A3 S3-A4 S3-A5 S0-A2 S0-A3 S0-A4',
    checkUps: ['after-each-session 3', 'S3-F1', 'own-source'],
    reactions: CLINIC_REACTIONS,
    maintenance: PHYSICIAN,
  },
  'clinic-faq': {
    sessions: ['4–10', 'S4-N1', 'own-source'],
    intervalDays: ['7–10', 'S0-N1', 'general'],
    depthMm: ['1–4', 'S3-D1', 'other-source'],
    testsFirst: '',
    steps: FOUR_STEPS,
    aftercare: 'S0-A2 S0-A3 S0-A4',
    checkUps: TWO_WEEKS_AFTER,
    reactions: CLINIC_REACTIONS,
    maintenance: ['physician, latest P1Y', 'S4-E1', 'own-source'],
  },
};

it('are seven, each the first version of its own protocol', () => {
  expect(BUILT_IN_PROTOCOLS.map(({ code, version }) => `${code} ${version}`)).toEqual([
    'facial 1',
    'general 1',
    'hair 1',
    'slimming-and-cellulite 1',
    'chin-and-neck-fat 1',
    'stepwise 1',
    'clinic-faq 1',
  ]);
  expect(builtInProtocol('laser')).toBeUndefined();
});

describe.each(Object.keys(TABLE))('the built-in protocol %s', (code) => {
  const protocol = builtInProtocol(code) as Protocol;

  it('[built-in.as-published] [built-in.precedence] says what its column of the table says', () => {
    expect(columnOf(protocol)).toEqual(TABLE[code]);
  });

  it('[built-in.as-published] says what all columns say alike', () => {
    expect(cited(protocol.screening.contraindications)).toBe('S0-C1 S0-C2 S0-C3 S0-C4 S0-C5 S0-C6 S0-C7 S0-C8 S4-C1');
    expect(protocol.preSession.precautions).toMatchObject([{ before: 'P7D', facts: ['S0-P1'] }]);
    expect(protocol.durationMinutes).toMatchObject({ min: 30, max: 60, facts: ['S4-U1'] });
    expect(protocol.adverseEvents.map((event) => `${event.code} ${event.facts}`)).toEqual([
      'infection S4-R2',
      'scarring S4-R2',
      'allergic-reaction S4-R2',
    ]);
    expect(protocol.lapse).toMatchObject({ afterDays: 90, basis: 'chain' });
  });

  it('is of the shape that is published and stored', () => {
    expect(protocolSchema.parse(JSON.parse(JSON.stringify(protocol)))).toEqual(protocol);
  });

  it('gives every text in English, Turkish and French', () => {
    expect(protocol.languages).toEqual(['en', 'tr', 'fr']);
    expect(protocol.aftercare.every(({ text }) => Object.keys(text).sort().join() === 'en,fr,tr')).toBe(true);
  });

  it('tells its patients at the times that the chain has chosen, and of aspirin seven days ahead (S0-P1)', () => {
    expect(messageRuleOf(protocol, 'session-reminder')?.before).toBe('PT24H');
    expect(messageRuleOf(protocol, 'check-in')?.after).toBe('P3D');
    expect(messageRuleOf(protocol, 'maintenance-due-soon')?.before).toBe('P14D');
    expect(messageRuleOf(protocol, 'maintenance-overdue')?.after).toBe('P1D');
    expect(messageRuleOf(protocol, 'precaution-notice')).toMatchObject({ before: 'P7D', facts: ['S0-P1'] });
  });

  it('[built-in.frozen] cannot be changed in memory either', () => {
    expect(() => Object.assign(protocol.sessions, { min: 1 })).toThrow(TypeError);
  });
});

it('[protocol.depth-needle-free] has depth checked with every device but the needle-free one', () => {
  const checked = BUILT_IN_PROTOCOLS.flatMap(({ depthMm }) => (depthMm.decidedBy === 'protocol' ? [depthMm] : []));
  expect(checked.map(({ exceptDevices }) => exceptDevices)).toEqual(Array(5).fill(['needle-free']));
});

it('[aftercare.neighbours-hours] gives facial water and exercise the 24 hours of their neighbours, and says so', () => {
  const items = builtInProtocol('facial')?.aftercare.filter(({ facts }) => /S1-A[45]/.test(facts.join()));
  expect(items).toMatchObject([
    { lasts: 'PT24H', note: expect.stringContaining('ours') },
    { lasts: 'PT24H', note: expect.stringContaining('ours') },
  ]);
});

it('[maintenance.new-course] suggests a whole new course in facial alone (S1-M1)', () => {
  const repeats = BUILT_IN_PROTOCOLS.map(({ maintenance }) =>
    maintenance.kind === 'rhythm' ? maintenance.repeatCourse : null,
  );
  expect(repeats.filter(Boolean)).toMatchObject([{ opens: 'P3M', closes: 'P6M', facts: ['S1-M1'] }]);
});
