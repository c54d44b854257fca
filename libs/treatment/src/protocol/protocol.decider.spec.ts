import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import { BUILT_IN_PROTOCOLS, builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import { FINDING_CODES } from '#libs/protocols/src/lint/protocol-finding.js';
import { procedureOf, type Protocol } from '#libs/protocols/src/protocol.schema.js';
import { draftFold, type ProtocolDraftState } from './protocol-draft.state.js';
import { copyOf, decideDraft, decidePublication, decideRetirement, judgeDraft } from './protocol.decider.js';
import { CodeReserved, DraftClosed, DraftRefused, DraftUnknown, ProtocolUnknown } from './protocol.errors.js';
import type { DraftContent, ProtocolDraftEvent, ProtocolEvent } from './protocol.events.js';
import { PROTOCOL_LIFECYCLE_RULES } from './protocol.rule-book.js';
import { latestVersion, protocolFold, type ProtocolState, versionOf } from './protocol.state.js';

const NOW = '2026-11-22T09:00:00.000Z';
const DRAFT = newId();
const facial = builtInProtocol('facial') as Protocol;

const recorded = <E extends NewEvent>(event: E) =>
  ({ header: { actor: 'user:ada' }, ...event }) as unknown as RecordedEvent<E>;
const drafted = (state: ProtocolDraftState, events: readonly ProtocolDraftEvent[]): ProtocolDraftState =>
  events.reduce<ProtocolDraftState>((each, event) => draftFold.evolve(each, recorded(event)), state);
const published = (state: ProtocolState, events: readonly ProtocolEvent[]): ProtocolState =>
  events.reduce<ProtocolState>((each, event) => protocolFold.evolve(each, recorded(event)), state);

const begin = (draft: DraftContent, code = 'facial-plus', basedOn = { code: 'facial', version: 1 }) =>
  drafted(
    draftFold.initial,
    decideDraft({ type: 'DraftProtocol', draftId: DRAFT, code, draft, basedOn }, draftFold.initial, NOW),
  );
/** A chain's own protocol: `facial` with another number of sessions. */
const own = (max: number, code = 'facial-plus'): DraftContent => ({
  ...copyOf(facial, code),
  sessions: { min: 4, max, facts: [], basis: 'chain', note: 'As the medical board decided.' },
});
const publish = (draft: ProtocolDraftState, protocol: ProtocolState = protocolFold.initial) => {
  const events = decidePublication(draft, protocol, NOW);
  return { events, draft: drafted(draft, events.draft), protocol: published(protocol, events.protocol) };
};
/** The protocol after publishing these drafts, one after the other. */
const afterPublishing = (...drafts: readonly DraftContent[]) =>
  drafts.reduce<ProtocolState>((protocol, draft) => publish(begin(draft), protocol).protocol, protocolFold.initial);

describe('a draft', () => {
  it('[protocol.draft-anything] may hold anything that is not a protocol yet', () => {
    expect(begin({ title: 7, made: { of: ['anything'] } })).toEqual({
      status: 'open',
      draftId: DRAFT,
      code: 'facial-plus',
      draft: { title: 7, made: { of: ['anything'] } },
      basedOn: { code: 'facial', version: 1 },
    });
  });

  it('[protocol.draft-copy] copies a version whole, under its own code and without the number', () => {
    const { version, ...rest } = facial;
    expect(copyOf(facial, 'facial-plus')).toEqual({ ...rest, code: 'facial-plus', procedure: 'facial' });
    expect(version).toBe(1);
  });

  it('[protocol.procedure] is of the same procedure as what it copies, however often it was copied', () => {
    const copy = { ...copyOf(facial, 'ours'), version: 1 } as Protocol;
    expect([procedureOf(facial), procedureOf(copy)]).toEqual(['facial', 'facial']);
    expect(copyOf(copy, 'ours-again')).toMatchObject({ code: 'ours-again', procedure: 'facial' });
    expect(copyOf(copy, 'facial')).not.toHaveProperty('procedure');
    expect(copyOf(facial, 'facial')).not.toHaveProperty('procedure');
  });

  it('[protocol.draft-copy] of any built-in protocol may be published as it is', () => {
    for (const protocol of BUILT_IN_PROTOCOLS) {
      const { events } = publish(begin(copyOf(protocol, 'our-own'), 'our-own'));
      expect(events.protocol.map(({ data }) => data)).toEqual([
        { protocol: { ...protocol, code: 'our-own', version: 1, procedure: protocol.code } },
      ]);
    }
  });

  it('[protocol.code-reserved] is not begun for a word of the addresses', () => {
    expect(() => begin({}, 'drafts')).toThrow(CodeReserved);
    expect(() => begin({}, 'validate')).toThrow(CodeReserved);
  });

  it('[protocol.draft-closed] changes and is discarded until it is published or discarded', () => {
    const open = begin({});
    const change = { type: 'ChangeDraft', draft: own(6) } as const;
    const changed = drafted(open, decideDraft(change, open, NOW));
    expect(changed).toMatchObject({ status: 'open', draft: own(6) });
    const discarded = drafted(changed, decideDraft({ type: 'DiscardDraft' }, changed, NOW));
    const done = publish(changed).draft;
    for (const closed of [discarded, done]) {
      expect(() => decideDraft({ type: 'ChangeDraft', draft: {} }, closed, NOW)).toThrow(DraftClosed);
    }
    expect(() => decideDraft({ type: 'DiscardDraft' }, done, NOW)).toThrow(DraftClosed);
    expect(() => decidePublication(discarded, protocolFold.initial, NOW)).toThrow(DraftClosed);
  });

  it('[protocol.draft-closed] says nothing of a draft that nobody has begun', () => {
    expect(() => decideDraft({ type: 'DiscardDraft' }, draftFold.initial, NOW)).toThrow(DraftUnknown);
    expect(() => decidePublication(draftFold.initial, protocolFold.initial, NOW)).toThrow(DraftUnknown);
  });

  it('[protocol.other-code] is not published under the code of another protocol', () => {
    const judged = judgeDraft({ code: 'facial-plus', draft: own(6, 'hair') }, protocolFold.initial);
    expect(judged).toMatchObject({ ok: false, findings: [{ code: 'other-code', path: 'code' }] });
    const { code: _, ...nameless } = own(6);
    expect(judgeDraft({ code: 'facial-plus', draft: nameless }, protocolFold.initial)).toMatchObject({
      ok: true,
      protocol: { code: 'facial-plus', version: 1 },
    });
  });

  it('[protocol.schema] is refused with everything that is to be mended, each with its place and its rule', () => {
    const spoilt = { ...own(6), sessions: { ...facial.sessions, min: 6, max: 5 }, title: { en: 'Facial' } };
    const refusal = (() => {
      try {
        return void publish(begin(spoilt));
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(DraftRefused);
    expect((refusal as DraftRefused).fields.map(({ field, rule }) => `${rule} ${field}`)).toEqual([
      'protocol.missing-language draft.title',
      'protocol.missing-language draft.title',
      'protocol.range-reversed draft.sessions',
    ]);
  });

  it('[protocol.override-forbidden] is refused with the statement, the value that was seen and what is accepted', () => {
    const spoilt = structuredClone(own(6)) as unknown as Protocol;
    Object.assign(spoilt.screening.contraindications[0] as object, { overridable: true });
    expect(() => publish(begin(spoilt))).toThrow(
      expect.objectContaining({
        fields: [
          {
            field: 'draft.screening.contraindications.0.overridable',
            message: 'Pregnancy has no override.',
            rule: 'protocol.override-forbidden',
            facts: ['S0-C1'],
            seen: true,
            accepted: 'Pregnancy and an allergy to a planned substance have no override in any protocol.',
          },
        ],
      }),
    );
  });

  it('[protocol.schema] is refused by rules that the rule book holds', () => {
    for (const code of FINDING_CODES) expect(PROTOCOL_LIFECYCLE_RULES).toHaveProperty([`protocol.${code}`]);
  });
});

describe('publishing', () => {
  it('[protocol.published-in-order] gives the number after the last one, whatever the draft says', () => {
    const protocol = afterPublishing(own(6), { ...own(7), version: 40 }, own(8));
    expect(protocol.versions.map(({ version, sessions }) => [version, sessions.max])).toEqual([
      [1, 6],
      [2, 7],
      [3, 8],
    ]);
  });

  it('[protocol.published-in-order] never gives a number again', () => {
    const two = afterPublishing(own(6), own(7));
    const retired = published(two, decideRetirement('facial-plus', 2, two, NOW));
    expect(publish(begin(own(8)), retired).protocol.versions.at(-1)?.version).toBe(3);
  });

  it('[protocol.published-once] adds nothing when it is repeated', () => {
    const first = publish(begin(own(6)));
    expect(first.draft).toMatchObject({ status: 'published', version: 1 });
    expect(publish(first.draft, first.protocol).events).toEqual({ draft: [], protocol: [] });
  });

  it('[protocol.published-once] closes a draft that says what the newest version says with that version', () => {
    const { protocol } = publish(begin(own(6)));
    const { code, ...others } = own(6);
    const again = publish(begin({ ...others, code }), protocol);
    expect(again.events.protocol).toEqual([]);
    expect(again.draft).toMatchObject({ status: 'published', version: 1 });
  });

  it('[protocol.published-once] may publish anew what was retired, under a new number', () => {
    const one = afterPublishing(own(6));
    const retired = published(one, decideRetirement('facial-plus', 1, one, NOW));
    expect(publish(begin(own(6)), retired).protocol).toMatchObject({
      versions: [{ version: 1 }, { version: 2 }],
      retired: [1],
    });
  });

  it('[protocol.built-in-kept] leaves version 1 of a built-in protocol as it is, beside the chain’s version 2', () => {
    const builtIn: ProtocolState = { versions: [facial], retired: [], terms: [] };
    const { protocol } = publish(begin(own(6, 'facial'), 'facial'), builtIn);
    expect(versionOf(protocol, 1)).toEqual(facial);
    expect(latestVersion(protocol)).toMatchObject({ code: 'facial', version: 2, sessions: { max: 6 } });
  });
});

describe('retiring', () => {
  it('[protocol.retired] leaves the newest version that is not retired for new courses', () => {
    const three = afterPublishing(own(6), own(7), own(8));
    const without = (state: ProtocolState, version: number) =>
      published(state, decideRetirement('facial-plus', version, state, NOW));
    const last = without(three, 3);
    expect(latestVersion(three)?.version).toBe(3);
    expect(latestVersion(last)?.version).toBe(2);
    expect(latestVersion(without(without(last, 1), 2))).toBeUndefined();
  });

  it('[protocol.retired] keeps the version for the courses that were planned with it', () => {
    const one = afterPublishing(own(6));
    const retired = published(one, decideRetirement('facial-plus', 1, one, NOW));
    expect(versionOf(retired, 1)).toEqual(versionOf(one, 1));
  });

  it('[protocol.retired] adds nothing when it is repeated, and knows no version that was never published', () => {
    const one = afterPublishing(own(6));
    const retired = published(one, decideRetirement('facial-plus', 1, one, NOW));
    expect(decideRetirement('facial-plus', 1, retired, NOW)).toEqual([]);
    expect(() => decideRetirement('facial-plus', 2, one, NOW)).toThrow(ProtocolUnknown);
  });
});

/** What people do to one protocol: publish something, publish it again, retire a version. */
type Act = { readonly publish: number } | { readonly retire: number };
const actsArb = fc.array(
  fc.oneof(
    fc.integer({ min: 4, max: 7 }).map((max): Act => ({ publish: max })),
    fc.integer({ min: 1, max: 5 }).map((version): Act => ({ retire: version })),
  ),
  { maxLength: 12 },
);

const act = (state: ProtocolState, each: Act): ProtocolState => {
  if ('publish' in each) return publish(begin(own(each.publish)), state).protocol;
  if (!versionOf(state, each.retire)) return state;
  return published(state, decideRetirement('facial-plus', each.retire, state, NOW));
};

describe('whatever is published and retired', () => {
  it('[protocol.immutable] no version changes once it is published, and they are numbered without gaps', () => {
    fc.assert(
      fc.property(actsArb, (acts) => {
        let state = protocolFold.initial;
        for (const each of acts) {
          const before = JSON.stringify(state.versions);
          const next = act(state, each);
          expect(JSON.stringify(next.versions.slice(0, state.versions.length))).toBe(before);
          expect(next.versions.map(({ version }) => version)).toEqual(next.versions.map((_, index) => index + 1));
          expect(next.retired.filter((version) => !versionOf(next, version))).toEqual([]);
          state = next;
        }
      }),
      { numRuns: 25 },
    );
  });

  it('[protocol.published-once] doing each thing twice in a row gives what doing it once gives', () => {
    fc.assert(
      fc.property(actsArb, (acts) => {
        const once = acts.reduce(act, protocolFold.initial);
        const twice = acts.flatMap((each) => [each, each]).reduce(act, protocolFold.initial);
        expect(twice).toEqual(once);
      }),
      { numRuns: 25 },
    );
  });

  it('[protocol.draft-closed] a repeated command on a draft adds nothing', () => {
    const commandArb = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }).map((content) => ({ type: 'ChangeDraft', draft: { content } }) as const),
      fc.constant({ type: 'DiscardDraft' } as const),
      fc.constant({ type: 'DraftProtocol', draftId: DRAFT, code: 'a', draft: {}, basedOn: null } as const),
    );
    fc.assert(
      fc.property(fc.array(commandArb, { maxLength: 6 }), commandArb, (before, command) => {
        const done = (state: ProtocolDraftState, each: typeof command) => {
          try {
            return drafted(state, decideDraft(each, state, NOW));
          } catch {
            return state;
          }
        };
        const given = before.reduce(done, begin({}));
        const once = done(given, command);
        expect(once === given ? [] : decideDraft(command, once, NOW)).toEqual([]);
      }),
    );
  });
});
