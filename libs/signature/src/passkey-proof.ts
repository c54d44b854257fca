import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Meaning, PasskeyProof } from './signature.events.js';

/** What a passkey signs for: one leaf of one log, in one meaning, by one person, once. */
export interface SignedMatter {
  /** Of the log: `pistor/<chain id>`. */
  readonly log: string;
  readonly leafHash: string;
  readonly meaning: Meaning;
  readonly signer: string;
  readonly nonce: string;
}

/**
 * The challenge that a passkey is given. An auditor makes it anew from an evidence bundle (docs/evidence.md), so its form
 * is fixed: SHA-256 over these lines, as base64url.
 */
export const challengeOf = ({ log, leafHash, meaning, signer, nonce }: SignedMatter): string =>
  createHash('sha256')
    .update(`pistor-signature/v1\n${log}\n${leafHash}\n${meaning}\n${signer}\n${nonce}\n`)
    .digest('base64url');

/** Flags of authenticator data: a person was there, and proved to the device who they are. */
const PRESENT_AND_VERIFIED = 0x05;

/** Whether a passkey has signed exactly this. What was verified when it was signed holds for whoever looks later. */
export function provesPasskey(proof: PasskeyProof, matter: Omit<SignedMatter, 'nonce'>): boolean {
  try {
    const [clientData, authenticatorData] = [bytesOf(proof.clientData), bytesOf(proof.authenticatorData)];
    const { type, challenge, origin } = JSON.parse(clientData.toString()) as Record<string, unknown>;
    const key = createPublicKey({ key: bytesOf(proof.publicKey), format: 'der', type: 'spki' });
    const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
    return (
      type === 'webauthn.get' &&
      challenge === challengeOf({ ...matter, nonce: proof.nonce }) &&
      origin === proof.origin &&
      authenticatorData.subarray(0, 32).equals(sha256(new URL(proof.origin).hostname)) &&
      ((authenticatorData[32] ?? 0) & PRESENT_AND_VERIFIED) === PRESENT_AND_VERIFIED &&
      verify(proof.algorithm === -8 ? null : 'sha256', signed, key, bytesOf(proof.signature))
    );
  } catch {
    return false;
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
