import { type RuleEntry, ruleBook } from '#libs/protocols/src/rule-book.js';

const rule = <const Says extends string>(says: Says, facts: RuleEntry['facts'] = []) =>
  ({ says, demand: 'Who may do what', facts, override: 'none' }) as const;

/** What may be signed, by whom, and when. */
export const SIGNATURE_RULES = ruleBook({
  'signature.meaning': rule(
    'An entry is signed for what it is: a consent, an override, a closure, a review, or as its author.',
  ),
  'signature.by-physician': rule('Overrides, reviews and the closure of an adverse event are signed by a physician.'),
  'signature.fresh': rule('Whoever signs has proved who they are within the five minutes before.'),
  'signature.by-passkey': rule(
    'Where people sign in with passkeys, the passkey of whoever signs signs the very entry and its meaning.',
  ),
  'signature.by-person': rule('People sign; machines do not.'),
  'signature.own-record': rule('A signature stands under an entry of the record of the patient that it names.'),
});
