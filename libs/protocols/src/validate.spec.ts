import type { AftercareItem } from './aftercare.schema.js';
import { BUILT_IN_PROTOCOLS } from './built-in-protocols.js';
import { facial } from './built-in/facial.protocol.js';
import { general } from './built-in/general.protocol.js';
import type { MessageRule } from './message-rule.schema.js';
import type { Protocol } from './protocol.schema.js';
import { lintProtocol, validateProtocol } from './validate.js';

/** A chain's copy of a built-in protocol, mended or spoilt by the test. */
const copy = (change: (draft: Protocol) => void, of: Protocol = facial): Protocol => {
  const draft = structuredClone(of);
  change(draft);
  return draft;
};
const found = (draft: unknown): string[] => {
  const result = validateProtocol(draft);
  return result.ok ? [] : result.findings.map(({ code, path }) => `${code} ${path}`);
};
/** What is found in a copy of `facial` that was changed so. */
const foundAfter = (change: (draft: Protocol) => void): string[] => found(copy(change));

const OURS = { facts: [], basis: 'chain' } as const satisfies Partial<AftercareItem>;
const SHOWER: Extract<AftercareItem, { act: 'allow' }> = {
  act: 'allow',
  id: 'shower',
  subject: 'washing',
  text: { en: 'You may shower.', tr: 'Duş alabilirsiniz.', fr: 'La douche est permise.' },
  after: 'PT12H',
  facts: [],
  basis: 'chain',
};
const contraindication = (draft: Protocol, code: string) => {
  const index = draft.screening.contraindications.findIndex((each) => each.code === code);
  const rule = draft.screening.contraindications[index];
  if (!rule) throw new Error(`The protocol has no contraindication ${code}`);
  return { rule, index };
};
const check = (draft: Protocol, code: string) => {
  const rule = draft.preSession.checks.find((each) => each.code === code);
  if (!rule) throw new Error(`The protocol has no check ${code}`);
  return rule;
};
const message = (draft: Protocol, kind: MessageRule['kind']) => {
  const rule = draft.messages.find((each) => each.kind === kind);
  if (!rule) throw new Error(`The protocol has no message ${kind}`);
  return rule;
};

it.each(BUILT_IN_PROTOCOLS)('the built-in protocol $code passes', (protocol) => {
  expect(lintProtocol(protocol)).toEqual([]);
  expect(validateProtocol(JSON.parse(JSON.stringify(protocol)))).toEqual({ ok: true, protocol });
});

it('lets a chain set its own numbers on its own citation', () => {
  const draft = copy((own) => {
    own.evidence.push({ kind: 'citation', id: 'board-2026', text: 'Medical board, minutes of 2026', url: null });
    own.intervalDays = { min: 12, max: 16, facts: [], basis: 'chain', citations: ['board-2026'] };
  });
  expect(found(draft)).toEqual([]);
});

