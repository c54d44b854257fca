import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * Each refusal names the rule, its evidence, what was seen and what would be accepted. The compiler asks for it where a
 * refusal is typed as one; this looks at every place of the library in which a rule is named in an answer, typed or not.
 */

/** What an answer says of a rule. */
const SAID = ['facts', 'seen', 'accepted'] as const;

interface Said {
  readonly at: string;
  readonly rule: string;
  /** What is left out there. */
  readonly missing: readonly string[];
}

/** Every object of a source that names a rule and says something about it. */
function refusalsIn(file: string, source: string): Said[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Said[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const names = namesIn(node);
      if (names.has('rule') && names.has('message')) {
        const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
        const rule = node.properties.find((each) => each.name?.getText() === 'rule')?.getText() ?? 'rule';
        const missing = SAID.filter((name) => !names.has(name) && !names.has(SPREAD));
        found.push({ at: `${file}:${line + 1}`, rule, missing });
      }
    }
    ts.forEachChild(node, look);
  };
  look(tree);
  return found;
}

/** Stands for a spread of something whose type the compiler knows. */
const SPREAD = '...';

/** The names that an object gives, those of objects that are spread out in it included. */
function namesIn(node: ts.ObjectLiteralExpression): Set<string> {
  const names = new Set<string>();
  for (const property of node.properties) {
    if (!ts.isSpreadAssignment(property)) names.add(property.name.getText());
    else if (ts.isObjectLiteralExpression(property.expression))
      for (const name of namesIn(property.expression)) names.add(name);
    else if (!ts.isParenthesizedExpression(property.expression)) names.add(SPREAD);
  }
  return names;
}

const sources = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
);
const refusals = sources.flatMap((file) => refusalsIn(file, readFileSync(join(__dirname, file), 'utf8')));

it('names the rule, its evidence, what was seen and what would be accepted, wherever something is refused', () => {
  expect(refusals.length).toBeGreaterThan(80);
  expect(refusals.filter(({ missing }) => missing.length > 0)).toEqual([]);
});

it('finds a refusal that says too little', () => {
  const silent = "const field = { field: 'at', message: 'Too early.', rule: 'session.interval-short', facts: [] };";
  expect(refusalsIn('a.ts', silent)).toMatchObject([{ at: 'a.ts:1', missing: ['seen', 'accepted'] }]);
  const perhaps = "const field = { message: 'm', rule, facts, seen, ...(accepted && { accepted }) };";
  expect(refusalsIn('a.ts', perhaps)).toMatchObject([{ missing: ['accepted'] }]);
});
