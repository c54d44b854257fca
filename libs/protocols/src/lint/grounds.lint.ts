import { basisOf, coversFact } from '../evidence.rule.js';
import type { FactId } from '../facts.js';
import type { Protocol } from '../protocol.schema.js';
import type { Evidence, Grounds, RuleBasis } from '../rule.schema.js';
import { objectsIn } from './objects-in.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

/** Every rule cites what the evidence list holds, and its basis is what that list says of it. */
export function groundsFindings(protocol: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)].flatMap(([path, object]) =>
    'basis' in object && 'facts' in object ? groundsOf(protocol, path, object as unknown as Grounds) : [],
  );
}

function groundsOf({ evidence }: Protocol, path: string, { facts, basis, citations = [] }: Grounds): ProtocolFinding[] {
  const known = new Set(evidence.flatMap((entry) => (entry.kind === 'citation' ? [entry.id] : [])));
  const unknown = citations
    .filter((citation) => !known.has(citation))
    .map((citation) => finding('unknown-citation', path, `The evidence list holds no citation ${citation}.`));
  return basis === 'chain' ? unknown : [...unknown, ...publishedGrounds(evidence, path, facts, basis)];
}

function publishedGrounds(
  evidence: readonly Evidence[],
  path: string,
  facts: readonly FactId[],
  basis: RuleBasis,
): ProtocolFinding[] {
  if (facts.length === 0) {
    return [finding('rule-without-evidence', path, 'A rule that cites no published statement is the chain’s own.')];
  }
  const outside = facts.filter((fact) => !coversFact(evidence, fact));
  if (outside.length > 0) {
    return outside.map((fact) => finding('fact-outside-evidence', path, `The evidence list does not cover ${fact}.`));
  }
  const actual = basisOf(evidence, facts);
  return actual === basis
    ? []
    : [finding('basis-contradicts-evidence', path, `By the evidence list its basis is ${actual}, not ${basis}.`)];
}