describe('the shape of a protocol', () => {
  it.each<[string, object, string]>([
    ['an unknown field', { colour: 'blue' }, 'schema colour'],
    ['an unknown field of a rule', { lapse: { ...facial.lapse, colour: 'blue' } }, 'schema lapse.colour'],
    ['a fraction of a session', { sessions: { ...facial.sessions, min: 3.5 } }, 'schema sessions.min'],
    ['an hour in a date rule', { lapse: { ...facial.lapse, afterDays: 'PT1H' } }, 'schema lapse.afterDays'],
    [
      'a duration of months where hours are counted',
      { aftercare: [{ ...facial.aftercare[0], lasts: 'P1M' }] },
      'schema aftercare.0.lasts',
    ],
    ['a rule that is missing', { lapse: undefined }, 'schema lapse'],
  ])('[protocol.schema] refuses %s', (_, change, expected) => {
    expect(found({ ...facial, ...change })).toContain(expected);
  });

  it.each([null, undefined, 7, 'facial', []])('[protocol.schema] refuses what is no protocol at all: %p', (draft) => {
    expect(found(draft)).toEqual(['schema ']);
  });

  it('[protocol.list-too-long] refuses a list that nobody could read', () => {
    const steps = (n: number) => Array.from({ length: n }, (_, i) => ({ ...facial.steps[0], code: `step-${i}` }));
    expect(found({ ...facial, steps: steps(500) })).toEqual([]);
    expect(found({ ...facial, steps: steps(501) })).toEqual(['list-too-long steps']);
    expect(found({ ...facial, steps: Array.from({ length: 2_000 }, () => 'step') })).toHaveLength(500);
  });

  it('[protocol.missing-language] refuses a text that is missing in one of its languages', () => {
    expect(foundAfter((draft) => delete draft.aftercare[2]?.text.fr)).toEqual(['missing-language aftercare.2.text']);
    expect(foundAfter((draft) => delete draft.title.tr)).toEqual(['missing-language title']);
    expect(foundAfter((draft) => delete contraindication(draft, 'allergy').rule.asks.en)).toEqual([
      'missing-language screening.contraindications.4.asks',
    ]);
    expect(foundAfter((draft) => draft.languages.push('de')).length).toBeGreaterThan(20);
  });

  it('[protocol.undeclared-language] refuses a text in a language that the protocol does not have', () => {
    expect(foundAfter((draft) => Object.assign(draft.title, { de: 'Gesicht' }))).toEqual([
      'undeclared-language title.de',
    ]);
  });

  it('[protocol.duplicate-id] refuses the same name twice in one list', () => {
    const twice = (change: (draft: Protocol) => void) => foundAfter(change)[0];
    expect(twice((draft) => Object.assign(draft.aftercare[1] as object, { id: draft.aftercare[0]?.id }))).toBe(
      'duplicate-id aftercare',
    );
    expect(twice((draft) => draft.messages.push({ kind: 'aftercare', usefulFor: null, ...OURS, facts: [] }))).toBe(
      'duplicate-id messages',
    );
    expect(twice((draft) => draft.testsFirst.push(...structuredClone(general.testsFirst), ...twoTests()))).toBe(
      'duplicate-id testsFirst',
    );
    expect(twice((draft) => draft.checkUps.push(structuredClone(draft.checkUps[0] as never)))).toBe(
      'duplicate-id checkUps',
    );
    expect(twice((draft) => draft.devices.codes.push('needle'))).toBe('duplicate-id devices.codes');
    expect(twice((draft) => draft.languages.push('en'))).toBe('duplicate-id languages');
    expect(twice((draft) => draft.preSession.precautions[0]?.names.push('ASPİRİN'))).toBe(
      'duplicate-id preSession.precautions.0.names',
    );
  });

  it('[protocol.range-reversed] refuses a range that ends before it begins', () => {
    expect(foundAfter((draft) => Object.assign(draft.sessions, { min: 6, max: 5 }))).toEqual([
      'range-reversed sessions',
    ]);
    expect(foundAfter((draft) => Object.assign(draft.depthMm, { min: 5, max: 4 }))).toEqual(['range-reversed depthMm']);
    expect(
      foundAfter((draft) =>
        Object.assign(draft.aftercare[0] as object, { lasts: { min: 'PT24H', max: 'PT12H' }, id: 'short' }),
      ),
    ).toEqual(['range-reversed aftercare.0.lasts']);
  });

  it('[protocol.duration-too-long] refuses a duration that leads out of the calendar', () => {
    expect(foundAfter((draft) => (draft.screening.validity.lasts = 'P101Y'))).toEqual([
      'duration-too-long screening.validity.lasts',
    ]);
    expect(foundAfter((draft) => Object.assign(draft.maintenance, { firstCloses: 'P9999Y' }))).toEqual([
      'duration-too-long maintenance.firstCloses',
    ]);
    expect(foundAfter((draft) => (draft.screening.validity.lasts = 'P99Y'))).toEqual([]);
  });

  it('[protocol.duration-zero] refuses a duration that is no time at all', () => {
    expect(foundAfter((draft) => Object.assign(draft.aftercare[0] as object, { lasts: 'PT0S' }))).toEqual([
      'duration-zero aftercare.0.lasts',
    ]);
    expect(foundAfter((draft) => Object.assign(message(draft, 'maintenance-overdue'), { after: 'P0D' }))).toEqual([
      'duration-zero messages.7.after',
    ]);
    expect(foundAfter((draft) => Object.assign(draft.maintenance, { thenOpens: 'P0D' }))).toEqual([
      'duration-zero maintenance.thenOpens',
    ]);
    expect(foundAfter((draft) => Object.assign(draft.preSession.precautions[0] as object, { before: 'P0D' }))).toEqual([
      'duration-zero preSession.precautions.0.before',
    ]);
  });
});

