import { foldCase } from '#libs/kernel/src/case-fold.js';
import { blockingFindings, type HealthAnswers, reviewFindings } from '#libs/protocols/src/contraindication.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';

/** What the health record said of the person up to a position of the log, on the day in question. */
export type HealthKnownAt = (position: number) => HealthAnswers | 'erased';

type Rules = Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>;

/**
 * Whether more is known under the code of a contraindication than was known before: another medicine, another condition.
 * A physician who accepted warfarin has not accepted rivaroxaban.
 */
export function saysMore(
  protocol: Rules,
  code: string,
  { now, then }: { readonly now: HealthAnswers; readonly then: HealthAnswers },
  ingredients: readonly string[],
): boolean {
  const known = new Set(matterOf(protocol, code, then, ingredients));
  return matterOf(protocol, code, now, ingredients).some((each) => !known.has(each));
}

/** The answers that reveal a contraindication, blocking or for a review. */
const matterOf = (protocol: Rules, code: string, answers: HealthAnswers, ingredients: readonly string[]): string[] =>
  [...blockingFindings(protocol, answers, ingredients), ...reviewFindings(protocol, answers, ingredients)].flatMap(
    (finding) => (finding.code === code ? finding.matched.map(foldCase) : []),
  );
