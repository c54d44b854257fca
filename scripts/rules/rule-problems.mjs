/**
 * @typedef {import('../../libs/protocols/src/rule-book.js').RuleEntry} RuleEntry
 * @typedef {import('./protocol-uses.mjs').FactUses} FactUses
 * @typedef {import('./test-titles.mjs').NamedTest} NamedTest
 * @typedef {import('./test-titles.mjs').NamedRefusal} NamedRefusal
 */

/** @typedef {{ file: string, name: string, rules: Record<string, RuleEntry> }} RuleBook `name` is that of the export */

/**
 * @typedef {object} RuleMatter everything that rules, tests and published statements are checked by
 * @property {readonly string[]} demands the headings under which a rule may stand
 * @property {readonly RuleBook[]} books
 * @property {readonly NamedTest[]} tests
 * @property {readonly NamedRefusal[]} refusals
 * @property {readonly { id: string }[]} facts
 * @property {ReadonlyMap<string, FactUses>} uses what the built-in protocols use a statement for, by its id
 * @property {Readonly<Record<string, string>>} informativeTopics why statements under a topic rule nothing
 */

/**
 * Everything that is wrong with the rule book, each as one line that says what to do; none where all is well.
 * @param {RuleMatter} matter
 * @returns {string[]}
 */
export function ruleProblems(matter) {
  return [
    ...matter.books.flatMap((book) => bookProblems(book, matter)),
    ...twiceNamed(matter),
    ...untested(matter),
    ...unknownInTests(matter),
    ...unknownInCode(matter),
    ...matter.facts.flatMap(({ id }) => factProblems(id, matter)),
    ...staleTopics(matter),
  ];
}

/** The ids of the rules that rest on a statement. */
export const rulesOn = (fact, books) =>
  books.flatMap(({ rules }) => Object.keys(rules).filter((id) => rules[id].facts.includes(fact)));

function bookProblems({ file, rules }, { demands, facts }) {
  const known = new Set(facts.map(({ id }) => id));
  return Object.entries(rules).flatMap(([id, rule]) => [
    ...(demands.includes(rule.demand) ? [] : [`${file}: ${id} stands under '${rule.demand}', which is no heading.`]),
    ...rule.facts
      .filter((fact) => !known.has(fact))
      .map((fact) => `${file}: ${id} rests on ${fact}, which is no published statement.`),
  ]);
}

function twiceNamed({ books }) {
  /** @type {Map<string, string[]>} */
  const files = new Map();
  for (const { file, rules } of books) {
    for (const id of Object.keys(rules)) files.set(id, [...(files.get(id) ?? []), file]);
  }
  return [...files]
    .filter(([, places]) => places.length > 1)
    .map(([id, places]) => `${id} stands in more than one place: ${places.join(', ')}.`);
}

function untested({ books, tests }) {
  const tested = new Set(tests.flatMap(({ rules }) => rules));
  return books
    .map(({ file, rules }) => ({ file, ids: Object.keys(rules).filter((id) => !tested.has(id)) }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ file, ids }) => `${file}: no title of a test begins with [${ids.join('], [')}].`);
}

function unknownInTests({ books, tests }) {
  const known = idsIn(books);
  return tests.flatMap(({ file, line, rules }) =>
    rules
      .filter((id) => !known.has(id))
      .map((id) => `${file}:${line}: the test names '${id}', which no rule book has.`),
  );
}

function unknownInCode({ books, refusals }) {
  const known = idsIn(books);
  return refusals
    .filter(({ rule }) => !known.has(rule))
    .map(({ file, line, rule }) => `${file}:${line}: the code refuses by '${rule}', which no rule book has.`);
}

function factProblems(id, { books, uses, informativeTopics }) {
  const { protocolRules, topics } = uses.get(id) ?? { protocolRules: [], topics: [] };
  if (protocolRules.length > 0 || rulesOn(id, books).length > 0) return [];
  if (topics.length === 0) return [`${id} is used by no rule, and no built-in protocol names it for information.`];
  if (topics.some((topic) => topic in informativeTopics)) return [];
  return [`${id} only informs (${topics.join(', ')}), and informative-facts.ts does not say why.`];
}

function staleTopics({ uses, informativeTopics }) {
  const topics = new Set([...uses.values()].flatMap((each) => each.topics));
  return Object.keys(informativeTopics)
    .filter((topic) => !topics.has(topic))
    .map((topic) => `informative-facts.ts explains '${topic}', under which no built-in protocol names anything.`);
}

const idsIn = (books) => new Set(books.flatMap(({ rules }) => Object.keys(rules)));
