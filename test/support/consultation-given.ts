import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { wallToInstant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ConsultationCommand } from '#libs/treatment/src/consultation/consultation-command.types.js';
import { decideConsultation } from '#libs/treatment/src/consultation/consultation.decider.js';
import type { ConsultationEvent, QuestionnaireAnswer } from '#libs/treatment/src/consultation/consultation.events.js';
import type { HeldConsultation } from '#libs/treatment/src/consultation/consultation.state.js';
import {
  type ConsultationHistory,
  consultationHistoryFold,
} from '#libs/treatment/src/consultation/consultation-entry.decider.js';
import type { PractitionerState } from '#libs/treatment/src/practitioner/practitioner.state.js';
import { saysEnough } from './refusal-says.js';

/** A consultation about `facial` in Istanbul and what its decisions look at, for tests that read given, when, then. */

export const consultationId = newId();
export const patientId = newId();
export const siteId = newId();
export const practitionerId = newId();

export const at = (wall: string): ZonedTime => wallToInstant(wall, 'Europe/Istanbul');
/** Monday afternoon. */
export const NOW = at('2026-03-02T16:00').instant;
export const TODAY = '2026-03-02';

const registered = (role: 'physician' | 'nurse', procedures: readonly string[]): PractitionerState => ({
  status: 'registered',
  practitionerId,
  role,
  credentials: [{ procedures, validFrom: '2020-01-01', validTo: '2026-12-31' }],
});
export const physician = registered('physician', ['facial', 'stepwise', 'slimming-and-cellulite']);
export const nurse = registered('nurse', ['facial', 'stepwise']);

export const HEALTHY: HealthAnswers = { conditions: [], medications: [], allergies: [] };

type Of<Type extends ConsultationCommand['type']> = Extract<ConsultationCommand, { type: Type }>;

export const hold = (more: Partial<Of<'Hold'>> = {}): Of<'Hold'> => ({
  type: 'Hold',
  consultationId,
  patientId,
  siteId,
  practitionerId,
  procedure: 'facial',
  at: at('2026-03-02T10:00'),
  notes: {},
  known: { practitioner: physician, diedOn: null },
  ...more,
});

/** A note of everything that a protocol asks for. */
export const note = (protocol: Protocol = facial, without: readonly string[] = []): Of<'Note'> => ({
  type: 'Note',
  practitionerId,
  notes: Object.fromEntries(
    protocol.consultation.filter(({ code }) => !without.includes(code)).map(({ code }) => [code, `noted: ${code}`]),
  ),
  known: { practitioner: physician },
});

/** No to every question of a protocol, but for these answers. */
export function answers(
  but: readonly QuestionnaireAnswer[] = [],
  protocol: Protocol = facial,
  without: readonly string[] = [],
): Of<'AnswerQuestionnaire'> {
  const given = new Map(but.map((each) => [each.code, each]));
  const codes = protocol.screening.contraindications.map(({ code }) => code).filter((code) => !without.includes(code));
  return {
    type: 'AnswerQuestionnaire',
    answers: codes.map((code) => given.get(code) ?? { code, answer: 'no' as const }),
    known: { protocol },
  };
}

export const products = (...ingredients: readonly string[]): Of<'ConsiderProducts'> => ({
  type: 'ConsiderProducts',
  products: ['GlowMeso'],
  ingredients: [{ product: 'GlowMeso', ingredients }],
});

export const result = (test: string, on: string, acceptable = true): Of<'RecordTestResult'> => ({
  type: 'RecordTestResult',
  test,
  on,
  acceptable,
  values: [{ name: 'value', value: '1' }],
});

export const override = (
  code: string,
  known: Partial<Of<'OverrideContraindication'>['known']> = {},
): Of<'OverrideContraindication'> => ({
  type: 'OverrideContraindication',
  code,
  practitionerId,
  reason: 'agreed with the cardiologist',
  known: { protocol: facial, practitioner: physician, health: HEALTHY, ...known },
});

export const conclude = (
  conclusion: Of<'Conclude'>['conclusion'] = { outcome: 'cleared' },
  more: Partial<Omit<Of<'Conclude'>, 'known'>> = {},
  known: Partial<Of<'Conclude'>['known']> = {},
): Of<'Conclude'> => ({
  type: 'Conclude',
  practitionerId,
  conclusion,
  reason: conclusion.outcome === 'cleared' ? '' : 'an infection heals first',
  at: undefined,
  ...more,
  known: { protocol: facial, practitioner: physician, health: HEALTHY, ...known },
});

export const sign = (more: Partial<Omit<Of<'SignConsent'>, 'known'>> = {}, known = {}): Of<'SignConsent'> => ({
  type: 'SignConsent',
  procedure: 'facial',
  signedOn: '2026-03-02',
  formHash: 'ab'.repeat(32),
  signedBy: 'patient',
  validUntil: '2027-03-01',
  ...more,
  known: { isMinor: false, hasGuardian: false, diedOn: null, ...known },
});

export const withdraw = (wall?: string): Of<'WithdrawConsent'> => ({
  type: 'WithdrawConsent',
  procedure: 'facial',
  at: wall === undefined ? undefined : at(wall),
});

/** The id that `recorded` gives to the nth event, from 0. */
export const eventIdOf = (revision: number): string => `0199a000-0000-7000-8000-${String(revision).padStart(12, '0')}`;

/** Events as a store would have recorded them, one a minute after the other. */
export const recorded = (events: readonly NewEvent[]): RecordedEvent[] =>
  events.map(
    (event, revision) =>
      ({
        ...event,
        chain: consultationId,
        stream: `consultation-${consultationId}`,
        position: revision + 1,
        revision,
        recordedAt: new Date(Date.parse(NOW) + revision * 60_000).toISOString(),
        header: { id: eventIdOf(revision), type: event.type, origin: 'live', occurredAt: event.occurredAt },
      }) as unknown as RecordedEvent,
  );

/** What stands after some events, corrections applied. */
export const historyOf = (events: readonly NewEvent[]): ConsultationHistory =>
  (effectiveHistory(recorded(events)) as unknown as RecordedEvent<ConsultationEvent>[]).reduce(
    consultationHistoryFold.evolve,
    consultationHistoryFold.initial,
  );

/** The events of commands, one after the other. */
export function happened(commands: readonly ConsultationCommand[], now = NOW): NewEvent[] {
  const events: NewEvent[] = [];
  for (const command of commands) events.push(...decideConsultation(command, historyOf(events).state, now));
  return events;
}

/** What a command makes after others. */
export const when = (command: ConsultationCommand, given: readonly ConsultationCommand[], now = NOW): NewEvent[] =>
  decideConsultation(command, historyOf(happened(given, now)).state, now);

/** The consultation that commands make. */
export function standing(commands: readonly ConsultationCommand[], now = NOW): HeldConsultation {
  return heldIn(happened(commands, now));
}

/** The consultation that events make. */
export function heldIn(events: readonly NewEvent[]): HeldConsultation {
  const { state } = historyOf(events);
  if (state.status === 'none') throw new Error('There is no consultation');
  return state;
}

export interface Refusal {
  readonly code: string;
  /** Rule and field of everything that stood against it. */
  readonly rules: readonly string[];
  readonly fields: PistorError['fields'];
}

/** Why something was refused. @throws Error when it was not, or where a rule does not say how to mend it */
export function refusal(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    saysEnough(error);
    const rules = error.fields.map(({ rule, field }) => `${rule} ${field}`);
    return { code: error.code, rules, fields: error.fields };
  }
  throw new Error('It was not refused');
}
