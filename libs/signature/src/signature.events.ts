import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { z } from 'zod';
import { withoutProof } from './signature.upcasters.js';

/** What somebody says by signing an entry. */
export const MEANINGS = ['authorship', 'consent', 'override', 'closure', 'review'] as const;
export type Meaning = (typeof MEANINGS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const base64url = z.string().regex(/^[\w-]+$/);

/** How people prove who they are in a chain. */
export const SIGN_INS = ['demo', 'passkeys', 'openid-connect'] as const;
export type SignInBy = (typeof SIGN_INS)[number];

/**
 * What a passkey answered when it was asked to sign one entry, and what shows that it did (WebAuthn 3, 7.2): whoever has
 * the event can check it, without us. Nothing in it is personal.
 */
export const passkeyProofSchema = z.strictObject({
  /** Made for this signature alone: 32 random bytes, part of what the challenge is made of. */
  nonce: base64url,
  /** The address of the page that asked. */
  origin: z.string().min(1),
  /** SubjectPublicKeyInfo in DER, and what it signs with as COSE numbers it: -7 ES256, -8 EdDSA, -257 RS256. */
  publicKey: base64url,
  algorithm: z.union([z.literal(-7), z.literal(-8), z.literal(-257)]),
  clientData: base64url,
  authenticatorData: base64url,
  signature: base64url,
});
export type PasskeyProof = z.infer<typeof passkeyProofSchema>;

/** The signatures under the entries of a patient's record. */
export const signatureStream = (patientId: string): string => `signature-${patientId}`;

/**
 * Somebody has signed one entry: bound to its place in the log and to its exact bytes, so that it stands under nothing
 * else. The ledger commits to this event as to any other.
 */
export const EntrySigned = eventType('EntrySigned', {
  version: 2,
  upcasters: [withoutProof],
  schema: z.strictObject({
    patientId: z.uuid(),
    signatureId: z.uuid(),
    position: z.int().min(1),
    stream: z.string().min(1),
    revision: z.int().min(0),
    /** Type of the entry. */
    entry: z.string().min(1),
    /** SHA-256 of the stored texts, as hexadecimal digits. */
    headerHash: sha256,
    dataHash: sha256,
    meaning: z.enum(MEANINGS),
    /** Principal, such as `user:<uuid>`. */
    signer: z.string().min(1),
    /** When they had proved who they are: shortly before. */
    authenticatedAt: instantSchema,
    /** The entry's leaf in the tree over all events; null where it was signed before version 2. */
    leafHash: sha256.nullable(),
    /** By what they had proved it; null before version 2. */
    signInBy: z.enum(SIGN_INS).nullable(),
    /** Their passkey's own signature over this very entry; null where they do not sign in with one. */
    passkey: passkeyProofSchema.nullable(),
  }),
});

export const SIGNATURE_EVENTS = [EntrySigned] as const;
export type SignatureEvent = EventOf<(typeof SIGNATURE_EVENTS)[number]>;
