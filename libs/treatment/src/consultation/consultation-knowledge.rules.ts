import { type Erased, isErased } from '#libs/event-store/src/personal-data.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { occurredOnDay } from '../day-anywhere.js';
import {
  ConsentWithdrawalsEntered,
  ConsultationOutcomeEntered,
  type HealthFactKind,
  HealthFactRecorded,
  PatientEntryRetracted,
} from '../patient/patient.events.js';
import type { PatientEntries } from '../patient/patient-entry.state.js';
import type { Person } from '../patient/person.js';
import { sameData } from '../same-data.js';
import { latestResult, questionnaireHealth, type ScreeningRules } from './consultation.rules.js';
import type { ConsultationState, HeldConsultation } from './consultation.state.js';

/** What a consultation says about its patient, which stands in the patient's own record as well. */

/** One thing that is said of the patient. */
interface Said {
  readonly kind: HealthFactKind;
  readonly statement: string;
}

type Rules = Pick<ScreeningRules, 'screening' | 'testsFirst'>;

const keyOf = ({ kind, statement }: Said): string => `${kind} ${foldCase(statement)}`;

/** No list knows it: it holds sessions until a physician has looked at it, as whatever is learned late does. */
const withoutResult = (test: string): string => `no acceptable result of ${test}`;

/** Everything that a consultation says of the patient: its answers, and tests that a clearance rests on and may not. */
function saidBy(consultation: ConsultationState, protocol: Rules): Said[] {
  if (consultation.status === 'none') return [];
  const { conditions, medications, allergies } = questionnaireHealth(consultation, protocol);
  return [
    ...conditions.map((statement) => ({ kind: 'condition' as const, statement })),
    ...medications.map((statement) => ({ kind: 'medication' as const, statement })),
    ...allergies.map((statement) => ({ kind: 'allergy' as const, statement })),
    ...failedTests(consultation, protocol).map((test) => ({
      kind: 'condition' as const,
      statement: withoutResult(test),
    })),
  ];
}

/** The tests that the protocol asks for first (S3-L1) of which a clearance has no result, or one that does not allow it. */
const failedTests = (consultation: HeldConsultation, protocol: Rules): string[] =>
  consultation.conclusion?.outcome === 'cleared' ? unacceptable(consultation, protocol) : [];

const unacceptable = (consultation: HeldConsultation, { testsFirst }: Rules): string[] =>
  testsFirst.map(({ code }) => code).filter((code) => latestResult(consultation, code)?.acceptable !== true);

/** What is said after a change of entries and was not before it; nothing where the answers were erased. */
export function newlySaid(before: ConsultationState, after: ConsultationState, protocol: Rules): ReadonlySet<string> {
  const known = new Set(saidBy(before, protocol).map(keyOf));
  return new Set(
    saidBy(after, protocol)
      .map(keyOf)
      .filter((key) => !known.has(key)),
  );
}

interface Fact {
  readonly data: { readonly kind: HealthFactKind; readonly statement: string | Erased };
}

/** What a fact says, to be compared with what is said; undefined where it was erased. */
export const factKey = ({ data: { kind, statement } }: Fact): string | undefined =>
  isErased(statement) ? undefined : keyOf({ kind, statement });

/** Whether a fact is among what is said. */
export function isSaid(fact: Fact, said: ReadonlySet<string>): boolean {
  const key = factKey(fact);
  return key !== undefined && said.has(key);
}

/**
 * The facts that results say after a change of entries and did not before it (S3-L1): a clearance rests on a result that
 * would not have allowed it. It was so since the day of the sample, else since the clearance.
 * @param factIdAt the id of the nth fact
 */
