import type { ProtocolFindingCode } from '#libs/protocols/src/lint/protocol-finding.js';
import { type RuleEntry, ruleBook } from '#libs/protocols/src/rule-book.js';

const rule = <const Says extends string>(says: Says, ...facts: RuleEntry['facts']) =>
  ({ says, demand: 'Protocols', facts, override: 'none' }) as const;

/** The way of a protocol from a draft to its retirement. */
const LIFECYCLE = {
  'protocol.draft-anything': rule('A draft may hold anything; what is to be mended is told before it is published.'),
  'protocol.draft-closed': rule('A draft that was published or discarded does not change any more.'),
  'protocol.procedure': rule(
    'A protocol that was copied under another code is for the same procedure, and says so: the days between sessions count over all courses of a procedure.',
  ),
  'protocol.draft-copy': rule(
    'A draft begins new, or as a copy of any published version, built-in or the chain’s own.',
  ),
  'protocol.code-reserved': rule('A protocol is not named with a word of the addresses under which protocols stand.'),
  'protocol.published-in-order': rule('A draft becomes the version after the last one; numbers are never given again.'),
  'protocol.published-once': rule(
    'What the newest version says already adds no version, however often it is published.',
  ),
  'protocol.immutable': rule('A version that was published never changes.'),
  'protocol.built-in-kept': rule(
    'Version 1 of a built-in protocol stays; the chain’s next version of its code stands beside it.',
  ),
  'protocol.published-then': rule(
    'A course that is entered late is planned with the version that was published by then and not retired by then; a built-in version has been there from the beginning.',
  ),
  'protocol.retired': rule(
    'No new course is planned with a retired version; a course keeps the one it was planned with.',
  ),
} satisfies Record<string, RuleEntry>;

/** What the linter refuses in a draft that is to be published: one rule for each code of its findings. */
const LINTER = {
  'protocol.schema': rule('A protocol has all the parts of a protocol and no others.'),
  'protocol.list-too-long': rule('No list of a protocol has more than 500 entries.'),
  'protocol.other-code': rule('A draft is published under the code that it was begun for.'),
  'protocol.unknown-fact': rule('A rule cites statements that were published.'),
  'protocol.unknown-citation': rule('A rule cites the chain’s own evidence by an id that the evidence list holds.'),
  'protocol.rule-without-evidence': rule('A rule that is said to be a source’s cites what the source states.'),
  'protocol.fact-outside-evidence': rule('A rule cites statements of descriptions that the evidence list names.'),
  'protocol.basis-contradicts-evidence': rule(
    'What a rule rests on is what the evidence list makes of its statements.',
  ),
  'protocol.missing-language': rule('Every text stands in every language of the protocol.'),
  'protocol.undeclared-language': rule('No text stands in a language that the protocol does not have.'),
  'protocol.duplicate-id': rule('What names a thing in a list names it once.'),
  'protocol.range-reversed': rule('A range does not end before it begins.'),
  'protocol.duration-too-long': rule('No duration of a protocol is longer than a hundred years.'),
  'protocol.duration-zero': rule('What lasts, waits or goes ahead does so for some time.'),
  'protocol.missing-contraindication': rule(
    'The questionnaire asks for every published contraindication, and for what no list knows.',
    ...(['S0-C1', 'S0-C2', 'S0-C3', 'S0-C4', 'S0-C5', 'S0-C6', 'S0-C7', 'S0-C8', 'S4-C1'] as const),
  ),
  'protocol.missing-check': rule(
    'Just before a session it is asked for aspirin, a new medicine and pregnancy.',
    ...(['S0-P1', 'S4-C1', 'S0-C1'] as const),
  ),
  'protocol.override-forbidden': rule(
    'Pregnancy and an allergy to a planned substance have no override in any protocol.',
    ...(['S0-C1', 'S0-C5'] as const),
  ),
  'protocol.must-block': rule(
    'Pregnancy and an allergy to a planned substance block the treatment in every protocol.',
    ...(['S0-C1', 'S0-C5'] as const),
  ),
  'protocol.unlisted-blocks': rule(
    'What no list knows holds the next session for a review and does not block it.',
    'S4-C1',
  ),
  'protocol.harmless-and-listed': rule(
    'What one rule of a protocol is about is not called harmless by another.',
    'S4-C1',
  ),
  'protocol.duplicate-trigger': rule('One answer of a patient stands for one contraindication.'),
  'protocol.permission-inside-restriction': rule(
    'Nothing is permitted while another line, or the preparation of the next session, forbids it.',
  ),
  'protocol.avoid-and-do': rule('No line asks for what another line asks to leave off.'),
  'protocol.text-names-treatment': rule('No text that goes by SMS names the treatment.'),
  'protocol.missing-all-clear-text': rule('A restriction that ends has words for the all-clear.'),
  'protocol.lapse-inside-interval': rule('A course is not given up before its next session is late.'),
  'protocol.check-up-outside-series': rule('A check-up falls inside the series that it looks at.', 'S3-F1'),
  'protocol.reaction-without-days': rule(
    'A reaction is expected for some days, so that one that lasts is seen.',
    'S4-R1',
  ),
  'protocol.reaction-and-adverse-event': rule(
    'What is expected and passes is no adverse event, and the other way round.',
    ...(['S4-R1', 'S4-R2'] as const),
  ),
  'protocol.window-closes-before-it-opens': rule(
    'A maintenance window does not close before it opens, in any month.',
    'S1-M2',
  ),
  'protocol.unknown-precaution': rule('A notice is about a precaution that the protocol has.'),
  'protocol.notice-too-late': rule('A precaution is told by the day from which it is to be kept.', 'S0-P1'),
  'protocol.message-without-cause': rule('A message tells of something that the protocol has.'),
  'protocol.message-outside-series': rule('A check-in comes before the next session.', 'S4-R1'),
  'protocol.useful-too-long': rule('A message goes out before what it announces is over.'),
} satisfies Record<`protocol.${ProtocolFindingCode}`, RuleEntry>;

/** Protocols as data: how they come to be, and what no protocol may say. */
export const PROTOCOL_LIFECYCLE_RULES = ruleBook({ ...LIFECYCLE, ...LINTER });
