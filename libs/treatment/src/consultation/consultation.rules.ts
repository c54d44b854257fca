import { isErased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { addDateDuration } from '#libs/kernel/src/local-date.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  blockingFindings,
  type ContraindicationFinding,
  type HealthAnswers,
  reviewFindings,
} from '#libs/protocols/src/contraindication.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { Contraindication } from '#libs/protocols/src/screening.schema.js';
import { consultationField } from './consultation.errors.js';
import type { QuestionnaireAnswer } from './consultation.events.js';
import type {
  ConsultationState,
  ContraindicationOverride,
  HeldConsultation,
  TestResult,
} from './consultation.state.js';
import { type HealthKnownAt, saysMore } from './override.rules.js';

/** The parts of a protocol by which a consultation is judged. */
export type ScreeningRules = Pick<
  Protocol,
  'code' | 'procedure' | 'screening' | 'preSession' | 'ingredients' | 'consultation' | 'testsFirst'
>;

/** A blocking contraindication, from an answer or from the health record. */
export interface StandingContraindication extends ContraindicationFinding {
  /** Where it comes from; `unknown`: the patient does not know, so that it may or may not be so. */
  readonly source: 'answer' | 'health-record' | 'unknown';
}

/**
 * The last day on which the findings of a cleared consultation hold; null where they hold until something new is known.
 * @returns undefined for a consultation that is not cleared
 */
export function screeningValidUntil(
  consultation: ConsultationState,
  protocol: Pick<Protocol, 'screening'>,
): LocalDate | null | undefined {
  if (consultation.status === 'none' || consultation.conclusion?.outcome !== 'cleared') return undefined;
  const { concludedOn } = consultation;
  const { lasts } = protocol.screening.validity;
  if (concludedOn === undefined) return undefined;
  return lasts === null ? null : addDateDuration(concludedOn, lasts);
}

/**
 * Whether a consultation was cleared and its findings hold on a day at its site, the first and the last day included. An
 * answer that was corrected to a blocking one afterwards ends it, and so does a result of a test that was corrected to one
 * that would not have allowed it (S3-L1); old histories, which have neither, are not judged by them. What the health record says is judged apart, by whoever asks.
 */
export function screeningValidOn(
  consultation: ConsultationState,
  protocol: Pick<Protocol, 'screening' | 'preSession' | 'ingredients' | 'testsFirst'>,
  on: LocalDate,
): boolean {
  const until = screeningValidUntil(consultation, protocol);
  if (until === undefined || consultation.status === 'none') return false;
  const hasBegun = consultation.concludedOn !== undefined && consultation.concludedOn <= on;
  if (!hasBegun || (until !== null && on > until)) return false;
  const isAllowed = ({ code }: { readonly code: string }) => latestResult(consultation, code)?.acceptable !== false;
  return (
    protocol.testsFirst.every(isAllowed) &&
    standingContraindications(consultation, protocol, NOTHING_KNOWN).length === 0
  );
}

export const NOTHING_KNOWN: HealthAnswers = { conditions: [], medications: [], allergies: [] };

/** What two sources know of a person's health, each thing once. */
export const united = (a: HealthAnswers, b: HealthAnswers): HealthAnswers => ({
  conditions: [...new Set([...a.conditions, ...b.conditions])],
  medications: [...new Set([...a.medications, ...b.medications])],
  allergies: [...new Set([...a.allergies, ...b.allergies])],
});

const answersOf = ({ answers }: Pick<HeldConsultation, 'answers'>): readonly QuestionnaireAnswer[] =>
  isErased(answers) ? [] : answers;

/**
 * What a yes in the questionnaire says of the patient's health, in the words of the health record: the condition that
 * the question is about, the medicines and substances that were named. Empty where the answers were erased.
 */
export function questionnaireHealth(
  consultation: Pick<HeldConsultation, 'answers'>,
  protocol: Pick<Protocol, 'screening'>,
): HealthAnswers {
  return answersOf(consultation).reduce((known, answer) => {
    const question = protocol.screening.contraindications.find(({ code }) => code === answer.code);
    return question ? united(known, healthOfAnswer(question, answer)) : known;
  }, NOTHING_KNOWN);
}

