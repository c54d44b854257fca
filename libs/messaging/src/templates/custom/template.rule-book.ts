import { type RuleEntry, ruleBook } from '#libs/protocols/src/rule-book.js';

const rule = <const Says extends string>(says: Says) =>
  ({ says, demand: 'Aftercare and reminders', facts: [], override: 'none' }) as const;

/** A chain's own words: which are used, and what is refused before they are. */
export const TEMPLATE_RULES = ruleBook({
  'template.choice': rule(
    'A message is written from the chain’s own template in the patient’s language, else from ours in it, else from the chain’s in its fallback language, else in English.',
  ),
  'template.left-aside': rule(
    'A chain’s own template that does not fit one message is left aside for ours, and nobody misses the message.',
  ),
  'template.kept': rule('The words of every message are kept by their hash for ever.'),
  'template.parts': rule('An e-mail has a subject; an SMS has a text and nothing else.'),
  'template.liquid': rule('A template is Liquid without files, clocks and chance.'),
  'template.known-values': rule('A template names only values and phrases that messages of its kind have.'),
  'template.phrase': rule('A phrase is ICU MessageFormat that writes no dates and times itself.'),
  'template.mjml': rule('The HTML of an e-mail is made of MJML that is valid and loses no condition.'),
  'template.fetches-nothing': rule('An e-mail fetches nothing and runs nothing when it is opened.'),
  'template.treatment-unnamed': rule('No subject and no SMS of a chain names a treatment, or a clinic that tells it.'),
  'template.sms-length': rule('An SMS comes to at most six segments.'),
  'template.says-it': rule('A template says what its kind of message is there to say, in plain text and in HTML.'),
  'template.number': rule('A chain has at most 500 templates of its own.'),
} satisfies Record<string, RuleEntry>);

export type TemplateRule = keyof typeof TEMPLATE_RULES;

/** What the check before a publication may find. */
export type TemplateFindingCode = Exclude<
  TemplateRule,
  'template.choice' | 'template.left-aside' | 'template.kept' | 'template.number'
>;
