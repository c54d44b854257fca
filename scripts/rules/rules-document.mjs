import { phrase, protocolRules, words } from './protocol-uses.mjs';
import { rulesOn } from './rule-problems.mjs';

/** @typedef {import('./rule-problems.mjs').RuleMatter} RuleMatter */

/** What a statement says fits a cell of a table; the whole of it stands in the table of statements. */
const briefCharactersMax = 70;

const overrides = {
  none: 'nobody',
  anyone: 'whoever decides, with a reason',
  physician: 'a physician, with a reason',
};
const bases = { 'own-source': 'own source', general: 'general', 'other-source': 'another source', chain: 'ours' };

/**
 * docs/rules.md: every rule with its evidence and its tests, every rule of the built-in protocols, and every published
 * statement with what rests on it.
 * @param {RuleMatter & { protocols: readonly { code: string }[] }} matter
 * @returns {string}
 */
export function rulesDocument(matter) {
  const { books, demands, protocols, facts } = matter;
  const count = books.reduce((sum, { rules }) => sum + Object.keys(rules).length, 0);
  const named = new Set(matter.tests.flatMap(({ file, line }) => `${file}:${line}`)).size;
  return [
    '# Rules',
    '',
    'Written by `npm run rules` from the rule books in the code; do not edit it. `npm run check` fails when it is out of',
    'date, when a rule has no test, when a test or a refusal names a rule that does not exist, and when a published statement',
    'is used by nothing.',
    '',
    `${count} rules, ${named} tests that name them, ${facts.length} published statements, ${protocols.length} built-in protocols.`,
    '',
    'A command that a rule refuses is answered with HTTP 422, with 400 where it cannot be understood at all, and with 409 where',
    'something else was recorded before. Each of its `fields` names the rule by its id, the statements it rests on, what was',
    'seen, what would be accepted and who may override it. `GET /v1/rules` answers the rules, `GET /v1/facts` the statements.',
    'A rule without evidence is law, good practice or the chain’s own choice.',
    '',
    ...demands.flatMap((demand) => demandSection(demand, matter)),
    '## The built-in protocols',
    '',
    'What the protocols state, by where it stands in their data. Their values are held to the published descriptions by the',
    'tests of `built-in.as-published`; the rules above judge by them. A chain copies a protocol and changes what it likes.',
    '',
    ...protocolTable(protocols),
    '',
    '## The published statements',
    '',
    'What the five descriptions state, and what rests on it.',
    '',
    ...factTable(matter),
    '',
  ].join('\n');
}

/**
 * The module that gathers the rule books, so that `GET /v1/rules` can answer them.
 * @param {readonly import('./rule-problems.mjs').RuleBook[]} books
 */
export function rulesModule(books) {
  const imports = books.map(({ file, name }) => ({ name, from: `#${file.replace(/\.ts$/, '.js')}` }));
  return [
    "import type { RuleEntry } from '#libs/protocols/src/rule-book.js';",
    ...imports.map(({ name, from }) => oneOrMoreLines(`import {`, ` ${name} `, `} from '${from}';`)),
    '',
    '/** Every rule book of the record. Written by `npm run rules`; do not edit it. */',
    'export const RULE_BOOKS: readonly Readonly<Record<string, RuleEntry>>[] = [',
    ...imports.map(({ name }) => `  ${name},`),
    '];',
    '',
  ].join('\n');
}

/** As the formatter writes it. */
function oneOrMoreLines(start, middle, end) {
  const line = `${start}${middle}${end}`;
  return line.length <= 120 ? line : `${start}\n  ${middle.trim()},\n${end}`;
}

function demandSection(demand, matter) {
  const rules = matter.books.flatMap(({ rules }) => Object.entries(rules).filter(([, rule]) => rule.demand === demand));
  if (rules.length === 0) return [];
  return [
    `## ${demand}`,
    '',
    ...table(
      ['rule', 'what it says', 'evidence', 'who may override it', 'tests'],
      rules.map(([id, rule]) => [
        `\`${id}\``,
        rule.says,
        rule.facts.map((fact) => `${fact} ${brief(matter.facts.find((each) => each.id === fact))}`).join('<br>'),
        overrides[rule.override],
        testsOf(id, matter.tests),
      ]),
    ),
    '',
  ];
}

/** Titles under the file that they stand in, without lines, which would move with every edit. */
function testsOf(id, tests) {
  const own = tests.filter(({ rules }) => rules.includes(id));
  if (own.length === 0) return '**none**';
  const files = [...new Set(own.map(({ file }) => file))];
  return files
    .map((file) => {
      const titles = [...new Set(own.filter((test) => test.file === file).map(({ title }) => title))];
      return `[${file.slice(file.lastIndexOf('/') + 1)}](../${file}): ${titles.map((title) => `“${title}”`).join(', ')}`;
    })
    .join('<br>');
}

function protocolTable(protocols) {
  const rows = new Map();
  for (const rule of protocols.flatMap(protocolRules)) {
    const key = JSON.stringify([rule.path, rule.content, rule.facts]);
    const row = rows.get(key) ?? rows.set(key, { ...rule, users: [] }).get(key);
    row.users.push({ protocol: rule.protocol, basis: rule.basis });
  }
  const inOrder = [...rows.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return table(
    ['rule', 'content', 'evidence', 'protocols, and what the evidence is to them'],
    inOrder.map(({ path, content, facts, users }) => [
      `\`${path}\``,
      content,
      facts.join(' '),
      [...new Set(users.map(({ basis }) => basis))]
        .map(
          (basis) =>
            `${bases[basis]}: ${protocolsOf(
              users.filter((user) => user.basis === basis),
              protocols,
            )}`,
        )
        .join('<br>'),
    ]),
  );
}

const protocolsOf = (users, protocols) =>
  users.length === protocols.length ? 'all' : users.map(({ protocol }) => protocol).join(', ');

function factTable({ facts, books, uses, protocols, informativeTopics }) {
  return table(
    ['statement', 'what it states', 'rules', 'in the built-in protocols', 'informs only, because'],
    facts.map((fact) => {
      const rules = rulesOn(fact.id, books);
      const { protocolRules: used, topics } = uses.get(fact.id) ?? { protocolRules: [], topics: [] };
      const paths = [...new Set(used.map(({ path }) => path))];
      const informs = rules.length === 0 && used.length === 0;
      return [
        fact.id,
        whole(fact),
        rules.map((id) => `\`${id}\``).join('<br>'),
        paths
          .map((path) => {
            const users = [...new Set(used.filter((each) => each.path === path).map(({ protocol }) => protocol))];
            return `\`${path}\` (${users.length === protocols.length ? 'all' : users.join(', ')})`;
          })
          .join('<br>'),
        informs
          ? topics
              .filter((topic) => topic in informativeTopics)
              .map((topic) => informativeTopics[topic])
              .join(' ')
          : '',
      ];
    }),
  );
}

function whole({ id: _, kind, value, ...rest }) {
  const said = value === undefined ? rest : { value, ...rest };
  return `${kind}: ${Object.entries(said)
    .map(([key, each]) => (key === 'value' ? phrase(each) : `${words(key)} ${phrase(each)}`))
    .join('; ')}`;
}

function brief(fact) {
  if (fact === undefined) return '';
  const text = whole(fact);
  return text.length <= briefCharactersMax ? text : `${text.slice(0, text.lastIndexOf(' ', briefCharactersMax))} …`;
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);

/** A `<` of a title or a text is none of the page's. */
const cell = (text) =>
  text
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replace(/<(?!br>)/g, '&lt;');
