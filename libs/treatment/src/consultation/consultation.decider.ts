import { isErased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import {
  isCredentialedFor,
  isTreatingPhysician,
  type PractitionerState,
  seenAsPhysician,
} from '../practitioner/practitioner.state.js';
import { sameData } from '../same-data.js';
import { signConsent, withdrawConsent } from './consent.decider.js';
import { ClearanceRefused, consultationField, ConsultationUnknown } from './consultation.errors.js';
import {
  type Conclusion,
  ConsultationConcluded,
  type ConsultationEvent,
  ConsultationHeld,
  ConsultationNoted,
  ContraindicationOverridden,
  ProductsConsidered,
  TestRequested,
  TestResultRecorded,
} from './consultation.events.js';
import {
  foundContraindications,
  missingForClearance,
  overrideThatHolds,
  reviewsOf,
  type ScreeningRules,
} from './consultation.rules.js';
import type { ConsultationState, HeldConsultation } from './consultation.state.js';
import type { CommandFor, ConsultationCommand } from './consultation-command.types.js';
import {
  afterDeath,
  beforeBirth,
  closed,
  inFuture,
  occurredThen,
  ofConsultation,
  onDay,
  outOfTime,
  refuseAll,
  unregistered,
} from './consultation-entry.rules.js';
import { answerQuestionnaire } from './questionnaire.decider.js';

/**
 * What a command makes of a consultation; nothing where it was said before.
 * @throws ConsultationUnknown, ConsultationRefused with everything that stands against it, ClearanceRefused
 */
export function decideConsultation(
  command: ConsultationCommand,
  state: ConsultationState,
  now: Instant,
): ConsultationEvent[] {
  if (command.type === 'Hold') return hold(command, now);
  if (state.status === 'none') throw new ConsultationUnknown();
  switch (command.type) {
    case 'Note':
      return note(command, state, now);
    case 'AnswerQuestionnaire':
      return answerQuestionnaire(command, state, now);
    case 'ConsiderProducts':
      return consider(command, state, now);
    case 'RequestTest':
      return requestTest(command, state, now);
    case 'RecordTestResult':
      return recordTestResult(command, state, now);
    case 'OverrideContraindication':
      return override(command, state, now);
    case 'Conclude':
      return conclude(command, state, now);
    case 'SignConsent':
      return signConsent(command, state, now);
    case 'WithdrawConsent':
      return withdrawConsent(command, state, now);
    default:
      return assertNever(command, 'consultation command');
  }
}

function hold(command: CommandFor<'Hold'>, now: Instant): ConsultationEvent[] {
  const { consultationId, patientId, siteId, practitionerId, procedure, notes, at } = command;
  refuseAll('consultation.refused', [
    ...inFuture('at', at, now),
    ...afterDeath('at', localDateAt(at.instant, at.zone), command.known.diedOn),
    ...beforeBirth('at', localDateAt(at.instant, at.zone), command.known.bornOn),
    ...unregistered(command.known.practitioner),
  ]);
  const held = { consultationId, patientId, siteId, practitionerId, procedure, notes };
  return [ConsultationHeld(occurredAt(at), held)];
}

function note(command: CommandFor<'Note'>, state: HeldConsultation, now: Instant): ConsultationEvent[] {
  const { practitionerId, notes, at, known } = command;
  const before = isErased(state.notes) ? {} : state.notes;
  if (Object.entries(notes).every(([topic, text]) => before[topic] === text)) return [];
  refuseAll('consultation.note-refused', [
    ...closed(state),
    ...unregistered(known.practitioner),
    ...outOfTime(at, state, now),
  ]);
  return [ConsultationNoted(occurredThen(at, now), { ...ofConsultation(state), practitionerId, notes })];
}

function consider(command: CommandFor<'ConsiderProducts'>, state: HeldConsultation, now: Instant): ConsultationEvent[] {
  const { products, ingredients, at } = command;
  const before = state.considered;
  if (before && sameData(before, { products, ingredients })) return [];
  refuseAll('consultation.products-refused', [...closed(state), ...outOfTime(at, state, now)]);
  const data = {
    products: [...products],
    ingredients: ingredients.map((each) => ({ ...each, ingredients: [...each.ingredients] })),
  };
  return [ProductsConsidered(occurredThen(at, now), { ...ofConsultation(state), ...data })];
}

function requestTest(
  { test, at }: CommandFor<'RequestTest'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  if (state.testsPending.includes(test)) return [];
  refuseAll('consultation.test-refused', [...closed(state), ...outOfTime(at, state, now)]);
  return [TestRequested(occurredThen(at, now), { ...ofConsultation(state), test })];
}

function recordTestResult(
  command: CommandFor<'RecordTestResult'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  const { test, on, acceptable, values } = command;
  const isKnown = (each: HeldConsultation['testResults'][number]) =>
    each.test === test && each.on === on && each.acceptable === acceptable && sameData(each.values, values);
  if (state.testResults.some(isKnown)) return [];
  refuseAll('consultation.test-refused', [...closed(state), ...sampledAhead(on, localDateAt(now, state.zone))]);
  const at = onDay(on, state.zone);
  return [TestResultRecorded(at, { ...ofConsultation(state), test, on, acceptable, values: [...values] })];
}

export function sampledAhead(on: LocalDate, today: LocalDate): ErrorField[] {
  if (on <= today) return [];
  const accepted = `${today} or earlier`;
  return [
    consultationField('test.in-future', 'on', `The sample of ${on} is still to be taken.`, { seen: on, accepted }),
  ];
}

function override(
  command: CommandFor<'OverrideContraindication'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  const { code, practitionerId, reason, at, known } = command;
  const { protocol, practitioner, health, healthKnownAt } = known;
  // What was learned since is accepted by saying so again.
  const standing = health === 'erased' ? undefined : overrideThatHolds(code, state, protocol, health, healthKnownAt);
  if (standing?.practitionerId === practitionerId && standing.reason === reason) return [];
  // What is learned after a clearance may be accepted as well: it stands in the health record.
  const fields = state.conclusion?.outcome === 'refused' ? closed(state) : [];
  refuseAll('override.refused', [
    ...fields,
    ...outOfTime(at, state, now),
    ...notOverridable(code, state, protocol, health),
    ...notAuthorised(practitioner, protocol, localDateAt(at?.instant ?? now, state.zone)),
  ]);
  return [
    ContraindicationOverridden(occurredThen(at, now), { ...ofConsultation(state), code, practitionerId, reason }),
  ];
}

/** Why a contraindication cannot be overridden by anybody; nothing where it was found and the protocol allows it. */
export function notOverridable(
  code: string,
  state: HeldConsultation,
  protocol: ScreeningRules,
  health: HealthAnswers | 'erased',
): ErrorField[] {
  if (health === 'erased' || isErased(state.answers)) {
    const message = 'What is known of the patient’s health was erased: there is nothing that could be accepted.';
    const accepted = 'a health record and answers that can be read';
    return [consultationField('consultation.health-erased', 'patient', message, { seen: 'erased', accepted })];
  }
  const found = [...foundContraindications(state, protocol, health), ...reviewsOf(state, protocol, health)];
  const finding = found.find((each) => each.code === code);
  if (!finding) {
    const accepted = found.filter(({ overridable }) => overridable).map((each) => each.code);
    const message = `${code} was not found: there is nothing to override.`;
    return [
      consultationField('override.found', 'code', message, {
        seen: code,
        accepted: accepted.length === 0 ? 'nothing: none was found' : accepted.join(', '),
      }),
    ];
  }
  if (finding.overridable) return [];
  const message = `The protocol allows nobody to override ${code}.`;
  return [
    consultationField('override.allowed', 'code', message, {
      facts: finding.facts,
      seen: code,
      accepted: 'one that the protocol lets a physician override',
    }),
  ];
}

/** Why somebody may not override a contraindication on a day; whoever may treat under a copy of a protocol may as well. */
export function notAuthorised(
  practitioner: PractitionerState,
  protocol: Pick<ScreeningRules, 'code' | 'procedure'>,
  on: LocalDate,
): ErrorField[] {
  const { code: procedure } = protocol;
  const missing = unregistered(practitioner);
  if (practitioner.status === 'none') return missing;
  const accepted = `a physician with a credential for ${procedure} that is valid on ${on}`;
  const field = (message: string, seen: string) =>
    consultationField('override.physician', 'practitioner', message, { seen, accepted });
  if (practitioner.role !== 'physician') return [field('Only a physician may override it.', practitioner.role)];
  if (isCredentialedFor(practitioner.credentials, protocol, on)) return [];
  return [field(`The physician has no credential for ${procedure} that is valid on ${on}.`, 'no valid credential')];
}

function conclude(command: CommandFor<'Conclude'>, state: HeldConsultation, now: Instant): ConsultationEvent[] {
  const { practitionerId, conclusion, reason, at, known } = command;
  if (isConcludedSo(state, command)) return [];
  const occurred = occurredThen(at, now);
  const on = localDateAt(occurred.instant, state.zone);
  refuseAll('consultation.conclusion-refused', [
    ...closed(state),
    ...unregistered(known.practitioner),
    ...inFuture('at', at, now),
    ...outOfOrder(on, state),
    ...withoutReason(command),
    ...deferredBack(conclusion, on),
  ]);
  if (conclusion.outcome === 'cleared') {
    const notPhysician = notTreating(known.practitioner, known.protocol, on);
    const missing = missingForClearance(state, { ...known, notPhysician });
    if (missing.length > 0) throw new ClearanceRefused(missing);
  }
  return [ConsultationConcluded(occurred, { ...ofConsultation(state), practitionerId, conclusion, reason })];
}

/** As what somebody was seen who is no physician that may carry out the procedure on a day; undefined: they are. */
export const notTreating = (
  practitioner: PractitionerState,
  protocol: Pick<ScreeningRules, 'code' | 'procedure'>,
  on: LocalDate,
): string | undefined =>
  isTreatingPhysician(practitioner, protocol, on) ? undefined : seenAsPhysician(practitioner, on);

const isConcludedSo = (
  state: HeldConsultation,
  { conclusion, practitionerId, reason }: CommandFor<'Conclude'>,
): boolean =>
  sameData(state.conclusion, conclusion) && state.concludedBy === practitionerId && state.conclusionReason === reason;

function outOfOrder(on: LocalDate, { heldOn, concludedOn }: HeldConsultation): ErrorField[] {
  const earliest = concludedOn === undefined || concludedOn < heldOn ? heldOn : concludedOn;
  if (on >= earliest) return [];
  const message = `It cannot be concluded on ${on}: it was held, or concluded before, on ${earliest}.`;
  return [consultationField('consultation.order', 'at', message, { seen: on, accepted: `${earliest} or later` })];
}

export function withoutReason({
  conclusion,
  reason,
}: Pick<CommandFor<'Conclude'>, 'conclusion' | 'reason'>): ErrorField[] {
  if (conclusion.outcome === 'cleared' || reason.trim() !== '') return [];
  const message = `Say why it is ${conclusion.outcome}.`;
  return [consultationField('consultation.reason', 'reason', message, { seen: 'none', accepted: 'a written reason' })];
}

export function deferredBack(conclusion: Conclusion, on: LocalDate): ErrorField[] {
  if (conclusion.outcome !== 'deferred' || conclusion.until > on) return [];
  const { until } = conclusion;
  const message = `A consultation that is concluded on ${on} is deferred to a day after it.`;
  const accepted = `a day after ${on}`;
  return [consultationField('consultation.deferred-until', 'conclusion.until', message, { seen: until, accepted })];
}
