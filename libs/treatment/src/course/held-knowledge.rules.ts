import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { HealthFactKind } from '../patient/patient.events.js';

/** Something that the pre-treatment check says of the patient, in the words of the health record. */
export interface HeldKnowledge {
  readonly kind: HealthFactKind;
  readonly statement: string;
}

/**
 * What positive answers of the pre-treatment check say of the patient beyond the session, for the patient's own record: so
 * it holds in all courses of the person, whatever becomes of the session. A condition of the health questionnaire is one;
 * whatever else has no override is told as well (S0-C1, S0-C5): an allergy by the substances, which are those that are
 * planned where nobody named any; what no list knows in the code of the question, so that a physician looks at it.
 * @param planned ingredients of what the session is planned with
 * @param known what the record says already
 */
export function knowledgeOfCheck(
  { screening, preSession }: Pick<Protocol, 'screening' | 'preSession'>,
  {
    positive,
    substances,
  }: { readonly positive: readonly string[]; readonly substances?: readonly string[] | undefined },
  planned: readonly string[],
  known: HealthAnswers,
): HeldKnowledge[] {
  const conditions = new Set(
    screening.contraindications.flatMap(({ trigger }) => (trigger.kind === 'condition' ? [trigger.condition] : [])),
  );
  // The question and the contraindication rest on the same statement.
  const ofAllergy = new Set<string>(
    screening.contraindications.flatMap(({ trigger, facts }) =>
      trigger.kind === 'allergy-to-ingredient' ? facts : [],
    ),
  );
  const absolute = preSession.checks.filter(({ code, overridable }) => !overridable && positive.includes(code));
  const named = absolute.filter(({ code }) => !conditions.has(code));
  const isAllergy = ({ code, facts }: (typeof named)[number]) =>
    code.startsWith('allergy') || facts.some((fact) => ofAllergy.has(fact));
  const allergies = substances ?? (named.some(isAllergy) ? planned : []);
  const untold = named.filter((check) => !isAllergy(check) || allergies.length === 0);
  return [
    ...positive.filter((code) => conditions.has(code)).map(of('condition')),
    ...allergies.map(of('allergy')),
    ...untold.map(({ code }) => code).map(of('condition')),
  ].filter(({ kind, statement }) => !(kind === 'allergy' ? known.allergies : known.conditions).includes(statement));
}

const of =
  (kind: HealthFactKind) =>
  (statement: string): HeldKnowledge => ({ kind, statement });
