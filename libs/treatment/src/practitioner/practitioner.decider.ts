import type { EffectiveEvent } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { sameData } from '../same-data.js';
import {
  CredentialEntryUnknown,
  CredentialRefused,
  PractitionerExists,
  practitionerField,
  PractitionerUnknown,
} from './practitioner.errors.js';
import {
  CredentialGranted,
  CredentialGrantedCorrected,
  CredentialRevoked,
  CredentialRevokedCorrected,
  PractitionerEntryRetracted,
  type PractitionerEvent,
  PractitionerRegistered,
} from './practitioner.events.js';
import { type Credential, practitionerFold, type PractitionerState } from './practitioner.state.js';

/** A practitioner with the entries that make the state, those that were taken back left out. */
export interface PractitionerHistory {
  readonly state: PractitionerState;
  readonly entries: readonly EffectiveEvent<RecordedEvent<PractitionerEvent>>[];
}

export const practitionerHistoryFold = {
  initial: { state: practitionerFold.initial, entries: [] } as PractitionerHistory,
  evolve: ({ state, entries }: PractitionerHistory, event: RecordedEvent<PractitionerEvent>): PractitionerHistory => ({
    state: practitionerFold.evolve(state, event),
    entries: [...entries, event],
  }),
};

export type GrantedOrRevoked =
  | { readonly type: 'CredentialGranted'; readonly credential: Credential }
  | {
      readonly type: 'CredentialRevoked';
      readonly procedures: readonly string[];
      /** The first day without. */
      readonly from: LocalDate;
      readonly reason: string;
    };

export type PractitionerCommand =
  | {
      readonly type: 'Register';
      readonly practitionerId: Id;
      readonly role: 'physician' | 'nurse';
      readonly name: string;
      readonly credentials: readonly Credential[];
    }
  | { readonly type: 'Grant'; readonly credential: Credential }
  | {
      readonly type: 'Revoke';
      readonly procedures: readonly string[];
      readonly from: LocalDate;
      readonly reason: string;
    }
  | {
      readonly type: 'CorrectEntry';
      /** Id of the event of the entry, or of a correction of it. */
      readonly event: Id;
      readonly says: GrantedOrRevoked;
      readonly reason: string;
    }
  | { readonly type: 'RetractEntry'; readonly event: Id; readonly reason: string };

/**
 * What a command makes of a practitioner; nothing where it was said before.
 * @throws PractitionerUnknown, PractitionerExists, CredentialRefused, CredentialEntryUnknown
 */
export function decidePractitioner(
  command: PractitionerCommand,
  history: PractitionerHistory,
  now: Instant,
): NewEvent[] {
  const { state } = history;
  if (command.type === 'Register') return register(command, state, now);
  if (state.status === 'none') throw new PractitionerUnknown();
  switch (command.type) {
    case 'Grant':
      return grant(command.credential, history, state, now);
    case 'Revoke':
      return revoke(command, state, now);
    case 'CorrectEntry':
      return correct(command, history, state.practitionerId);
    case 'RetractEntry':
      return retract(command, history, state.practitionerId, now);
    default:
      return assertNever(command, 'practitioner command');
  }
}

type Registered = Extract<PractitionerState, { status: 'registered' }>;
type Command<Type extends PractitionerCommand['type']> = Extract<PractitionerCommand, { type: Type }>;

function refuseAll(fields: readonly ErrorField[]): void {
  if (fields.length > 0) throw new CredentialRefused(fields);
}

function register(command: Command<'Register'>, state: PractitionerState, now: Instant): NewEvent[] {
  const { practitionerId, role, name, credentials } = command;
  if (state.status !== 'none') throw new PractitionerExists();
  refuseAll(credentials.flatMap((credential, n) => endsBeforeItBegins(credential, `credentials.${n}.`)));
  const at = occurredNow(now);
  return [
    PractitionerRegistered(at, { practitionerId, role, name }),
    ...credentials.map((credential) => CredentialGranted(at, { practitionerId, ...plain(credential) })),
  ];
}

const plain = ({ procedures, validFrom, validTo }: Credential) => ({ procedures: [...procedures], validFrom, validTo });

function endsBeforeItBegins({ validFrom, validTo }: Credential, path = ''): ErrorField[] {
  if (validTo === null || validFrom <= validTo) return [];
  const message = `A credential that begins on ${validFrom} cannot have ended on ${validTo}.`;
  const accepted = `${validFrom} or later`;
  return [practitionerField('credential.period', `${path}validTo`, message, { seen: validTo, accepted })];
}

