import { factById } from '#libs/protocols/src/facts.js';
import { DEMANDS, type RuleEntry } from '#libs/protocols/src/rule-book.js';
import type { RuleView } from './rules.contract.js';

/** The rules of all slices, in the order of the headings and, under each, of the rule books. */
export class RuleCatalogue {
  readonly rules: readonly RuleView[];

  constructor(books: readonly Readonly<Record<string, RuleEntry>>[]) {
    const all = books.flatMap((book) => Object.entries(book));
    this.rules = DEMANDS.flatMap((demand) => all.filter(([, rule]) => rule.demand === demand)).map(([id, rule]) => ({
      ...{ id, says: rule.says, demand: rule.demand, override: rule.override },
      facts: rule.facts.map((fact) => ({ ...factById(fact) })),
    }));
  }
}
