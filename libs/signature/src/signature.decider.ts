import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  EntrySigned,
  type Meaning,
  type PasskeyProof,
  type SignatureEvent,
  type SignInBy,
} from './signature.events.js';
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

/** What an entry can be signed as. A session is an override where it was performed against a rule. */
export const meaningsOf = (type: string, overrides: boolean): readonly Meaning[] => [
  'authorship',
  ...(MEANINGS_OF[type] ?? []).filter(() => type !== 'SessionPerformed' || overrides),
];

/** Only a physician may have done what is signed. */
const BY_PHYSICIAN: ReadonlySet<Meaning> = new Set(['override', 'review']);
const CLOSED_BY_PHYSICIAN: ReadonlySet<string> = new Set(['AdverseEventClosed']);

export interface Signer {
  readonly principal: string;
  readonly isPerson: boolean;
  /** Where the entry belongs. */
  readonly isPhysician: boolean;
  readonly authenticatedAt: string;
  /** How people prove who they are here. */
  readonly signInBy: SignInBy;
  /** What their passkey signed, which was verified against this very entry; null where it signed nothing. */
  readonly passkey: PasskeyProof | null;
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
    /** Of its leaf in the tree over all events, as hexadecimal digits. */
    readonly leafHash: string;
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
  const { principal, authenticatedAt, signInBy, passkey } = signer;
  const { overrides: _, type, ...place } = entry;
  if (isSigned({ meaning, entry, signer }, signatures)) return [];
  const findings = [...entryFindings({ meaning, entry, signer }), ...proofFindings(signer, askedAt)];
  if (findings.length > 0) throw new SignatureRefused(findings);
  return [
    EntrySigned(occurredNow(now), {
      ...{ patientId, signatureId, ...place, entry: type, meaning, signer: principal, authenticatedAt },
      ...{ signInBy, passkey },
    }),
  ];
}

/** Who would sign what, before they prove who they are. */
export type Signing = Pick<SignEntry, 'meaning' | 'entry'> & {
  readonly signer: Pick<Signer, 'principal' | 'isPerson' | 'isPhysician'>;
};

/** Whether the same person has signed the same already. */
export const isSigned = (signing: Signing, signatures: readonly Signature[]): boolean =>
  signatureOf(signing, signatures) !== undefined;

/** The signature by which the same person has signed the same already. */
export const signatureOf = (
  { meaning, entry, signer }: Signing,
  signatures: readonly Signature[],
): Signature | undefined =>
  signatures.find(
    (each) => each.position === entry.position && each.meaning === meaning && each.signer === signer.principal,
  );

/** What stands against it whoever they prove to be: nobody is sent to their passkey in vain. */
export const entryFindings = ({ meaning, entry, signer }: Signing): SignatureFinding[] => [
  ...meaningFindings(meaning, entry),
  ...signerFindings(meaning, entry.type, signer),
];

function meaningFindings(meaning: Meaning, { type, overrides }: SignEntry['entry']): SignatureFinding[] {
  const possible = meaningsOf(type, overrides);
  if (possible.includes(meaning)) return [];
  const accepted = possible.join(', ');
  return [finding('signature.meaning', 'meaning', `${type} is not signed as ${meaning}.`, { seen: meaning, accepted })];
}

function signerFindings(
  meaning: Meaning,
  type: string,
  { isPerson, isPhysician, principal }: Signing['signer'],
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

function proofFindings({ signInBy, passkey, authenticatedAt }: Signer, askedAt: string): SignatureFinding[] {
  if (signInBy === 'passkeys') {
    if (passkey) return [];
    return [
      finding('signature.by-passkey', 'passkey', 'Sign this entry with your passkey.', {
        seen: 'no signature of a passkey over this entry and meaning',
        accepted: 'the answer of a passkey of yours to what beginSignature gave for it',
      }),
    ];
  }
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
