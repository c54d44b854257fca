import ts from 'typescript';

/**
 * @typedef {object} NamedTest
 * @property {string} file relative to the root, with `/`
 * @property {number} line counted from 1
 * @property {string[]} rules the ids in front of the title, `it('[lot.expired] [consent.missing] refuses …')`
 * @property {string} title what follows them
 */

/** @typedef {{ file: string, line: number, rule: string }} NamedRefusal a `rule: 'lot.expired'` in the code */

const tests = new Set(['it', 'test', 'describe', 'fit', 'ftest', 'fdescribe']);
/** What does not run shows nothing. */
const skipped = new Set(['skip', 'todo', 'failing']);

/**
 * The tests of a file whose titles begin with ids of rules, in their order. Skipped tests are left out, so that a rule
 * that only they name has no test.
 * @param {string} file
 * @param {string} source
 * @returns {NamedTest[]}
 */
export function testTitles(file, source) {
  const found = [];
  walk(file, source, (node, lineOf) => {
    if (!ts.isCallExpression(node) || !runsTest(node.expression)) return;
    const text = node.arguments[0] && literalStart(node.arguments[0]);
    const prefix = text === undefined ? '' : (/^(?:\s*\[[^\]]*\])+/.exec(text)?.[0] ?? '');
    if (prefix === '') return;
    const rules = [...prefix.matchAll(/\[([^\]]*)\]/g)].map(([, id]) => id.trim());
    found.push({ file, line: lineOf(node), rules, title: text.slice(prefix.length).trim() });
  });
  return found;
}

/**
 * The ids of rules that the code of a file refuses by: every `rule: '…'` that stands there as it is.
 * @param {string} file
 * @param {string} source
 * @returns {NamedRefusal[]}
 */
export function namedRefusals(file, source) {
  const found = [];
  walk(file, source, (node, lineOf) => {
    if (!ts.isPropertyAssignment(node) || !ts.isIdentifier(node.name) || node.name.text !== 'rule') return;
    if (ts.isStringLiteralLike(node.initializer)) {
      found.push({ file, line: lineOf(node), rule: node.initializer.text });
    }
  });
  return found;
}

function walk(file, source, look) {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, false, kind);
  const lineOf = (node) => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  const visit = (node) => {
    look(node, lineOf);
    ts.forEachChild(node, visit);
  };
  visit(tree);
}

/** `it`, `it.each([...])`, `describe.each\`...\`` and so on, down to the name that they begin with. */
function runsTest(callee) {
  let node = callee;
  for (;;) {
    if (ts.isIdentifier(node)) return tests.has(node.text);
    if (ts.isPropertyAccessExpression(node)) {
      if (skipped.has(node.name.text)) return false;
      node = node.expression;
    } else if (ts.isCallExpression(node)) node = node.expression;
    else if (ts.isTaggedTemplateExpression(node)) node = node.tag;
    else return false;
  }
}

/** The text of a title up to where something is filled in; undefined where it does not begin with a text. */
function literalStart(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text;
  if (ts.isBinaryExpression(node)) return literalStart(node.left);
  return undefined;
}
