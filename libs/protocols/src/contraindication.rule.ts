import { assertNever } from '#libs/kernel/src/assert-never.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { FactId } from './facts.js';
import type { Protocol } from './protocol.schema.js';
import type { Trigger } from './screening.schema.js';

/** What a patient has answered, each entry one condition code, medicine or substance, or free text. */
export interface HealthAnswers {
  readonly conditions: readonly string[];
  readonly medications: readonly string[];
  readonly allergies: readonly string[];
}

export interface ContraindicationFinding {
  readonly code: string;
  readonly facts: readonly FactId[];
  readonly overridable: boolean;
  /** The answers that revealed it, as they were given. Personal data: for an answer or a box, never for a log. */
  readonly matched: readonly string[];
}

type Rules = Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>;

/**
 * The blocking contraindications in a patient's answers, for a product with these ingredients (S0-C1 to S0-C8): a
 * listed condition, a listed medicine (anticoagulants), an allergy to a whole ingredient, whatever the letter case.
 */
export function blockingFindings(
  protocol: Rules,
  answers: HealthAnswers,
  ingredients: readonly string[],
): ContraindicationFinding[] {
  return findings(protocol, answers, ingredients, true);
}

/**
 * What does not block but holds the next session for a physician's review: a condition or medicine that no list knows
 * (S4-C1), and an allergy to what an ingredient is made from (soy and phosphatidylcholine, S0-G1).
 */
export function reviewFindings(
  protocol: Rules,
  answers: HealthAnswers,
  ingredients: readonly string[],
): ContraindicationFinding[] {
  return [...findings(protocol, answers, ingredients, false), ...allergiesToOrigins(protocol, answers, ingredients)];
}

function findings(
  protocol: Rules,
  answers: HealthAnswers,
  ingredients: readonly string[],
  blocking: boolean,
): ContraindicationFinding[] {
  return protocol.screening.contraindications
    .filter((contraindication) => contraindication.blocking === blocking)
    .map(({ code, facts, overridable, trigger }) => ({
      code,
      facts,
      overridable,
      matched: matching(trigger, protocol, answers, ingredients),
    }))
    .filter(({ matched }) => matched.length > 0);
}

function matching(trigger: Trigger, protocol: Rules, answers: HealthAnswers, ingredients: readonly string[]): string[] {
  switch (trigger.kind) {
    case 'condition':
      return among(answers.conditions, [trigger.condition]);
    case 'medication':
      return among(answers.medications, trigger.names);
    case 'allergy-to-ingredient':
      return among(answers.allergies, ingredients);
    case 'unlisted': {
      const said = [...answers.conditions, ...answers.medications];
      return said.length === 0 ? [] : notAmong(said, [...listed(protocol), ...trigger.harmless]);
    }
    default:
      return assertNever(trigger, 'trigger');
  }
}

/** Every condition and medicine that another rule of the protocol deals with. */
function listed(protocol: Rules): string[] {
  const triggers = protocol.screening.contraindications.map(({ trigger }) => trigger);
  return [
    ...triggers.flatMap((trigger) => (trigger.kind === 'condition' ? [trigger.condition] : [])),
    ...triggers.flatMap((trigger) => (trigger.kind === 'medication' ? trigger.names : [])),
    ...protocol.preSession.precautions.flatMap(({ names }) => names),
  ];
}

function allergiesToOrigins(
  { ingredients: rule }: Rules,
  answers: HealthAnswers,
  ingredients: readonly string[],
): ContraindicationFinding[] {
  if (rule === null) return [];
  return rule.items
    .filter(({ name }) => among([name], ingredients).length > 0)
    .map(({ derivedFrom }) => among(answers.allergies, derivedFrom))
    .filter((matched) => matched.length > 0)
    .map((matched) => ({ code: 'allergy-to-origin', facts: rule.facts, overridable: true, matched }));
}

const given = (answers: readonly string[]): string[] => answers.filter((answer) => answer.trim() !== '');

function among(answers: readonly string[], names: readonly string[]): string[] {
  // Most patients have nothing to say, and courses are judged by the hundred thousand.
  if (answers.length === 0) return [];
  const folded = new Set(names.map(foldCase));
  return given(answers).filter((answer) => folded.has(foldCase(answer)));
}

function notAmong(answers: readonly string[], names: readonly string[]): string[] {
  const folded = new Set(names.map(foldCase));
  return given(answers).filter((answer) => !folded.has(foldCase(answer)));
}
