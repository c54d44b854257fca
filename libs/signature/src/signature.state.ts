import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Meaning, PasskeyProof, SignatureEvent, SignInBy } from './signature.events.js';

export interface Signature {
  readonly signatureId: string;
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly entry: string;
  readonly headerHash: string;
  readonly dataHash: string;
  readonly meaning: Meaning;
  readonly signer: string;
  readonly authenticatedAt: string;
  /** Null where it was signed before version 2 of the event. */
  readonly leafHash: string | null;
  readonly signInBy: SignInBy | null;
  readonly passkey: PasskeyProof | null;
  readonly signedAt: string;
}

/** The signatures under a patient's record, in the order in which they were given. */
export const signaturesFold = {
  initial: [] as readonly Signature[],
  evolve: (signatures: readonly Signature[], { data, recordedAt }: RecordedEvent<SignatureEvent>) => {
    const { patientId: _, ...signature } = data;
    return [...signatures, { ...signature, signedAt: recordedAt }];
  },
};
