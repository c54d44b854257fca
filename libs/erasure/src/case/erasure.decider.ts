import { isErased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  brokenRule,
  ErasureDone,
  ErasureRefused,
  ErasureUnderWay,
  ErasureUnknown,
  LegalHoldUnknown,
  SecondPersonNeeded,
} from './erasure.errors.js';
import {
  ErasureConfirmed,
  ErasureDeclined,
  type ErasureEvent,
  type ErasureGround,
  ErasureRequested,
  LegalHoldLifted,
  LegalHoldSet,
} from './erasure.events.js';
import type { ErasureCase } from './erasure.state.js';
import { type KeptFrom, keptUntil } from './retention.rules.js';

export type ErasureCommand =
  | {
      readonly type: 'RequestErasure';
      readonly erasureId: string;
      readonly ground: ErasureGround;
      readonly reason: string;
    }
  | { readonly type: 'ConfirmErasure'; readonly erasureId: string }
  | { readonly type: 'DeclineErasure'; readonly erasureId: string; readonly reason: string }
  | { readonly type: 'SetLegalHold'; readonly holdId: string; readonly reason: string }
  | { readonly type: 'LiftLegalHold'; readonly holdId: string; readonly reason: string };

/** One registration of the person, and what is decided about it. */
export interface Registration {
  readonly patientId: string;
  readonly erasureId: string | null;
  readonly identity: { readonly birthDate: LocalDate } | { readonly erased: true };
  readonly case: ErasureCase;
}

export interface ErasureMatter {
  /** The asked one first. */
  readonly registrations: readonly [Registration, ...Registration[]];
  /** When they were seen, at each site. */
  readonly seen: readonly KeptFrom[];
  /** Who decides. */
  readonly actor: string;
  readonly now: Instant;
  /** The date where it is still earliest. */
  readonly today: LocalDate;
}

/**
 * Decides about the erasure of a person. What was done before adds nothing.
 * @returns events of the asked registration's case; a confirmation erases all of `registrations`
 * @throws ErasureRefused, SecondPersonNeeded, ErasureUnderWay, ErasureDone, ErasureUnknown, LegalHoldUnknown
 */
export function decideErasure(command: ErasureCommand, matter: ErasureMatter): ErasureEvent[] {
  const [asked] = matter.registrations;
  const { patientId } = asked;
  const at = occurredNow(matter.now);
  switch (command.type) {
    case 'RequestErasure': {
      const { erasureId, ground, reason } = command;
      const open = matter.registrations.map((each) => each.case.request?.erasureId);
      if (asked.case.request?.erasureId === erasureId) return [];
      if (asked.erasureId !== null) throw new ErasureDone();
      if (open.some((id) => id !== undefined)) throw new ErasureUnderWay();
      refuseBroken(matter);
      return [ErasureRequested(at, { patientId, erasureId, ground, reason })];
    }
    case 'ConfirmErasure': {
      const { erasureId } = command;
      if (asked.case.confirmed?.erasureId === erasureId) return [];
      if (asked.erasureId !== null) throw new ErasureDone();
      if (asked.case.request?.erasureId !== erasureId) throw new ErasureUnknown();
      if (asked.case.request.by === matter.actor) throw new SecondPersonNeeded();
      refuseBroken(matter);
      const registrations = matter.registrations.map((each) => each.patientId);
      return [ErasureConfirmed(at, { patientId, erasureId, registrations })];
    }
    case 'DeclineErasure': {
      const { erasureId, reason } = command;
      if (asked.case.closed.includes(erasureId)) return [];
      if (asked.case.request?.erasureId !== erasureId) throw new ErasureUnknown();
      return [ErasureDeclined(at, { patientId, erasureId, reason })];
    }
    case 'SetLegalHold': {
      const { holdId, reason } = command;
      if (asked.case.holds.some((hold) => hold.holdId === holdId)) return [];
      if (asked.erasureId !== null) throw new ErasureDone();
      return [LegalHoldSet(at, { patientId, holdId, reason })];
    }
    case 'LiftLegalHold': {
      const { holdId, reason } = command;
      if (asked.case.closed.includes(holdId)) return [];
      if (!asked.case.holds.some((hold) => hold.holdId === holdId)) throw new LegalHoldUnknown();
      return [LegalHoldLifted(at, { patientId, holdId, reason })];
    }
    default:
      return assertNever(command, 'erasure command');
  }
}

/** The last day on which the person's record has to be kept; null where none does. */
export function retentionOf({ registrations, seen }: Pick<ErasureMatter, 'registrations' | 'seen'>): LocalDate | null {
  return keptUntil(
    seen,
    registrations.flatMap(({ identity }) =>
      isErased(identity) ? [] : [(identity as { birthDate: string }).birthDate],
    ),
  );
}

/** What stands against the erasure of a person now; empty where nothing does. */
export function standsAgainst(matter: Omit<ErasureMatter, 'actor' | 'now'>): ErrorField[] {
  const holds = matter.registrations.reduce((count, each) => count + each.case.holds.length, 0);
  const until = retentionOf(matter);
  return [
    ...(holds > 0
      ? [
          brokenRule('erasure.legal-hold', 'patient', 'A legal hold stands: the record is needed.', {
            seen: holds,
            accepted: 'no legal hold on any registration of the person',
          }),
        ]
      : []),
    ...(until !== null && matter.today <= until
      ? [
          brokenRule('erasure.retention', 'patient', `The record has to be kept until ${until}.`, {
            seen: matter.today,
            accepted: `a day after ${until}`,
          }),
        ]
      : []),
  ];
}

function refuseBroken(matter: ErasureMatter): void {
  const broken = standsAgainst(matter);
  if (broken.length > 0) throw new ErasureRefused(broken);
}
