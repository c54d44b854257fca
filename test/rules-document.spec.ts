import { FACTS } from '#libs/protocols/src/facts.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import { INFORMATIVE_TOPICS } from '#libs/protocols/src/informative-facts.js';
import { DEMANDS, type RuleEntry } from '#libs/protocols/src/rule-book.js';
import { factUses, protocolRules } from '../scripts/rules/protocol-uses.mjs';
import { type RuleMatter, ruleProblems } from '../scripts/rules/rule-problems.mjs';
import { rulesDocument, rulesModule } from '../scripts/rules/rules-document.mjs';
import { namedRefusals, testTitles } from '../scripts/rules/test-titles.mjs';

/** It rests on what no built-in protocol rules by. */
const expired: RuleEntry = {
  says: 'An expired lot is not used.',
  demand: 'Lots',
  facts: ['S2-Q1', 'S2-M1'],
  override: 'none',
};
const early: RuleEntry = {
  says: 'Sessions keep their distance.',
  demand: 'Session',
  facts: ['S1-N1'],
  override: 'anyone',
};
const shown = (...rules: string[]) => ({ file: 'libs/a/src/lot.spec.ts', line: 7, rules, title: 'refuses a session' });

/** Two rules with their tests, and all published statements: nothing is wrong. */
function matter(changes: Partial<RuleMatter> = {}): RuleMatter {
  return {
    demands: DEMANDS,
    books: [
      {
        file: 'libs/a/src/lot.rule-book.ts',
        name: 'LOT_RULES',
        rules: { 'lot.expired': expired, 'session.early': early },
      },
    ],
    tests: [shown('lot.expired', 'session.early')],
    refusals: [{ file: 'libs/a/src/lot.decider.ts', line: 3, rule: 'lot.expired' }],
    facts: FACTS,
    uses: factUses(BUILT_IN_PROTOCOLS),
    informativeTopics: INFORMATIVE_TOPICS,
    ...changes,
  };
}

describe('the check of the rules', () => {
  it('has nothing to say where every rule has a test and every statement is used or explained', () => {
    expect(ruleProblems(matter())).toEqual([]);
  });

  it('fails for a rule without a test', () => {
    expect(ruleProblems(matter({ tests: [shown('session.early')] }))).toEqual([
      'libs/a/src/lot.rule-book.ts: no title of a test begins with [lot.expired].',
    ]);
  });

  it('fails for a test that names an unknown rule', () => {
    expect(ruleProblems(matter({ tests: [...matter().tests, shown('lot.expird')] }))).toEqual([
      "libs/a/src/lot.spec.ts:7: the test names 'lot.expird', which no rule book has.",
    ]);
  });

  it('fails for a refusal by an unknown rule', () => {
    const refusals = [{ file: 'libs/a/src/lot.decider.ts', line: 3, rule: 'lot.old' }];
    expect(ruleProblems(matter({ refusals }))).toEqual([
      "libs/a/src/lot.decider.ts:3: the code refuses by 'lot.old', which no rule book has.",
    ]);
  });

  it('fails for a rule that stands in two books', () => {
    const [book] = matter().books;
    const other = { file: 'libs/b/src/b.rule-book.ts', name: 'B_RULES', rules: { 'lot.expired': expired } };
    expect(ruleProblems(matter({ books: [book as NonNullable<typeof book>, other] }))).toEqual([
      'lot.expired stands in more than one place: libs/a/src/lot.rule-book.ts, libs/b/src/b.rule-book.ts.',
    ]);
  });

  it('fails for a statement that nothing uses', () => {
    expect(ruleProblems(matter({ facts: [...FACTS, { id: 'S9-X1' }] }))).toEqual([
      'S9-X1 is used by no rule, and no built-in protocol names it for information.',
    ]);
  });

  it('fails for a statement that only informs, without a reason', () => {
    const { dose: _, ...others } = INFORMATIVE_TOPICS;
    expect(ruleProblems(matter({ informativeTopics: others }))).toEqual([
      'S3-Q1 only informs (dose), and informative-facts.ts does not say why.',
    ]);
  });

  it('fails for a reason that explains nothing', () => {
    expect(ruleProblems(matter({ informativeTopics: { ...INFORMATIVE_TOPICS, weather: 'It rains.' } }))).toEqual([
      "informative-facts.ts explains 'weather', under which no built-in protocol names anything.",
    ]);
  });

  it('fails for a rule under an unknown heading, or on an unknown statement', () => {
    const rules = { 'lot.expired': { ...expired, demand: 'Lot', facts: ['S9-X1'] } as unknown as RuleEntry };
    const problems = ruleProblems(
      matter({
        books: [{ file: 'lot.rule-book.ts', name: 'LOT_RULES', rules }],
        tests: [shown('lot.expired')],
        facts: [{ id: 'S1-N1' }],
      }),
    );
    expect(problems).toEqual([
      "lot.rule-book.ts: lot.expired stands under 'Lot', which is no heading.",
      'lot.rule-book.ts: lot.expired rests on S9-X1, which is no published statement.',
    ]);
  });
});