/** What one answer says of the patient's health. */
export function healthOfAnswer(
  { trigger }: Pick<Contraindication, 'trigger'>,
  { answer, details = [] }: QuestionnaireAnswer,
): HealthAnswers {
  if (answer !== 'yes') return NOTHING_KNOWN;
  switch (trigger.kind) {
    case 'condition':
      return { ...NOTHING_KNOWN, conditions: [trigger.condition] };
    case 'medication':
      return { ...NOTHING_KNOWN, medications: details };
    case 'allergy-to-ingredient':
      return { ...NOTHING_KNOWN, allergies: details };
    case 'unlisted':
      return { ...NOTHING_KNOWN, conditions: details };
    default:
      return assertNever(trigger, 'trigger');
  }
}

/**
 * The ingredients that are planned: those of the named products, as far as their lots say; of a product about which
 * nothing is known, all that the protocol names.
 */
export function plannedIngredients(
  { considered }: Pick<HeldConsultation, 'considered'>,
  { ingredients: rule }: Pick<Protocol, 'ingredients'>,
): string[] {
  if (considered === null) return [];
  const ofProtocol = rule?.items.map(({ name }) => name) ?? [];
  const known = new Map(considered.ingredients.map(({ product, ingredients }) => [product, ingredients]));
  return [...new Set(considered.products.flatMap((product) => known.get(product) ?? ofProtocol))];
}

/**
 * Every blocking contraindication that was found, overridden or not (S0-C1 to S0-C8): in the health record, in the
 * answers, in an answer that the patient does not know, and in an allergy to a planned ingredient.
 * @param health what the health record says, for all registrations of the person
 */
export function foundContraindications(
  consultation: Pick<HeldConsultation, 'answers' | 'considered'>,
  protocol: Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>,
  health: HealthAnswers,
): StandingContraindication[] {
  const ingredients = plannedIngredients(consultation, protocol);
  const inAnswers = blockingFindings(protocol, questionnaireHealth(consultation, protocol), ingredients);
  const inRecord = blockingFindings(protocol, health, ingredients);
  const answers = new Map(answersOf(consultation).map((each) => [each.code, each]));
  return protocol.screening.contraindications
    .filter(({ blocking }) => blocking)
    .flatMap((question): StandingContraindication[] => {
      const { code, facts, overridable, trigger } = question;
      const answered = inAnswers.find((each) => each.code === code);
      if (answered) return [{ ...answered, source: 'answer' }];
      const given = answers.get(code);
      const matched = given?.details ?? [];
      // Which allergies there are says the patient, and whether they matter here say the ingredients alone.
      const isSo = given?.answer === 'yes' && trigger.kind !== 'allergy-to-ingredient';
      if (isSo) return [{ code, facts, overridable, matched, source: 'answer' }];
      const recorded = inRecord.find((each) => each.code === code);
      if (recorded) return [{ ...recorded, source: 'health-record' }];
      return given?.answer === 'unknown' ? [{ code, facts, overridable, matched, source: 'unknown' }] : [];
    });
}

/** Those of them that no physician has overridden; an override that the protocol does not allow counts for nothing. */
export const standingContraindications = (
  consultation: Pick<HeldConsultation, 'answers' | 'considered' | 'overrides'>,
  protocol: Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>,
  health: HealthAnswers,
  knownAt?: HealthKnownAt,
): StandingContraindication[] =>
  foundContraindications(consultation, protocol, health).filter(
    ({ code, overridable }) => !(overridable && overrideThatHolds(code, consultation, protocol, health, knownAt)),
  );

/**
 * The override of a contraindication, while it accepts all that is known under its code. An answer that changes ends it by
 * itself; what the health record has learned since is beyond what the physician saw.
 * @param knownAt left out where the health record says nothing
 */
