import { BUILT_IN_PROTOCOLS } from './built-in-protocols.js';
import { facial } from './built-in/facial.protocol.js';
import type { Protocol } from './protocol.schema.js';
import { lintProtocol, validateProtocol } from './validate.js';

/** A chain's copy of `facial`, mended or spoilt by the test. */
const copy = (change: (draft: Protocol) => void): Protocol => {
  const draft = structuredClone(facial);
  change(draft);
  return draft;
};
const found = (draft: unknown): string[] => {
  const result = validateProtocol(draft);
  return result.ok ? [] : result.findings.map(({ code, path }) => `${code} ${path}`);
};

it.each(BUILT_IN_PROTOCOLS)('the built-in protocol $code passes', (protocol) => {
  expect(lintProtocol(protocol)).toEqual([]);
  expect(validateProtocol(JSON.parse(JSON.stringify(protocol)))).toEqual({ ok: true, protocol });
});

describe('a chain’s own protocol', () => {
  it('may set its own numbers on its own citation', () => {
    const draft = copy((own) => {
      own.evidence.push({ kind: 'citation', id: 'board-2026', text: 'Medical board, minutes of 2026', url: null });
      own.intervalDays = { min: 12, max: 16, facts: [], basis: 'chain', citations: ['board-2026'] };
    });
    expect(found(draft)).toEqual([]);
  });

  it.each<[string, (draft: Protocol) => void, string]>([
    [
      'a permission inside another line’s restriction',
      (draft) =>
        draft.aftercare.push({
          act: 'allow',
          id: 'shower',
          subject: 'washing',
          text: { en: 'You may shower.', tr: 'Duş alabilirsiniz.', fr: 'La douche est permise.' },
          after: 'PT12H',
          facts: [],
          basis: 'chain',
        }),
      'permission-inside-restriction aftercare.10',
    ],
    [
      'an item that asks for what another asks to leave off',
      (draft) =>
        draft.aftercare.push({
          act: 'do',
          id: 'sunbathe',
          subject: 'heat',
          text: { en: 'Warm up.', tr: 'Isının.', fr: 'Réchauffez-vous.' },
          lasts: null,
          facts: [],
          basis: 'chain',
        }),
      'avoid-and-do aftercare.10',
    ],
    [
      'a maintenance window that closes before it opens',
      (draft) => Object.assign(draft.maintenance, { thenCloses: 'P1M' }),
      'window-closes-before-it-opens maintenance.thenCloses',
    ],
    [
      'a maintenance window that closes before it opens in some months only',
      (draft) => Object.assign(draft.maintenance, { firstOpens: 'P30D', firstCloses: 'P1M' }),
      'window-closes-before-it-opens maintenance.firstCloses',
    ],
    ['a missing language', (draft) => delete draft.aftercare[2]?.text.fr, 'missing-language aftercare.2.text'],
    ['a missing language of the title', (draft) => delete draft.title.tr, 'missing-language title'],
    [
      'a range of numbers that is reversed',
      (draft) => Object.assign(draft.sessions, { min: 6, max: 5 }),
      'range-reversed sessions',
    ],
    [
      'a range of durations that is reversed',
      (draft) => Object.assign(draft.aftercare[0] as object, { lasts: { min: 'PT24H', max: 'PT12H' } }),
      'range-reversed aftercare.0.lasts',
    ],
    [
      'the same id twice',
      (draft) => Object.assign(draft.aftercare[1] as object, { id: draft.aftercare[0]?.id }),
      'duplicate-id aftercare',
    ],
    [
      'two message rules of one kind',
      (draft) => draft.messages.push({ kind: 'aftercare', usefulFor: null, facts: [], basis: 'chain' }),
      'duplicate-id messages',
    ],
    ['an unknown fact', (draft) => Object.assign(draft.lapse, { facts: ['S9-X1'] }), 'unknown-fact lapse.facts.0'],
    [
      'an unknown citation',
      (draft) => Object.assign(draft.lapse, { citations: ['nowhere'] }),
      'unknown-citation lapse',
    ],
    [
      'a source’s rule that cites nothing',
      (draft) => Object.assign(draft.lapse, { basis: 'own-source' }),
      'rule-without-evidence lapse',
    ],
    [
      'a fact of a source that the evidence list does not name',
      (draft) => draft.evidence.splice(0, 1),
      'fact-outside-evidence areas',
    ],
    [
      'a basis that the evidence does not bear out',
      (draft) => Object.assign(draft.depthMm, { basis: 'own-source' }),
      'basis-contradicts-evidence depthMm',
    ],
    [
      'a restriction that ends without words for the all-clear',
      (draft) => Object.assign(draft.aftercare[0] as object, { free: null }),
      'missing-all-clear-text aftercare.0.free',
    ],
    [
      'a notice that comes when the precaution should already be kept',
      (draft) => Object.assign(draft.messages[4] as object, { before: 'P3D' }),
      'notice-too-late messages.4',
    ],
    [
      'a notice of a precaution that does not exist',
      (draft) => Object.assign(draft.messages[4] as object, { precaution: 'no-coffee' }),
      'unknown-precaution messages.4',
    ],
  ])('is refused for %s', (_, change, expected) => {
    expect(found(copy(change))).toContain(expected);
  });

  it.each<[string, object, string]>([
    ['an unknown field', { colour: 'blue' }, 'schema '],
    ['a fraction of a session', { sessions: { ...facial.sessions, min: 3.5 } }, 'schema sessions.min'],
    ['an hour in a date rule', { lapse: { ...facial.lapse, afterDays: 'PT1H' } }, 'schema lapse.afterDays'],
    [
      'a duration of months where hours are counted',
      { aftercare: [{ ...facial.aftercare[0], lasts: 'P1M' }] },
      'schema aftercare.0.lasts',
    ],
  ])('is refused for its shape: %s', (_, change, expected) => {
    expect(found({ ...facial, ...change })).toContain(expected);
  });

  it.each([null, undefined, 7, 'facial', []])('is refused where it is no protocol at all: %p', (draft) => {
    expect(found(draft)).toEqual(['schema ']);
  });
});
