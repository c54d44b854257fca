import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { z } from 'zod';

/** What somebody says by signing an entry. */
export const MEANINGS = ['authorship', 'consent', 'override', 'closure', 'review'] as const;
export type Meaning = (typeof MEANINGS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The signatures under the entries of a patient's record. */
export const signatureStream = (patientId: string): string => `signature-${patientId}`;

/**
 * Somebody has signed one entry: bound to its place in the log and to its exact bytes, so that it stands under nothing
 * else. The ledger commits to this event as to any other.
 */
export const EntrySigned = eventType('EntrySigned', {
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
  }),
});

export const SIGNATURE_EVENTS = [EntrySigned] as const;
export type SignatureEvent = EventOf<(typeof SIGNATURE_EVENTS)[number]>;
