import { sourceOf, type FactId } from './facts.js';
import type { Citable, Evidence, RuleBasis } from './rule.schema.js';

type Relation = Extract<Evidence, { kind: 'published' }>['relation'];

/** The order of precedence: the protocol's own source; else the general description; else the one that states it. */
const PRECEDENCE: readonly (readonly [Relation, RuleBasis])[] = [
  ['own', 'own-source'],
  ['general', 'general'],
  ['other', 'other-source'],
];

/** Whether an evidence list names the statement, or the whole description that it stands in. */
export const coversFact = (evidence: readonly Evidence[], fact: FactId): boolean =>
  PRECEDENCE.some(([relation]) => isCited(evidence, relation, fact));

/** What a rule that rests on these facts is to a protocol with this evidence; the strongest of them counts. */
export function basisOf(evidence: readonly Evidence[], facts: readonly FactId[]): RuleBasis {
  const found = PRECEDENCE.find(([relation]) => facts.some((fact) => isCited(evidence, relation, fact)));
  return found?.[1] ?? 'chain';
}

function isCited(evidence: readonly Evidence[], relation: Relation, fact: FactId): boolean {
  const names: readonly Citable[] = [fact, sourceOf(fact)];
  return evidence.some(
    (entry) => entry.kind === 'published' && entry.relation === relation && names.includes(entry.cites),
  );
}
