import { type RuleEntry, ruleBook } from '#libs/protocols/src/rule-book.js';

const rule = <const Says extends string>(says: Says) =>
  ({ says, demand: 'Inspection', facts: [], override: 'none' }) as const;

/** When a person may be erased, who decides it, and what an erasure does. */
export const ERASURE_RULES = ruleBook({
  'erasure.two-people': rule(
    'Two people decide an erasure: one asks for it with a reason, and somebody else confirms it.',
  ),
  'erasure.legal-hold': rule('Nobody is erased while a legal hold stands on any of their registrations.'),
  'erasure.retention': rule(
    'Nobody is erased before the time has passed for which the law of a site’s country wants the record kept; whoever was never seen may be erased at once.',
  ),
  'erasure.minors': rule(
    'The record of whoever was under age when seen is kept until some years after they come of age.',
  ),
  'erasure.registrations': rule(
    'A person is erased under every registration that is linked, each by an event of its own.',
  ),
  'erasure.once': rule('An erasure is asked for once at a time, and what was erased is not erased again.'),
  'erasure.at-once': rule(
    'From the moment of an erasure nothing of the person is read, found or sent: not in lists, messages, the outbox or by a code.',
  ),
  'erasure.final': rule(
    'An erasure is final when the key that wrapped the person’s keys is destroyed, and everybody else’s keys are wrapped anew.',
  ),
  'erasure.accounts': rule(
    'Whoever signs in as a patient who was erased, and as nobody else, loses the name and every way to sign in with them; from everybody else the erasure takes the role of that patient alone.',
  ),
  'erasure.restored': rule('A person who was erased is erased again before a restored backup serves anybody.'),
  'erasure.history-stays': rule(
    'The history of somebody who was erased stays, with codes, dates and lots, and says nobody’s name.',
  ),
  'erasure.proposed': rule(
    'Whose record need not be kept any more is proposed for erasure; nobody is erased by themselves.',
  ),
} satisfies Record<string, RuleEntry>);
