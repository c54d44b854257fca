import fc from 'fast-check';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { decideFallbackLanguage, decidePublication, decideWithdrawal, TEMPLATES_MAX } from './template.decider.js';
import { type TemplateFinding, TemplateRefused } from './template.errors.js';
import type { TemplateContent, TemplateEvent, TemplateKey } from './template.events.js';
import { keyOf, type TemplatesState, templatesFold } from './template.state.js';

const NOW = '2026-05-01T09:00:00.000Z';
const key: TemplateKey = { name: 'check-in', language: 'de', channel: 'email' };
const content: TemplateContent = { subject: 'Wie geht es?', text: 'Guten Tag', mjml: null, phrases: {} };
const wrong: TemplateFinding = { code: 'template.liquid', field: 'text', line: 3, message: 'It cannot be read.' };

const after = (events: readonly TemplateEvent[], state: TemplatesState = templatesFold.initial): TemplatesState =>
  events.reduce<TemplatesState>(
    (before, event) =>
      templatesFold.evolve(before, { ...event, recordedAt: NOW } as unknown as RecordedEvent<TemplateEvent>),
    state,
  );

const publish = (state = templatesFold.initial, given = content, findings: readonly TemplateFinding[] = []) =>
  decidePublication(key, given, findings, state, NOW);

describe('publishing a template', () => {
  it('puts the chain’s words in the place of those before', () => {
    const first = after(publish());
    const second = after(publish(first, { ...content, text: 'Grüß Gott' }), first);
    expect([...second.published.values()].map((each) => each.content.text)).toEqual(['Grüß Gott']);
  });

  it('adds nothing where it says what is said already, in whatever order its phrases stand', () => {
    const phrases = { a: 'x', b: 'y' };
    const state = after(publish(templatesFold.initial, { ...content, phrases }));
    expect(publish(state, { ...content, phrases: { b: 'y', a: 'x' } })).toEqual([]);
    expect(publish(state, { ...content, phrases: { a: 'x' } })).toHaveLength(1);
  });

  it('is refused with the line of everything that is to be mended', () => {
    expect(() => publish(templatesFold.initial, content, [wrong])).toThrow(TemplateRefused);
    const refused = new TemplateRefused([wrong]);
    expect(refused.fields).toEqual([
      expect.objectContaining({ field: 'text', rule: 'template.liquid', message: 'Line 3: It cannot be read.' }),
    ]);
  });

  it('[template.number] is refused for one template too many, and never for a new version of one', () => {
    const all = after(
      Array.from({ length: TEMPLATES_MAX }, (_, n) =>
        decidePublication(
          { ...key, language: `${String.fromCharCode(97 + (n % 26))}${String.fromCharCode(97 + Math.floor(n / 26))}` },
          content,
          [],
          templatesFold.initial,
          NOW,
        ),
      ).flat(),
    );
    expect(all.published.size).toBe(TEMPLATES_MAX);
    expect(() => publish(all, content)).not.toThrow();
    const other: TemplateKey = { ...key, channel: 'sms' };
    expect(() => decidePublication(other, content, [], all, NOW)).toThrow(/at most 500/);
  });
});

describe('withdrawing a template', () => {
  it('leaves the others', () => {
    const sms: TemplateKey = { ...key, channel: 'sms' };
    const state = after([...publish(), ...decidePublication(sms, content, [], templatesFold.initial, NOW)]);
    expect([...after(decideWithdrawal(key, state, NOW), state).published.keys()]).toEqual([keyOf(sms)]);
  });

  it('is refused where the chain has none', () => {
    expect(() => decideWithdrawal(key, templatesFold.initial, NOW)).toThrow(/no such template/);
  });
});

describe('the fallback language', () => {
  it('is set once, and taken back', () => {
    const state = after(decideFallbackLanguage('de', templatesFold.initial, NOW));
    expect(state.fallbackLanguage).toBe('de');
    expect(decideFallbackLanguage('de', state, NOW)).toEqual([]);
    expect(after(decideFallbackLanguage(null, state, NOW), state).fallbackLanguage).toBeNull();
  });
});

it('a command that is given again writes nothing', () => {
  const command = fc.oneof(
    fc.record({ do: fc.constant('publish' as const), text: fc.constantFrom('a', 'b') }),
    fc.record({ do: fc.constant('fallback' as const), text: fc.constantFrom('de', 'fr') }),
  );
  const decide = (each: { do: 'publish' | 'fallback'; text: string }, state: TemplatesState) =>
    each.do === 'publish'
      ? publish(state, { ...content, text: each.text })
      : decideFallbackLanguage(each.text, state, NOW);
  fc.assert(
    fc.property(fc.array(command, { maxLength: 8 }), command, (before, last) => {
      const state = before.reduce<TemplatesState>((s, each) => after(decide(each, s), s), templatesFold.initial);
      const once = after(decide(last, state), state);
      expect(decide(last, once)).toEqual([]);
    }),
  );
});
