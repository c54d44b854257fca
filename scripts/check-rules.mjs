/**
 * Compares docs/rules.md with the rule books, the tests and the published statements as they are in the code today, and
 * complains about each rule that no test shows, each test and refusal that names an unknown rule, and each statement
 * that is used by nothing. Rule books are found by their names, `*.rule-book.ts`: there is no list to forget.
 *
 *     node scripts/check-rules.mjs [--write]
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './prebuilt.mjs';
import { factUses } from './rules/protocol-uses.mjs';
import { ruleProblems } from './rules/rule-problems.mjs';
import { rulesDocument, rulesModule } from './rules/rules-document.mjs';
import { namedRefusals, testTitles } from './rules/test-titles.mjs';
import { root } from './sources.mjs';

const isSpec = (file) => /\.(?:int-|contract-|e2e-)?spec\.tsx?$/.test(file);
const isRuleBook = (file) => file.endsWith('.rule-book.ts');
/** Where rules are enforced. The machinery below refuses by schemas and knows no rules. */
const isEnforcing = (file) =>
  /^libs\/(?:treatment|messaging|tasks|history-import)\/.*\.ts$/.test(file) && !isSpec(file);

await ensureBuilt(['server']);
const files = ['apps', 'libs', 'test'].flatMap((folder) => [...walk(join(root, folder))]).sort();
const { DEMANDS } = await built('libs/protocols/src/rule-book.ts');
const { FACTS } = await built('libs/protocols/src/facts.ts');
const { BUILT_IN_PROTOCOLS } = await built('libs/protocols/src/built-in-protocols.ts');
const { INFORMATIVE_TOPICS } = await built('libs/protocols/src/informative-facts.ts');
const empty = [];
const books = (await Promise.all(files.filter(isRuleBook).map(booksOf))).flat();

const matter = {
  demands: DEMANDS,
  books,
  tests: files.filter(isSpec).flatMap((file) => testTitles(file, text(file))),
  refusals: files.filter(isEnforcing).flatMap((file) => namedRefusals(file, text(file))),
  facts: FACTS,
  protocols: BUILT_IN_PROTOCOLS,
  uses: factUses(BUILT_IN_PROTOCOLS),
  informativeTopics: INFORMATIVE_TOPICS,
};
const problems = [...empty, ...ruleProblems(matter)];
const written = [
  { path: 'docs/rules.md', content: rulesDocument(matter) },
  { path: 'libs/composition/src/rule-books.ts', content: rulesModule(books) },
];

if (process.argv.includes('--write')) {
  for (const { path, content } of written) writeFileSync(join(root, path), content);
  if (problems.length > 0) console.error(`The check will complain:\n${lines(problems)}`);
} else {
  const stale = written.filter(({ path, content }) => !existsSync(join(root, path)) || text(path) !== content);
  const complaints = [...problems, ...stale.map(({ path }) => `${path} is out of date: run \`npm run rules\`.`)];
  if (complaints.length > 0) {
    console.error(lines(complaints));
    process.exitCode = 1;
  }
}

function lines(each) {
  return each.map((problem) => `  ${problem}`).join('\n');
}

function text(file) {
  return readFileSync(join(root, file), 'utf8');
}

/** What the build has made of a source. */
function built(file) {
  return import(pathToFileURL(join(root, 'dist', file.replace(/\.ts$/, '.js'))).href);
}

async function booksOf(file) {
  const found = Object.entries(await built(file))
    .filter(([, value]) => isBook(value))
    .map(([name, rules]) => ({ file, name, rules }));
  if (found.length === 0) empty.push(`${file} exports nothing that ruleBook() made.`);
  return found;
}

/** Constants like a list of codes may stand beside the rules. */
function isBook(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const entries = Object.values(value);
  return entries.length > 0 && entries.every((rule) => Array.isArray(rule?.facts) && typeof rule.says === 'string');
}

function* walk(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') yield* walk(path);
    } else yield relative(root, path).split(sep).join('/');
  }
}
