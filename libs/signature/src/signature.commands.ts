import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { MEANINGS, SIGN_INS } from './signature.events.js';

/** What is signed: the position of the entry, as histories and timelines show it, and what is said by it. */
const signing = { position: z.int().min(1), meaning: z.enum(MEANINGS) };

export const beginSignatureSchema = z.strictObject(signing).meta({ id: 'BeginSignature' });
export type BeginSignatureData = z.output<typeof beginSignatureSchema>;

const base64url = z.string().regex(/^[\w-]{1,20000}$/);

export const signEntrySchema = z
  .strictObject({
    ...signing,
    passkey: z
      .strictObject({
        begun: z
          .string()
          .regex(/^[\w-]{43}$/)
          .describe('`begun` of what beginSignature answered.'),
        credential: z
          .looseObject({
            id: z.string().regex(/^[\w-]{1,1400}$/),
            response: z.looseObject({
              clientDataJSON: base64url,
              authenticatorData: base64url,
              signature: base64url,
            }),
          })
          .describe('`PublicKeyCredential.toJSON()` of a browser. Fields that browsers add are passed over.'),
      })
      .optional()
      .describe('Where people sign in with passkeys: what theirs answered.'),
  })
  .meta({ id: 'SignEntry' });
export type SignEntryData = z.output<typeof signEntrySchema>;

export const begunSignatureSchema = z
  .strictObject({
    signInBy: z.enum(SIGN_INS).describe('How whoever signs proves who they are.'),
    fresh: z
      .boolean()
      .describe('Whether they have proved it already, so that signEntry may follow; else they sign in again first.'),
    begun: z.string().nullable().describe('Goes back with what the passkey answers, once and within ten minutes.'),
    options: z
      .looseObject({})
      .nullable()
      .describe(
        'For the browser’s own functions (WebAuthn). The challenge is made of the entry, the meaning and who signs.',
      ),
  })
  .meta({ id: 'BegunSignature' });
export type BegunSignature = z.infer<typeof begunSignatureSchema>;

export const signatureViewSchema = z
  .strictObject({
    signatureId: z.uuid(),
    position: z.int(),
    /** Type of the entry that it stands under. */
    entry: z.string(),
    meaning: z.enum(MEANINGS),
    signer: z.string(),
    /** Of the signer; null where nobody knows it (any more). */
    name: z.string().nullable(),
    signedAt: instantSchema,
    authenticatedAt: instantSchema,
    /** Null of what was signed before this was kept. */
    signInBy: z.enum(SIGN_INS).nullable(),
    /** Whether a passkey of the signer has signed this very entry. */
    byPasskey: z.boolean(),
    /** Whether the entry has the very bytes still that were signed, and the passkey's signature is one over them. */
    intact: z.boolean(),
  })
  .meta({ id: 'Signature' });
export type SignatureView = z.output<typeof signatureViewSchema>;