/** What the practitioner may carry out, and when (S2-Q1). */
function grant(credential: Credential, history: PractitionerHistory, state: Registered, now: Instant): NewEvent[] {
  if (state.credentials.some((each) => sameData(each, plain(credential)))) return [];
  refuseAll([...endsBeforeItBegins(credential), ...spansRevocation(credential, history.entries)]);
  return [CredentialGranted(occurredNow(now), { practitionerId: state.practitionerId, ...plain(credential) })];
}

/**
 * A revocation stands until a credential that begins on its day or later: an old certificate that is entered late does not
 * bring back what was revoked since. One that was entered by mistake is taken back.
 */
function spansRevocation(credential: Credential, before: PractitionerHistory['entries'], path = ''): ErrorField[] {
  const { procedures, validFrom, validTo } = credential;
  return before.flatMap((entry) => {
    if (entry.type !== 'CredentialRevoked') return [];
    const { from, procedures: revoked } = entry.data;
    const again = procedures.filter((procedure) => revoked.includes(procedure));
    if (again.length === 0 || validFrom >= from || (validTo !== null && validTo < from)) return [];
    const message = `${again.join(', ')} was revoked from ${from} on: what began before that ended then.`;
    const seen = `${validFrom} to ${validTo ?? 'open'}`;
    const accepted = `validFrom ${from} or later, or validTo before ${from}`;
    return [practitionerField('credential.revoked', `${path}validTo`, message, { seen, accepted })];
  });
}

function revoke({ procedures, from, reason }: Command<'Revoke'>, state: Registered, now: Instant): NewEvent[] {
  const held = new Set(state.credentials.flatMap((credential) => credential.procedures));
  const unknown = procedures.filter((procedure) => !held.has(procedure));
  refuseAll(
    unknown.map((procedure) => {
      const message = `The practitioner has no credential for ${procedure}.`;
      const accepted = [...held].join(', ') || 'nothing: there is none';
      return practitionerField('credential.not-held', 'procedures', message, { seen: procedure, accepted });
    }),
  );
  const isOver = ({ procedures: of, validTo }: Credential) =>
    !of.some((procedure) => procedures.includes(procedure)) || (validTo !== null && validTo < from);
  if (state.credentials.every(isOver)) return [];
  const { practitionerId } = state;
  return [CredentialRevoked(occurredNow(now), { practitionerId, procedures: [...procedures], from, reason })];
}

const isCorrectionOf = (entry: PractitionerHistory['entries'][number], event: Id): boolean =>
  entry.correctness?.correctedBy.some(({ eventId }) => eventId === event) ?? false;

function entryOf({ entries }: PractitionerHistory, event: Id) {
  const entry = entries.find((each) => each.header.id === event || isCorrectionOf(each, event));
  if (!entry) throw new CredentialEntryUnknown();
  return entry;
}

/** Credentials are judged by what they should have said from now on, for every day; that is all that is refused. */
function correct(command: Command<'CorrectEntry'>, history: PractitionerHistory, practitionerId: Id): NewEvent[] {
  const { event, says, reason } = command;
  const entry = entryOf(history, event);
  const correcting = { corrects: entry.header.id, correctionReason: reason };
  const { occurredAt } = entry;
  if (says.type !== entry.type) {
    const message = `The entry is of the kind ${entry.type}.`;
    const accepted = entry.type === 'PractitionerRegistered' ? 'a grant or a revocation' : entry.type;
    throw new CredentialRefused([
      practitionerField('credential.entry', 'data.type', message, { seen: says.type, accepted }),
    ]);
  }
  if (says.type === 'CredentialGranted') {
    // A revocation that came after the entry ends what it says anyway.
    const before = history.entries.slice(0, history.entries.indexOf(entry));
    refuseAll([...endsBeforeItBegins(says.credential, 'data.'), ...spansRevocation(says.credential, before, 'data.')]);
    const data = { practitionerId, ...plain(says.credential) };
    return sameData(entry.data, data) ? [] : [CredentialGrantedCorrected(occurredAt, { ...data, ...correcting })];
  }
  const { from, reason: why } = says;
  const data = { practitionerId, procedures: [...says.procedures], from, reason: why };
  return sameData(entry.data, data) ? [] : [CredentialRevokedCorrected(occurredAt, { ...data, ...correcting })];
}

function retract(
  { event, reason }: Command<'RetractEntry'>,
  history: PractitionerHistory,
  practitionerId: Id,
  now: Instant,
): NewEvent[] {
  const entry = entryOf(history, event);
  if (entry.type === 'PractitionerRegistered') {
    throw new CredentialRefused([
      practitionerField('credential.entry', 'event', 'A registration is not taken back.', {
        seen: entry.type,
        accepted: 'a grant or a revocation',
      }),
    ]);
  }
  return [PractitionerEntryRetracted(occurredNow(now), { practitionerId, retracts: event, retractionReason: reason })];
}