export function overrideThatHolds(
  code: string,
  consultation: Pick<HeldConsultation, 'answers' | 'considered' | 'overrides'>,
  protocol: Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>,
  health: HealthAnswers,
  knownAt: HealthKnownAt = () => health,
): ContraindicationOverride | undefined {
  const override = consultation.overrides.find((each) => each.code === code);
  if (!override) return undefined;
  const known = knownAt(override.position);
  const then = united(known === 'erased' ? NOTHING_KNOWN : known, questionnaireHealth(consultation, protocol));
  const isMore = saysMore(protocol, code, { now: health, then }, plannedIngredients(consultation, protocol));
  return isMore ? undefined : override;
}

/** What a physician must have looked at: what no list knows (S4-C1), an allergy to what an ingredient is made from (S0-G1). */
export const reviewsOf = (
  consultation: Pick<HeldConsultation, 'answers' | 'considered'>,
  protocol: Pick<Protocol, 'screening' | 'preSession' | 'ingredients'>,
  health: HealthAnswers,
): ContraindicationFinding[] =>
  reviewFindings(
    protocol,
    united(health, questionnaireHealth(consultation, protocol)),
    plannedIngredients(consultation, protocol),
  );

/** The result of a test that counts: of the latest sample, of two of one day the one that was recorded last. */
export const latestResult = (
  { testResults }: Pick<HeldConsultation, 'testResults'>,
  test: string,
): TestResult | undefined =>
  testResults
    .filter((result) => result.test === test)
    .reduce<TestResult | undefined>((latest, each) => (latest && latest.on > each.on ? latest : each), undefined);

/** What a clearance is judged by. */
export interface ClearanceWorld {
  readonly protocol: ScreeningRules;
  /** What the health record says of the person on the day of the conclusion. */
  readonly health: HealthAnswers | 'erased';
  /** The same as it was known at a time: an override accepts no more than that. Left out: nothing came since. */
  readonly healthKnownAt?: HealthKnownAt;
  /**
   * As what whoever clears it was seen, where they are no physician who may carry out the procedure on that day; undefined:
   * they are, or nobody clears it yet, and what needs a physician is not missing.
   */
  readonly notPhysician?: string | undefined;
}

/** Everything that a consultation lacks for a clearance, in the order in which it is done; empty when it may be cleared. */
export function missingForClearance(consultation: HeldConsultation, world: ClearanceWorld): ErrorField[] {
  const { protocol, health } = world;
  if (health === 'erased' || isErased(consultation.answers) || isErased(consultation.notes)) {
    return [
      consultationField(
        'consultation.health-erased',
        'patient',
        'What is known of the patient’s health was erased: nobody can tell whether treatment is safe.',
        { seen: 'erased', accepted: 'a health record and answers that can be read' },
      ),
    ];
  }
  return [
    ...missingNotes(consultation, protocol),
    ...missingAnswers(consultation, protocol),
    ...missingProducts(consultation, protocol, health),
    ...standing(consultation, protocol, health, world.healthKnownAt),
    ...(world.notPhysician === undefined ? [] : missingReviews(consultation, world, health, world.notPhysician)),
    ...missingTests(consultation, protocol),
  ];
}

function missingNotes({ notes }: HeldConsultation, protocol: ScreeningRules): ErrorField[] {
  const noted = isErased(notes) ? {} : notes;
  return protocol.consultation
    .filter(({ code }) => !noted[code]?.trim())
    .map(({ code, facts }) =>
      consultationField('consultation.notes', `notes.${code}`, `Nothing is noted of ${code}.`, {
        facts,
        seen: 'nothing',
        accepted: `a note of ${code}`,
      }),
    );
}

function missingAnswers({ answeredCodes }: HeldConsultation, { screening }: ScreeningRules): ErrorField[] {
  return screening.contraindications
    .filter(({ code }) => !answeredCodes.includes(code))
    .map(({ code, facts }) =>
      consultationField('consultation.questionnaire', `questionnaire.${code}`, `The question ${code} is unanswered.`, {
        facts,
        seen: 'no answer',
        accepted: 'yes, no or unknown',
      }),
    );
}