const twoTests = (): Protocol['testsFirst'] => [
  { code: 'blood-test', facts: [], basis: 'chain' },
  { code: 'blood-test', facts: [], basis: 'chain' },
];

describe('the evidence of a protocol', () => {
  it('[protocol.unknown-fact] refuses a fact that nobody has published', () => {
    expect(foundAfter((draft) => Object.assign(draft.lapse, { facts: ['S9-X1'] }))).toEqual([
      'unknown-fact lapse.facts.0',
    ]);
  });

  it('[protocol.unknown-citation] refuses a citation that the evidence list does not hold', () => {
    expect(foundAfter((draft) => Object.assign(draft.lapse, { citations: ['nowhere'] }))).toEqual([
      'unknown-citation lapse',
    ]);
  });

  it('[protocol.rule-without-evidence] refuses a rule said to be a source’s that cites no statement', () => {
    expect(foundAfter((draft) => Object.assign(draft.lapse, { basis: 'own-source' }))).toEqual([
      'rule-without-evidence lapse',
    ]);
  });

  it('[protocol.fact-outside-evidence] refuses a fact of a source that the evidence list does not name', () => {
    expect(foundAfter((draft) => draft.evidence.splice(0, 1))).toContain('fact-outside-evidence areas');
  });

  it('[protocol.basis-contradicts-evidence] refuses a basis that the evidence list does not bear out', () => {
    expect(foundAfter((draft) => Object.assign(draft.depthMm, { basis: 'own-source' }))).toEqual([
      'basis-contradicts-evidence depthMm',
    ]);
  });
});

