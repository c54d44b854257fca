import { basisOf } from '../evidence.rule.js';
import type { FactId } from '../facts.js';
import type { Citable, Evidence, Grounds } from '../rule.schema.js';

/** Gives a rule its grounds: the facts it rests on, and what they are to the protocol that cites them. */
export type From = (facts: FactId | readonly FactId[], note?: string) => Grounds;

export const rulesFrom =
  (evidence: readonly Evidence[]): From =>
  (facts, note) => {
    const cited = typeof facts === 'string' ? [facts] : [...facts];
    return { facts: cited, basis: basisOf(evidence, cited), ...(note === undefined ? {} : { note }) };
  };

/** The chain's own choice, with the reason; `facts` name the statements that it completes, if any. */
export const ours = (note: string, ...facts: readonly FactId[]): Grounds => ({
  facts: [...facts],
  basis: 'chain',
  note,
});

/** The evidence list of a built-in protocol: its own sources, then what it takes where those are silent. */
export const evidenceList = (cited: {
  readonly own: readonly Citable[];
  readonly general: readonly Citable[];
  readonly other: readonly Citable[];
}): Evidence[] =>
  (['own', 'general', 'other'] as const).flatMap((relation) =>
    cited[relation].map((cites) => ({ kind: 'published' as const, cites, relation })),
  );