export function factsOfResults(
  before: ConsultationState,
  after: ConsultationState,
  protocol: Rules,
  factIdAt: (n: number) => Id,
): ReturnType<typeof HealthFactRecorded>[] {
  if (before.status === 'none' || after.status === 'none') return [];
  const known = new Set(failedTests(before, protocol));
  return failedTests(after, protocol)
    .filter((test) => !known.has(test))
    .map((test, n) => {
      const { patientId, consultationId, heldOn } = after;
      const since: LocalDate = latestResult(after, test)?.on ?? after.concludedOn ?? heldOn;
      const fact = { kind: 'condition' as const, since, until: null, statement: withoutResult(test) };
      return HealthFactRecorded(occurredOnDay(since), { patientId, factId: factIdAt(n), ...fact, consultationId });
    });
}

/**
 * Takes back what a consultation said about the patient and says no more, since an entry of it was corrected or taken
 * back. What something else says stands in entries of its own, and what somebody has corrected by hand is their word.
 * @param entries of the patient
 */
export function takenBack(
  { before, after, protocol }: { before: HeldConsultation; after: ConsultationState; protocol: Rules },
  { entries }: PatientEntries,
  reason: string,
  now: Instant,
): ReturnType<typeof PatientEntryRetracted>[] {
  const gone = new Set(newlySaid(after, before, protocol));
  // A result stays what it is where the clearance itself was corrected.
  const results = after.status === 'none' ? [] : unacceptable(after, protocol);
  for (const test of results) gone.delete(keyOf({ kind: 'condition', statement: withoutResult(test) }));
  const { patientId, consultationId } = before;
  // An answer that was erased is not one that was taken back.
  if (after.status !== 'none' && isErased(after.answers)) return [];
  return entries
    .filter(
      (entry) =>
        entry.type === 'HealthFactRecorded' &&
        entry.data.consultationId === consultationId &&
        (entry.correctness?.correctedBy.length ?? 0) === 0 &&
        isSaid(entry, gone),
    )
    .map(({ header }) =>
      PatientEntryRetracted(occurredNow(now), {
        patientId,
        consultationId,
        retracts: header.id,
        retractionReason: reason,
      }),
    );
}

/**
 * A person without what other consultations say: each says it in an entry of its own, so that it stands when another one
 * turns out to have been wrong.
 */
export const withoutOtherConsultations = (person: Person, consultationId: Id): Person => ({
  ...person,
  patients: person.patients.map((patient) => ({
    ...patient,
    healthFacts: patient.healthFacts.filter((fact) => [null, consultationId].includes(fact.consultationId)),
  })),
});

/**
 * The withdrawals of a consultation for the patient's own record, where they are others after a change of entries: they end
 * the consents of every consultation of the person.
 */
export function withdrawalsIn(
  before: HeldConsultation,
  after: ConsultationState,
  now: Instant,
): ReturnType<typeof ConsentWithdrawalsEntered>[] {
  const withdrawals = after.status === 'none' ? [] : (after.withdrawals ?? []);
  if (sameData(before.withdrawals ?? [], withdrawals)) return [];
  const { patientId, consultationId } = before;
  return [ConsentWithdrawalsEntered(occurredNow(now), { patientId, consultationId, withdrawals: [...withdrawals] })];
}

/** How a consultation ended, where it was refused or deferred; null otherwise. */
function endedUncleared(state: ConsultationState) {
  if (state.status === 'none' || !state.conclusion || state.concludedOn === undefined) return null;
  const { procedure, conclusion, concludedOn: on, concludedAt } = state;
  if (conclusion.outcome === 'cleared') return null;
  const until = conclusion.outcome === 'deferred' ? conclusion.until : null;
  return { procedure, outcome: conclusion.outcome, until, on, ...(concludedAt && { at: concludedAt }) };
}

/**
 * How a consultation ended for the patient's own record, where that is otherwise after a change of entries: after a refusal
 * nothing rests on what was cleared before it.
 */
export function outcomeIn(
  before: HeldConsultation,
  after: ConsultationState,
  now: Instant,
): ReturnType<typeof ConsultationOutcomeEntered>[] {
  const ended = endedUncleared(after);
  if (sameData(endedUncleared(before), ended)) return [];
  const { patientId, consultationId } = before;
  return [ConsultationOutcomeEntered(occurredNow(now), { patientId, consultationId, ended })];
}
