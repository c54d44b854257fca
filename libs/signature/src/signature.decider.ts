import { occurredNow } from '#libs/kernel/src/occurred.js';
import { EntrySigned, type Meaning, type SignatureEvent } from './signature.events.js';
import { type SignatureFinding, SignatureRefused } from './signature.errors.js';
import type { Signature } from './signature.state.js';

/** Longer than it takes to read what one signs. */
export const FRESH_MS = 5 * 60_000;

/** The meanings that an entry can be signed in, beside authorship; what is not named has no other. */
const MEANINGS_OF: Readonly<Record<string, readonly Meaning[]>> = {
  ConsentSigned: ['consent'],
  ConsentWithdrawn: ['consent'],
  ContraindicationOverridden: ['override'],
  SessionHoldDecided: ['override'],
  SessionPerformed: ['override'],
  SessionReviewed: ['review'],
  ConsultationConcluded: ['closure'],
  AdverseEventClosed: ['closure'],
  CourseCompleted: ['closure'],
  CourseStopped: ['closure'],
  CourseLapsed: ['closure'],
};

/** Only a physician may have done what is signed. */
const BY_PHYSICIAN: ReadonlySet<Meaning> = new Set(['override', 'review']);
const CLOSED_BY_PHYSICIAN: ReadonlySet<string> = new Set(['AdverseEventClosed']);

export interface Signer {
  readonly principal: string;
  readonly isPerson: boolean;
  /** Where the entry belongs. */
  readonly isPhysician: boolean;
  readonly authenticatedAt: string;
}

export interface SignEntry {
  readonly signatureId: string;
  readonly patientId: string;
  readonly meaning: Meaning;
  readonly entry: {
    readonly position: number;
    readonly stream: string;
    readonly revision: number;
    readonly type: string;
    readonly headerHash: string;
    readonly dataHash: string;
    /** Whether a session was performed against a rule. */
    readonly overrides: boolean;
  };
  readonly signer: Signer;
  /** By a real clock, also in a sandbox: how long ago somebody has proved who they are. */
  readonly askedAt: string;
}

/** @throws SignatureRefused with all that stands against it */
export function decideSignature(
  { signatureId, patientId, meaning, entry, signer, askedAt }: SignEntry,
  signatures: readonly Signature[],
  now: string,
): SignatureEvent[] {
  const { principal, authenticatedAt } = signer;
  const { overrides: _, type, ...place } = entry;
  const isRepeat = signatures.some(
    (each) => each.position === place.position && each.meaning === meaning && each.signer === principal,
  );
  if (isRepeat) return [];
  const findings = [
    ...meaningFindings(meaning, entry),
    ...signerFindings(meaning, type, signer),
    ...freshFindings(authenticatedAt, askedAt),
  ];
  if (findings.length > 0) throw new SignatureRefused(findings);
  return [
    EntrySigned(occurredNow(now), {
      ...{ patientId, signatureId, ...place, entry: type, meaning, signer: principal, authenticatedAt },
    }),
  ];
}

function meaningFindings(meaning: Meaning, { type, overrides }: SignEntry['entry']): SignatureFinding[] {
  const possible = (MEANINGS_OF[type] ?? []).filter((each) => type !== 'SessionPerformed' || (each && overrides));
  if (meaning === 'authorship' || possible.includes(meaning)) return [];
  const accepted = ['authorship', ...possible].join(', ');
  return [finding('signature.meaning', 'meaning', `${type} is not signed as ${meaning}.`, { seen: meaning, accepted })];
}

function signerFindings(
  meaning: Meaning,
  type: string,
  { isPerson, isPhysician, principal }: Signer,
): SignatureFinding[] {
  if (!isPerson) {
    const accepted = 'a person who is signed in';
    return [finding('signature.by-person', 'signer', 'A machine signs nothing.', { seen: principal, accepted })];
  }
  const needsPhysician = BY_PHYSICIAN.has(meaning) || (meaning === 'closure' && CLOSED_BY_PHYSICIAN.has(type));
  if (!needsPhysician || isPhysician) return [];
  const accepted = 'a physician at a site of the patient';
  return [finding('signature.by-physician', 'signer', 'Only a physician signs this.', { seen: principal, accepted })];
}

function freshFindings(authenticatedAt: string, askedAt: string): SignatureFinding[] {
  if (Date.parse(askedAt) - Date.parse(authenticatedAt) <= FRESH_MS) return [];
  const message = 'Sign in again, and then sign.';
  return [
    finding('signature.fresh', 'authenticatedAt', message, {
      seen: authenticatedAt,
      accepted: 'the last five minutes',
    }),
  ];
}

const finding = (
  rule: SignatureFinding['rule'],
  field: string,
  message: string,
  values: Pick<SignatureFinding, 'seen' | 'accepted'>,
): SignatureFinding => ({ rule, field, message, ...values });