function missingProducts(
  consultation: HeldConsultation,
  protocol: ScreeningRules,
  health: HealthAnswers,
): ErrorField[] {
  const { allergies } = united(health, questionnaireHealth(consultation, protocol));
  const isNamed = consultation.considered !== null && consultation.considered.products.length > 0;
  if (allergies.every((allergy) => allergy.trim() === '') || isNamed) return [];
  const message = 'The patient has an allergy: name the planned products, so that their ingredients can be checked.';
  return [consultationField('consultation.products', 'products', message, { seen: 'none', accepted: 'one or more' })];
}

function standing(
  consultation: HeldConsultation,
  protocol: ScreeningRules,
  health: HealthAnswers,
  knownAt: HealthKnownAt | undefined,
): ErrorField[] {
  return standingContraindications(consultation, protocol, health, knownAt).map(
    ({ code, facts, overridable, source }) => {
      const isUnknown = source === 'unknown';
      const found = isAllergy(protocol, code) ? 'consultation.allergy' : 'consultation.contraindication';
      const where = source === 'answer' ? 'the questionnaire' : 'the health record';
      const way = overridable ? ' A physician may override it in writing.' : '';
      const message = isUnknown
        ? `Whether ${code} stands against it is not known.${way}`
        : `A contraindication stands against it in ${where}: ${code}.${way}`;
      return consultationField(
        isUnknown ? 'consultation.answer-unknown' : found,
        `contraindications.${code}`,
        message,
        {
          facts,
          seen: isUnknown ? 'unknown' : `found in ${where}`,
          accepted: overridable ? 'not found, or overridden by a physician' : 'not found',
          override: overridable ? 'physician' : 'none',
        },
      );
    },
  );
}

const isAllergy = ({ screening }: ScreeningRules, code: string): boolean =>
  screening.contraindications.some((each) => each.code === code && each.trigger.kind === 'allergy-to-ingredient');

function missingReviews(
  consultation: HeldConsultation,
  { protocol, healthKnownAt: knownAt }: Pick<ClearanceWorld, 'protocol' | 'healthKnownAt'>,
  health: HealthAnswers,
  seen: string,
): ErrorField[] {
  const open = reviewsOf(consultation, protocol, health).filter(
    ({ code }) => !overrideThatHolds(code, consultation, protocol, health, knownAt),
  );
  return open.map(({ code, facts }) =>
    consultationField('consultation.review', 'practitioner', `A physician must have looked at it first: ${code}.`, {
      facts,
      seen,
      accepted: 'a physician with a credential for the procedure that is valid on the day of the conclusion',
    }),
  );
}

/** A result is good for as long as what a consultation finds: one from before that says nothing of the patient of today. */
function missingTests(consultation: HeldConsultation, { testsFirst, screening }: ScreeningRules): ErrorField[] {
  const { lasts } = screening.validity;
  return testsFirst.flatMap(({ code, facts }) => {
    const result = latestResult(consultation, code);
    const lastsUntil = result && lasts !== null ? addDateDuration(result.on, lasts) : null;
    const isOld = lastsUntil !== null && lastsUntil < consultation.heldOn;
    if (result && isOld) {
      const old = `The result of ${code} of ${result.on} is older than what a consultation finds may be.`;
      const accepted = `an acceptable result of at most ${lasts} before ${consultation.heldOn}`;
      return [consultationField('consultation.test-age', `tests.${code}`, old, { facts, seen: result.on, accepted })];
    }
    if (result?.acceptable) return [];
    const message = result
      ? `The result of ${code} of ${result.on} does not allow the treatment.`
      : `The result of ${code} is not there.`;
    const seen = result ? `not acceptable, ${result.on}` : 'no result';
    return [consultationField('consultation.tests', `tests.${code}`, message, { facts, seen, accepted: ACCEPTABLE })];
  });
}

const ACCEPTABLE = 'an acceptable result';