describe('the screening of a protocol', () => {
  it('[protocol.missing-contraindication] refuses a questionnaire that leaves out a published contraindication', () => {
    const without = (code: string) =>
      foundAfter((draft) => draft.screening.contraindications.splice(contraindication(draft, code).index, 1));
    for (const code of BLOCKING) expect([code, without(code)]).toEqual([code, [`${MISSING} ${PLACE}`]]);
    expect(without('history-review')).toEqual([`${MISSING} ${PLACE}`]);
    const draft = copy((own) => own.screening.contraindications.splice(0, 1));
    expect(lintProtocol(draft)[0]).toMatchObject({ facts: ['S0-C1'] });
  });

  it('[protocol.missing-contraindication] refuses one that cites a published contraindication and asks for another thing', () => {
    const asking = (code: string, trigger: object) =>
      foundAfter((draft) => Object.assign(contraindication(draft, code).rule, { trigger }));
    expect(asking('pregnancy', { kind: 'condition', condition: 'unicorn' })).toEqual([`${MISSING} ${PLACE}`]);
    expect(asking('pregnancy', { kind: 'medication', names: ['pregnancy'] })).toEqual([`${MISSING} ${PLACE}`]);
    expect(asking('anticoagulant', { kind: 'medication', names: ['sugar'] })).toEqual([`${MISSING} ${PLACE}`]);
    expect(asking('anticoagulant', { kind: 'medication', names: ['our list', 'Warfarin'] })).toEqual([]);
  });

  it('[protocol.missing-check] refuses a check before the session that leaves out aspirin, medication, pregnancy or infection', () => {
    for (const code of ['aspirin-or-nsaid', 'new-medication', 'pregnancy', 'infection-at-site']) {
      const change = (draft: Protocol) =>
        draft.preSession.checks.splice(draft.preSession.checks.indexOf(check(draft, code)), 1);
      expect(foundAfter(change)).toEqual(['missing-check preSession.checks']);
    }
  });

  it('[protocol.override-forbidden] refuses an override of pregnancy and of an allergy to a planned substance', () => {
    const overridable = { overridable: true };
    expect(foundAfter((draft) => Object.assign(contraindication(draft, 'pregnancy').rule, overridable))).toEqual([
      'override-forbidden screening.contraindications.0.overridable',
    ]);
    expect(foundAfter((draft) => Object.assign(contraindication(draft, 'allergy').rule, overridable))).toEqual([
      'override-forbidden screening.contraindications.4.overridable',
    ]);
    expect(foundAfter((draft) => Object.assign(check(draft, 'pregnancy'), overridable))).toEqual([
      'override-forbidden preSession.checks.2.overridable',
    ]);
    expect(foundAfter((draft) => Object.assign(check(draft, 'allergy-to-planned-substance'), overridable))).toEqual([
      'override-forbidden preSession.checks.4.overridable',
    ]);
  });

  it('[protocol.override-forbidden] finds pregnancy by what it asks for, under whatever name and evidence', () => {
    const hidden = { code: 'other-circumstances', facts: [], basis: 'chain', overridable: true } as const;
    expect(foundAfter((draft) => Object.assign(contraindication(draft, 'pregnancy').rule, hidden))).toContain(
      'override-forbidden screening.contraindications.0.overridable',
    );
  });

  it('[protocol.override-forbidden] lets a physician override the others, as the chain decides', () => {
    for (const code of BLOCKING.filter((each) => each !== 'pregnancy' && each !== 'allergy')) {
      expect(foundAfter((draft) => (contraindication(draft, code).rule.overridable = false))).toEqual([]);
    }
  });

  it('[protocol.must-block] refuses pregnancy and an allergy that are merely reviewed', () => {
    expect(foundAfter((draft) => (contraindication(draft, 'pregnancy').rule.blocking = false))).toEqual([
      'must-block screening.contraindications.0.blocking',
    ]);
    expect(foundAfter((draft) => (contraindication(draft, 'allergy').rule.blocking = false))).toEqual([
      'must-block screening.contraindications.4.blocking',
    ]);
    expect(foundAfter((draft) => (contraindication(draft, 'severe-psoriasis').rule.blocking = false))).toEqual([]);
  });

  it('[protocol.unlisted-blocks] refuses to block for what no list knows', () => {
    expect(foundAfter((draft) => (contraindication(draft, 'history-review').rule.blocking = true))).toEqual([
      'unlisted-blocks screening.contraindications.8.blocking',
    ]);
  });

  it('[protocol.harmless-and-listed] refuses to call harmless what another rule is about', () => {
    const harmless = (...names: string[]) => ({ trigger: { kind: 'unlisted', harmless: names } });
    const after = (...names: string[]) =>
      foundAfter((draft) => Object.assign(contraindication(draft, 'history-review').rule, harmless(...names)));
    expect(after('paracetamol', 'Warfarin')).toEqual([
      'harmless-and-listed screening.contraindications.8.trigger.harmless.1',
    ]);
    expect(after('Ibuprofen')).toEqual(['harmless-and-listed screening.contraindications.8.trigger.harmless.0']);
    expect(after('paracetamol')).toEqual([]);
  });

  it('[protocol.duplicate-trigger] refuses two contraindications for the same answer', () => {
    const again = (code: string) =>
      foundAfter((draft) =>
        draft.screening.contraindications.push({
          ...structuredClone(contraindication(draft, code).rule),
          code: 'once-more',
        }),
      );
    const last = 'duplicate-trigger screening.contraindications.9.trigger';
    expect(again('uncontrolled-diabetes')).toEqual([last]);
    expect(again('history-review')).toEqual([last]);
    expect(new Set(again('anticoagulant'))).toEqual(new Set([last]));
  });
});

const MISSING = 'missing-contraindication';
const PLACE = 'screening.contraindications';
const BLOCKING = [
  ...['pregnancy', 'breastfeeding', 'cardiovascular-disease', 'immune-disorder', 'allergy'],
  ...['uncontrolled-diabetes', 'anticoagulant', 'severe-psoriasis'],
];

