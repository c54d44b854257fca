import { type Erased, isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import type {
  Conclusion,
  ConsultationEvent,
  ConsultationNotes,
  QuestionnaireAnswer,
  TestValue,
} from './consultation.events.js';

export interface Consent {
  readonly procedure: string;
  readonly signedOn: LocalDate;
  /** The last valid day; null: until withdrawn. */
  readonly validUntil: LocalDate | null;
  /** SHA-256 of the form, in hex; left out where an old history does not say. */
  readonly formHash?: string | undefined;
  readonly formId?: string | undefined;
  readonly formVersion?: string | undefined;
  /** Left out where an old history does not say who signed. */
  readonly signedBy?: 'patient' | 'guardian' | undefined;
  /** Whether a guardian signed for the patient. */
  readonly guardianSigned?: boolean;
  /** From this day on it no longer holds. */
  readonly withdrawnOn?: LocalDate | null;
  /** The moment of that day. */
  readonly withdrawnAt?: Instant | null;
  /** Where it stands in the log; left out where nobody asks. */
  readonly position?: number;
}

/** Consents to a procedure ended on a day. */
export interface ConsentWithdrawal {
  readonly procedure: string;
  readonly on: LocalDate;
  readonly at: Instant;
}

/** A physician's written acceptance of a contraindication that was found. */
export interface ContraindicationOverride {
  readonly code: string;
  readonly practitionerId: string;
  readonly on: LocalDate;
  /** The moment of that day; left out where nobody asks. */
  readonly at?: Instant;
  readonly reason: string | Erased;
  /** What was on record by then is what it accepts. */
  readonly position: number;
}

export interface TestResult {
  readonly test: string;
  /** The day of the sample. */
  readonly on: LocalDate;
  readonly acceptable: boolean;
  readonly values: readonly TestValue[] | Erased;
}

export interface ConsideredProducts {
  readonly products: readonly string[];
  readonly ingredients: readonly { readonly product: string; readonly ingredients: readonly string[] }[];
}

export interface HeldConsultation {
  readonly status: 'open' | 'concluded';
  readonly consultationId: string;
  readonly patientId: string;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly procedure: string;
  /** Zone of the site where it was held, in which its days are counted. */
  readonly zone: string;
  readonly heldOn: LocalDate;
  /** By topic, each as it was noted last. */
  readonly notes: ConsultationNotes | Erased;
  /** Questions that were answered, however. */
  readonly answeredCodes: readonly string[];
  /** The latest answer to each question. */
  readonly answers: readonly QuestionnaireAnswer[] | Erased;
  /** What is planned to be used; null: nobody has said. */
  readonly considered: ConsideredProducts | null;
  /** Tests that were asked for and have no result since. */
  readonly testsPending: readonly string[];
  /** In the order in which they were recorded. */
  readonly testResults: readonly TestResult[];
  /** The latest for each contraindication. */
  readonly overrides: readonly ContraindicationOverride[];
  /** Those before them, which accepted what took place until then. Left out where there were none. */
  readonly formerOverrides?: readonly ContraindicationOverride[];
  /** The latest: after a deferral it may be concluded anew. */
  readonly conclusion: Conclusion | undefined;
  /** The day of the conclusion at the site, from which its findings' validity is counted. */
  readonly concludedOn: LocalDate | undefined;
  /** The moment of that day; left out where only the day is known. */
  readonly concludedAt?: Instant;
  readonly concludedBy: string | undefined;
  readonly conclusionReason: string | Erased | undefined;
  /** All that were signed, in the order in which they were recorded; see `consentOn`. */
  readonly consents: readonly Consent[];
  /** In the order in which they were recorded. Left out where nothing was withdrawn. */
  readonly withdrawals?: readonly ConsentWithdrawal[];
}

export type ConsultationState = { readonly status: 'none' } | HeldConsultation;

export const consultationFold = { initial: { status: 'none' } as ConsultationState, evolve };

function evolve(state: ConsultationState, event: RecordedEvent<ConsultationEvent>): ConsultationState {
  if (event.type === 'ConsultationHeld') return held(event);
  if (state.status === 'none') return state;
  const on = dayOf(event.occurredAt, state.zone);
  switch (event.type) {
    case 'ConsultationNoted': {
      const { notes } = event.data;
      return { ...state, notes: isErased(notes) || isErased(state.notes) ? ERASED : { ...state.notes, ...notes } };
    }
    case 'QuestionnaireAnswered':
      return answered(state, event.data);
    case 'ProductsConsidered': {
      const { products, ingredients } = event.data;
      return { ...state, considered: { products, ingredients } };
    }
    case 'TestRequested':
      return { ...state, testsPending: [...new Set([...state.testsPending, event.data.test])] };
    case 'TestResultRecorded': {
      const { test, on: sampledOn, acceptable, values } = event.data;
      const testResults = [...state.testResults, { test, on: sampledOn, acceptable, values }];
      return { ...state, testResults, testsPending: state.testsPending.filter((pending) => pending !== test) };
    }
    case 'ContraindicationOverridden': {
      const { code, practitionerId, reason } = event.data;
      if (isErased(code)) return state;
      const { instant: at } = event.occurredAt;
      const others = state.overrides.filter((each) => each.code !== code);
      const former = state.overrides.filter((each) => each.code === code);
      const formerOverrides = [...(state.formerOverrides ?? []), ...former];
      const overrides = [...others, { code, practitionerId, on, at, reason, position: event.position }];
      return { ...state, overrides, ...(formerOverrides.length > 0 ? { formerOverrides } : {}) };
    }
    case 'ConsultationConcluded': {
      const { conclusion, practitionerId, reason } = event.data;
      const concluded = { conclusion, concludedOn: on, concludedBy: practitionerId, conclusionReason: reason };
      const { concludedAt: _, ...before } = state;
      const { instant, precision } = event.occurredAt;
      const at = precision === 'instant' ? { concludedAt: instant } : {};
      return { ...before, status: 'concluded', ...concluded, ...at };
    }
    case 'ConsentSigned': {
      const { consultationId: _, patientId: __, ...signed } = event.data;
      const { on: withdrawnOn = null, at: withdrawnAt = null } = withdrawnSince(signed, state.withdrawals ?? []) ?? {};
      const guardianSigned = signed.signedBy === 'guardian';
      const consent: Consent = { ...signed, guardianSigned, withdrawnOn, withdrawnAt, position: event.position };
      return { ...state, consents: [...state.consents, consent] };
    }
    case 'ConsentWithdrawn': {
      const withdrawal: ConsentWithdrawal = { procedure: event.data.procedure, on, at: event.occurredAt.instant };
      const consents = state.consents.map((consent) => afterWithdrawal(consent, withdrawal));
      return { ...state, consents, withdrawals: [...(state.withdrawals ?? []), withdrawal] };
    }
    default:
      return assertNever(event, 'consultation event');
  }
}

const ERASED: Erased = { erased: true };

/**
 * When a consent that is entered now was withdrawn: by the first withdrawal that came after its signature, although it
 * was recorded earlier. Signed on the day of a withdrawal and entered after it, it was given anew.
 */
const withdrawnSince = (
  { procedure, signedOn }: Pick<Consent, 'procedure' | 'signedOn'>,
  withdrawals: readonly ConsentWithdrawal[],
): ConsentWithdrawal | undefined =>
  withdrawals
    .filter((each) => each.procedure === procedure && signedOn < each.on)
    .reduce<ConsentWithdrawal | undefined>((first, each) => (first && first.at < each.at ? first : each), undefined);

/** A withdrawal ends what was signed until then, and nothing that was signed later. */
function afterWithdrawal(consent: Consent, { procedure, on, at }: ConsentWithdrawal): Consent {
  const isCovered = consent.procedure === procedure && consent.signedOn <= on;
  const isEarlier = !consent.withdrawnAt || at < consent.withdrawnAt;
  return isCovered && isEarlier ? { ...consent, withdrawnOn: on, withdrawnAt: at } : consent;
}

/** The day at the site; where an old entry names no zone, the day in UTC. */
const dayOf = ({ instant, time }: Occurred, zone: string): LocalDate => localDateAt(instant, time?.zone ?? zone);

function held({ data, occurredAt }: Extract<RecordedEvent<ConsultationEvent>, { type: 'ConsultationHeld' }>) {
  const zone = occurredAt.time?.zone ?? 'UTC';
  return {
    status: 'open',
    ...data,
    zone,
    heldOn: dayOf(occurredAt, zone),
    answeredCodes: [],
    answers: [],
    considered: null,
    testsPending: [],
    testResults: [],
    overrides: [],
    conclusion: undefined,
    concludedOn: undefined,
    concludedBy: undefined,
    conclusionReason: undefined,
    consents: [],
  } satisfies ConsultationState;
}

/** An answer that changes ends the override of what was answered before: the physician has not judged the new one. */
function answered(
  state: HeldConsultation,
  { answeredCodes, answers }: Extract<ConsultationEvent, { type: 'QuestionnaireAnswered' }>['data'],
): HeldConsultation {
  const codes = [...new Set([...state.answeredCodes, ...answeredCodes])];
  if (isErased(answers) || isErased(state.answers)) return { ...state, answeredCodes: codes, answers: ERASED };
  const known = new Map(state.answers.map((each) => [each.code, each]));
  const changed = answers.filter((each) => !isSameAnswer(known.get(each.code), each)).map(({ code }) => code);
  for (const answer of answers) known.set(answer.code, answer);
  const standing = ({ code }: ContraindicationOverride) => !changed.includes(code);
  const overrides = state.overrides.filter(standing);
  const former = state.formerOverrides && { formerOverrides: state.formerOverrides.filter(standing) };
  return { ...state, answeredCodes: codes, answers: [...known.values()], overrides, ...former };
}

/** Whether nothing new was answered. */
export const isSameAnswer = (before: QuestionnaireAnswer | undefined, now: QuestionnaireAnswer): boolean =>
  before !== undefined &&
  before.answer === now.answer &&
  before.since === now.since &&
  JSON.stringify(before.details ?? []) === JSON.stringify(now.details ?? []);
