import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { phraseText } from '../icu-phrase.js';
import { dateText, textIn, wallText } from '../language.js';
import type { MessageContent } from '../message-content.js';
import type { Phrases, TemplateName } from '../template-set.js';

type Value = keyof MessageContent;

const ALWAYS: readonly Value[] = ['name', 'clinic', 'sender', 'treatment', 'place', 'replies', 'links'];
const AHEAD: readonly Value[] = ['at', 'days', 'precautions'];
const AFTER: readonly Value[] = ['at', 'lines', 'groups', 'free', 'goes_on'];
const WINDOW: readonly Value[] = ['opens', 'closes', 'days_to_open', 'weeks_to_open', 'days_left', 'weeks_left'];

const OF_KIND: Readonly<Record<TemplateName, readonly Value[]>> = {
  aftercare: AFTER,
  'all-clear': AFTER,
  'check-in': AFTER,
  'session-reminder': AHEAD,
  'session-moved': [...AHEAD, 'was_at'],
  'session-called-off': ['at', 'days'],
  'precaution-notice': [...AHEAD, 'precaution'],
  'maintenance-due-soon': WINDOW,
  'maintenance-due': WINDOW,
  'maintenance-overdue': WINDOW,
  'maintenance-proposal': [...WINDOW, 'at', 'days', 'held_until'],
};

/** The values that a kind of message has. The others would leave holes in its sentences. */
export const valuesOf = (name: TemplateName): readonly Value[] => [...ALWAYS, ...OF_KIND[name]];

/** A message as it may come, with the values of its kind and no others. */
export interface SampleContent {
  readonly sample: 'everything' | 'little' | 'one' | 'telling-names';
  readonly content: Partial<MessageContent>;
}

const facial = builtInProtocol('facial') as Protocol;

const LINKS = ['confirm', 'other', 'stop', 'well', 'worried', 'unsubscribe'] as const;
const addresses = Object.fromEntries(
  LINKS.map((action) => [action, `https://clinic.example/m/0199a000-0000-7000-8000-000000000000/${action}`]),
) as Record<(typeof LINKS)[number], string>;
const noLinks = { confirm: null, other: null, stop: null, well: null, worried: null, unsubscribe: null };

/**
 * Everything that a template must get along with: all there is; as little as there may be; one of each; and a clinic and
 * a place whose names tell what is done there.
 */
export function sampleContents(name: TemplateName, language: string, phrases: Phrases): readonly SampleContent[] {
  const [first, second, third] = facial.aftercare.map(({ text }) => textIn(text, language));
  const until = wallText('2026-09-30T14:45', language);
  const texts = [first, second, third] as string[];
  const everything: MessageContent = {
    ...{ name: 'Alex', clinic: 'Clinic Centre', sender: 'Clinic Centre', place: 'Clinic North' },
    treatment: textIn(facial.title, language),
    ...{ at: wallText('2026-09-29T14:00', language), days: 3, was_at: wallText('2026-09-28T09:30', language) },
    held_until: wallText('2026-09-27T18:00', language),
    lines: texts.map((text, n) => ({ text, until: n < 2 ? until : null })),
    groups: [
      { until, texts: texts.slice(0, 2) },
      { until: null, texts: texts.slice(2) },
    ],
    ...{ free: texts.slice(0, 2), goes_on: texts.slice(2) },
    ...{ precautions: texts.slice(0, 1), precaution: texts[0] as string },
    ...{ opens: dateText('2026-09-01', language), closes: dateText('2026-11-30', language) },
    ...{ days_to_open: 15, weeks_to_open: 2, days_left: 36, weeks_left: 5 },
    ...{ replies: true, links: addresses },
  };
  const one: MessageContent = {
    ...everything,
    ...{ lines: [{ text: texts[0] as string, until }], groups: [{ until, texts: texts.slice(0, 1) }] },
    ...{ free: texts.slice(0, 1), goes_on: [], days: 1 },
    ...{ days_to_open: 7, weeks_to_open: 1, days_left: 1, weeks_left: 0 },
    ...{ replies: false, links: { ...noLinks, unsubscribe: addresses.unsubscribe } },
  };
  const little: MessageContent = {
    ...one,
    ...{ lines: [{ text: texts[0] as string, until: null }], groups: [{ until: null, texts: texts.slice(0, 1) }] },
    ...{ precautions: [], days: 0, days_to_open: 0, weeks_to_open: 0, days_left: 0, was_at: null, links: noLinks },
  };
  const named = {
    ...everything,
    ...{ clinic: 'Mezoterapi Merkezi', place: 'Centre de mésothérapie' },
    sender: phraseText(phrases['your-clinic'] as string, language, {}),
  };
  const values = valuesOf(name);
  const only = (content: MessageContent) =>
    Object.fromEntries(Object.entries(content).filter(([key]) => values.includes(key as Value)));
  return [
    { sample: 'everything', content: only(everything) },
    { sample: 'one', content: only(one) },
    { sample: 'little', content: only(little) },
    { sample: 'telling-names', content: only(named) },
  ];
}