describe('the titles of tests', () => {
  const rulesIn = (source: string) => testTitles('a.spec.ts', source).map(({ rules, title }) => [...rules, title]);

  it('are found in plain, repeated and nested tests', () => {
    const source = `
      describe('lots', () => {
        it('[lot.expired] refuses an expired lot', () => {});
        it.each<[string, number]>([['[not.this]', 1]])('[lot.expired] [lot.recalled] of %s', () => {});
        it.each\`a\`("[lot.scan] reads $a", () => {});
        test(\`[lot.gtin] takes \${many} digits\`, () => {});
        describe.each(codes)('[lot.waste] of %s', (code) => {});
        it('[lot.vial] is ' + 'long', () => {});
        it('is about no rule [lot.expired]', () => {});
      });`;
    expect(rulesIn(source)).toEqual([
      ['lot.expired', 'refuses an expired lot'],
      ['lot.expired', 'lot.recalled', 'of %s'],
      ['lot.scan', 'reads $a'],
      ['lot.gtin', 'takes'],
      ['lot.waste', 'of %s'],
      ['lot.vial', 'is'],
    ]);
  });

  it('are not found in what is skipped, commented out or only a text', () => {
    const source = `
      it.skip('[lot.expired] refuses', () => {});
      it.todo('[lot.expired] refuses');
      xit('[lot.expired] refuses', () => {});
      // it('[lot.expired] refuses', () => {});
      const text = "it('[lot.expired] refuses')";`;
    expect(rulesIn(source)).toEqual([]);
  });

  it('come with the file and the line, also from files with JSX', () => {
    expect(testTitles('a.spec.tsx', "\nit('[lot.a] b', () => void <p>it</p>);")).toEqual([
      { file: 'a.spec.tsx', line: 2, rules: ['lot.a'], title: 'b' },
    ]);
  });

  it('are set against the rules that code refuses by', () => {
    const source = "throw new Refused([{ field: 'at',\n rule: 'lot.expired' }, { rule: deviation }]);";
    expect(namedRefusals('a.ts', source)).toEqual([{ file: 'a.ts', line: 2, rule: 'lot.expired' }]);
  });
});

describe('what protocols use statements for', () => {
  it('is told by where the rule stands, apart from what only informs', () => {
    const uses = factUses(BUILT_IN_PROTOCOLS);
    expect(uses.get('S1-N1')?.protocolRules.map(({ protocol, path, content }) => [protocol, path, content])).toEqual([
      ['facial', 'sessions', '4 to 5'],
      ['facial', 'intervalDays', '14'],
    ]);
    expect(uses.get('S1-M1')?.protocolRules).toMatchObject([
      { path: 'maintenance.repeatCourse', content: 'opens P3M, closes P6M' },
    ]);
    expect(uses.get('S2-B1')).toEqual({ protocolRules: [], topics: ['reference-material'] });
  });

  it('leaves out no rule', () => {
    const [facial] = BUILT_IN_PROTOCOLS;
    const grounds = JSON.stringify({ ...facial, information: [] }).match(/"basis":/g);
    expect(protocolRules(facial).length).toBe(grounds?.length);
  });
});

describe('the document', () => {
  const text = rulesDocument({ ...matter(), protocols: BUILT_IN_PROTOCOLS });
  const row = (start: string) => text.split('\n').find((line) => line.startsWith(start));

  it('has a row for each rule, with its evidence and its tests', () => {
    expect(row('| `session.early`')).toBe(
      '| `session.early` | Sessions keep their distance. | S1-N1 series: applies to facial; sessions 4 to 5; interval days 14; adjusted … | whoever decides, with a reason | [lot.spec.ts](../libs/a/src/lot.spec.ts): “refuses a session” |',
    );
  });

  it('has a row for each statement: what rests on it, or why it only informs', () => {
    expect(row('| S1-N1 ')).toContain('| `session.early` | `sessions` (facial)<br>`intervalDays` (facial) |  |');
    expect(row('| S2-B1 ')).toContain(INFORMATIVE_TOPICS['reference-material']);
  });

  it('has a row for each rule of the built-in protocols', () => {
    expect(text).toContain('| `durationMinutes` | 30 to 60 | S4-U1 | another source: facial');
  });

  it('comes with a module that imports every book', () => {
    expect(rulesModule(matter().books)).toContain("import { LOT_RULES } from '#libs/a/src/lot.rule-book.js';");
  });
});