describe('the aftercare of a protocol', () => {
  it('[protocol.permission-inside-restriction] refuses a permission inside another line’s restriction', () => {
    const permitting = (change: Partial<typeof SHOWER>) =>
      foundAfter((draft) => draft.aftercare.push({ ...SHOWER, ...change }));
    // Washing is restricted for 24 hours by two lines of `facial`; the sun by one without an end.
    const place = 'permission-inside-restriction aftercare.10';
    expect(permitting({ after: 'PT12H' })).toEqual([place, place]);
    expect(permitting({ after: 'PT24H' })).toEqual([]);
    expect(permitting({ subject: 'sun', after: 'P10W' })).toEqual([place]);
  });

  it('[protocol.permission-inside-restriction] counts a range of hours with its longer side', () => {
    const after = (hours: string) =>
      found(
        copy((draft) => {
          draft.aftercare = draft.aftercare.filter(({ subject }) => subject !== 'washing');
          draft.aftercare.push({
            ...{ act: 'avoid', id: 'no-water', subject: 'washing', text: SHOWER.text, free: SHOWER.text },
            lasts: { min: 'PT10H', max: 'PT15H' },
            ...{ facts: [], basis: 'chain' },
          });
          draft.aftercare.push({ ...SHOWER, after: hours });
        }),
      );
    expect(after('PT14H')).toHaveLength(1);
    expect(after('PT15H')).toEqual([]);
  });

  it('[protocol.permission-inside-restriction] refuses to permit what the next session already forbids', () => {
    // Aspirin is forbidden 7 days before a session, and the next one may follow 14 days after this one.
    const permitting = (after: string) =>
      foundAfter((draft) => draft.aftercare.push({ ...SHOWER, subject: 'blood-thinning-medicine', after }));
    expect(permitting('P6D')).toEqual([]);
    expect(permitting('P7D')).toEqual(['permission-inside-restriction aftercare.10']);
  });

  it('[protocol.avoid-and-do] refuses an item that asks for what another asks to leave off', () => {
    const { after: _, ...shower } = SHOWER;
    expect(foundAfter((draft) => draft.aftercare.push({ ...shower, act: 'do', subject: 'heat', lasts: null }))).toEqual(
      ['avoid-and-do aftercare.10'],
    );
  });

  it('[protocol.text-names-treatment] refuses words of the aftercare, or of a precaution, that name the treatment', () => {
    expect(
      foundAfter((draft) => {
        Object.assign(draft.aftercare[0]?.text as object, { en: 'Do not rub where the Mesotherapy was done.' });
        Object.assign(draft.preSession.precautions[0]?.text as object, {
          en: `Before your ${draft.title['en']}: rest.`,
        });
      }),
    ).toEqual(['text-names-treatment aftercare.0.text.en', 'text-names-treatment preSession.precautions.0.text.en']);
  });

  it('[protocol.missing-all-clear-text] refuses a restriction that ends without words for the all-clear', () => {
    expect(foundAfter((draft) => Object.assign(draft.aftercare[0] as object, { free: null }))).toEqual([
      'missing-all-clear-text aftercare.0.free',
    ]);
  });
});

