import type { ErrorField } from '#libs/kernel/src/errors.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import { sameData } from '../same-data.js';
import { withoutGuardian } from './consent.decider.js';
import { notAuthorised, notOverridable, notTreating } from './consultation.decider.js';
import { consultationField } from './consultation.errors.js';
import { missingForClearance, type ScreeningRules } from './consultation.rules.js';
import type { Consent, ConsultationState, HeldConsultation } from './consultation.state.js';

/** What the permissions in a consultation are judged by beside its entries. */
export interface PermissionWorld {
  /** The protocol that the consultation is about once its entries are changed. */
  readonly protocol: ScreeningRules;
  readonly hasGuardian: boolean;
  /** The day of the person's death; null: nothing of the kind is on record. */
  readonly diedOn: LocalDate | null;
  practitionerOf(practitionerId: string): PractitionerState;
  /** What the health record says of the person. */
  healthOn(day: LocalDate): HealthAnswers | 'erased';
  /** The same as it was on record up to a position of the log. */
  healthKnownOn(day: LocalDate, position: number): HealthAnswers | 'erased';
  isMinorOn(day: LocalDate): boolean;
}

/**
 * What stands against a change of entries because it opens what was closed. A clearance, an override and a consent are
 * permissions and not things that merely happened: a correction gives none that the command would have refused.
 * @param before the consultation as it reads now
 * @param after as it would read with the change
 * @returns every rule that is broken; none where no permission is added, or where nothing is left of the consultation
 */
export function openedAgainstRules(
  before: HeldConsultation,
  after: ConsultationState,
  world: PermissionWorld,
): ErrorField[] {
  if (after.status === 'none') return [];
  const fields = [
    ...clearedAnew(before, after, world),
    ...overriddenAnew(before, after, world),
    ...signedAnew(before, after, world),
  ];
  const keyOf = ({ rule, field }: ErrorField) => `${rule} ${field}`;
  return [...new Map(fields.map((field) => [keyOf(field), field])).values()];
}

function clearedAnew(before: HeldConsultation, after: HeldConsultation, world: PermissionWorld): ErrorField[] {
  const { concludedOn: on } = after;
  const lacks = lacking(after, world);
  if (!isCleared(after) || on === undefined) return [];
  const early = on < after.heldOn ? [beforeItWasHeld(on, after.heldOn)] : [];
  if (!isCleared(before) || before.procedure !== after.procedure) return [...early, ...lacks];
  const isSame = before.concludedBy === after.concludedBy && on === before.concludedOn;
  // It was cleared before: what it lacked then, as the clearances of old histories do, is not held against the change.
  const known = new Set(lacking(before, world).map(({ field, rule }) => `${rule} ${field}`));
  const added = lacks.filter(({ field, rule }) => !known.has(`${rule} ${field}`));
  // What was found later ends the clearance by itself, and is recorded; what was never asked would be missed.
  return isSame ? added.filter(({ rule }) => ASKED.has(rule ?? '')) : [...early, ...added];
}

/** What must have been asked before a clearance; without it nothing would show that the clearance rests on nothing. */
const ASKED: ReadonlySet<string> = new Set([
  'consultation.notes',
  'consultation.questionnaire',
  'consultation.products',
]);

const isCleared = ({ conclusion }: HeldConsultation): boolean => conclusion?.outcome === 'cleared';

function lacking(
  state: HeldConsultation,
  { protocol, healthOn, healthKnownOn, practitionerOf }: PermissionWorld,
): ErrorField[] {
  const { concludedOn, concludedBy } = state;
  if (concludedOn === undefined || concludedBy === undefined) return [];
  const practitioner = practitionerOf(concludedBy);
  const notPhysician = practitioner.status === 'none' ? undefined : notTreating(practitioner, protocol, concludedOn);
  const healthKnownAt = (position: number) => healthKnownOn(concludedOn, position);
  return missingForClearance(state, { protocol, health: healthOn(concludedOn), healthKnownAt, notPhysician });
}

const beforeItWasHeld = (on: LocalDate, heldOn: LocalDate): ErrorField =>
  consultationField('consultation.order', 'at', `It cannot be cleared on ${on}: it was held on ${heldOn}.`, {
    seen: on,
    accepted: `${heldOn} or later`,
  });

function overriddenAnew(before: HeldConsultation, after: HeldConsultation, world: PermissionWorld): ErrorField[] {
  const isKnown = ({ code, practitionerId, on }: HeldConsultation['overrides'][number]) =>
    before.procedure === after.procedure &&
    before.overrides.some((each) => each.code === code && each.practitionerId === practitionerId && each.on === on);
  return after.overrides
    .filter((override) => !isKnown(override))
    .flatMap(({ code, practitionerId, on }) => [
      ...notOverridable(code, after, world.protocol, world.healthOn(on)),
      ...notAuthorised(world.practitionerOf(practitionerId), world.protocol, on),
    ]);
}

function signedAnew(before: HeldConsultation, after: HeldConsultation, world: PermissionWorld): ErrorField[] {
  const known = before.consents.map(asSigned);
  return after.consents
    .filter((consent) => !known.some((each) => sameData(each, asSigned(consent))))
    .flatMap(({ signedBy, signedOn }) => {
      // A consent of an old history does not say who signed it.
      if (signedBy === undefined) return [];
      const { hasGuardian, diedOn } = world;
      return withoutGuardian(signedBy, { isMinor: world.isMinorOn(signedOn), hasGuardian, diedOn });
    });
}

const asSigned = ({ withdrawnOn: _, withdrawnAt: __, position: ___, ...signed }: Consent) => signed;