describe('the series of a protocol', () => {
  it('[protocol.lapse-inside-interval] refuses a course that is given up before its next session is late', () => {
    expect(foundAfter((draft) => (draft.lapse.afterDays = 13))).toEqual(['lapse-inside-interval lapse.afterDays']);
    expect(foundAfter((draft) => (draft.lapse.afterDays = 14))).toEqual([]);
    expect(foundAfter((draft) => Object.assign(draft.intervalDays, { min: 91, max: 91 }))).toContain(
      'lapse-inside-interval lapse.afterDays',
    );
  });

  it('[protocol.check-up-outside-series] refuses a check-up that comes after the next session', () => {
    const eachSession = (afterDays: number) =>
      foundAfter((draft) => Object.assign(draft.checkUps[0] as object, { afterDays }));
    expect(eachSession(14)).toEqual([]);
    expect(eachSession(15)).toEqual(['check-up-outside-series checkUps.0.afterDays']);
  });

  it('[protocol.check-up-outside-series] refuses a last check-up when the course is given up already', () => {
    const lastSession = (afterDays: number) =>
      found(copy((draft) => Object.assign(draft.checkUps[0] as object, { afterDays }), general));
    expect(lastSession(90)).toEqual([]);
    expect(lastSession(91)).toEqual(['check-up-outside-series checkUps.0.afterDays']);
  });

  it('[protocol.reaction-without-days] refuses an expected reaction that nothing tells from one that lasts', () => {
    expect(foundAfter((draft) => Object.assign(draft.expectedReactions[1] as object, { withinDays: 0 }))).toEqual([
      'reaction-without-days expectedReactions.1.withinDays',
    ]);
    expect(
      foundAfter((draft) => Object.assign(draft.expectedReactions[1] as object, { withinDays: undefined })),
    ).toEqual(['schema expectedReactions.1.withinDays']);
  });

  it('[protocol.reaction-and-adverse-event] refuses a reaction that is expected and an adverse event', () => {
    expect(
      foundAfter((draft) => draft.adverseEvents.push({ code: 'bruising', facts: ['S4-R2'], basis: 'other-source' })),
    ).toEqual(['reaction-and-adverse-event adverseEvents.3.code']);
  });

  it('[protocol.window-closes-before-it-opens] refuses a maintenance window that closes before it opens', () => {
    const rhythm = (change: object) => foundAfter((draft) => Object.assign(draft.maintenance, change));
    expect(rhythm({ thenCloses: 'P1M' })).toEqual(['window-closes-before-it-opens maintenance.thenCloses']);
    expect(rhythm({ firstOpens: 'P7M' })).toEqual(['window-closes-before-it-opens maintenance.firstCloses']);
    expect(rhythm({ repeatCourse: { opens: 'P6M', closes: 'P3M', ...OURS } })).toEqual([
      'window-closes-before-it-opens maintenance.repeatCourse.closes',
    ]);
  });

  it('[protocol.window-closes-before-it-opens] refuses one that does so in some months only', () => {
    expect(foundAfter((draft) => Object.assign(draft.maintenance, { thenOpens: 'P30D', thenCloses: 'P1M' }))).toEqual([
      'window-closes-before-it-opens maintenance.thenCloses',
    ]);
  });

  it('[protocol.window-closes-before-it-opens] refuses one that is over before the shortest course can be', () => {
    // Four sessions 14 days apart, and 14 days more: the window opens on day 56 at the earliest.
    const closing = (firstCloses: string) =>
      foundAfter((draft) => Object.assign(draft.maintenance, { firstOpens: 'P10D', firstCloses }));
    expect(closing('P56D')).toEqual([]);
    expect(closing('P55D')).toEqual(['window-closes-before-it-opens maintenance.firstCloses']);
  });

  it('[protocol.window-closes-before-it-opens] refuses a physician’s last day before the interval has passed', () => {
    const latest = (duration: string) =>
      found(copy((draft) => Object.assign(draft.maintenance, { latest: duration }), general));
    expect(latest('P7D')).toEqual([]);
    expect(latest('P6D')).toEqual(['window-closes-before-it-opens maintenance.latest']);
  });
});

describe('the messages of a protocol', () => {
  it('[protocol.unknown-precaution] refuses a notice of a precaution that does not exist', () => {
    expect(
      foundAfter((draft) => Object.assign(message(draft, 'precaution-notice'), { precaution: 'no-coffee' })),
    ).toEqual(['unknown-precaution messages.4']);
  });

  it('[protocol.notice-too-late] refuses a notice that comes when the precaution should already be kept', () => {
    const before = (duration: string) =>
      foundAfter((draft) => Object.assign(message(draft, 'precaution-notice'), { before: duration }));
    expect(before('P6D')).toEqual(['notice-too-late messages.4']);
    expect(before('P8D')).toEqual([]);
  });

  it('[protocol.message-without-cause] refuses to tell of aftercare that the protocol does not have', () => {
    expect(foundAfter((draft) => (draft.aftercare = []))).toEqual([
      'message-without-cause messages.0',
      'message-without-cause messages.1',
    ]);
    const endless = (draft: Protocol) =>
      (draft.aftercare = draft.aftercare.filter(({ id }) => id.startsWith('sunscreen')));
    expect(foundAfter(endless)).toEqual(['message-without-cause messages.1']);
  });

  it('[protocol.message-outside-series] refuses to ask how it goes after the next session', () => {
    const checkIn = (after: string) => foundAfter((draft) => Object.assign(message(draft, 'check-in'), { after }));
    expect(checkIn('P14D')).toEqual([]);
    expect(checkIn('P15D')).toEqual(['message-outside-series messages.2.after']);
  });

  it('[protocol.useful-too-long] refuses a message that goes out when what it announces is over', () => {
    const useful = (usefulFor: string) =>
      foundAfter((draft) => Object.assign(message(draft, 'session-reminder'), { usefulFor }));
    expect(useful('PT24H')).toEqual([]);
    expect(useful('PT25H')).toEqual(['useful-too-long messages.3.usefulFor']);
  });
});
