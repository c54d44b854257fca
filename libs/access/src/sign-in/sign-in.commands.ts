import { z } from 'zod';

const CODE = z.string().regex(/^[\w-]{43}$/, 'the code of an invitation, whole');

export const beginOpenIdConnectSchema = z
  .strictObject({
    invitation: CODE.optional().describe('Of somebody who signs in for the first time.'),
    anew: z
      .boolean()
      .optional()
      .describe('Also who is known to the provider has to prove who they are: before signing.'),
    returnTo: z
      .string()
      .max(300)
      .regex(/^\/(patients|courses)\/[\w.-]+$/, 'the page of a patient or a course')
      .optional()
      .describe('Page of the console to come back to.'),
  })
  .nullish()
  .meta({ id: 'BeginOpenIdConnect' });

export const passkeyRegistrationOptionsSchema = z
  .strictObject({ invitation: CODE })
  .meta({ id: 'PasskeyRegistrationOptions' });

const base64url = z.string().regex(/^[\w-]{1,20000}$/);
const credential = {
  id: z.string().regex(/^[\w-]{1,1400}$/),
  rawId: base64url,
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).nullish(),
  // What extensions answer is not looked at.
  clientExtensionResults: z.looseObject({}),
};

/** `PublicKeyCredential.toJSON()` of a browser. Fields that browsers add are passed over. */
export const registerPasskeySchema = z
  .strictObject({
    ...credential,
    response: z.looseObject({
      clientDataJSON: base64url,
      attestationObject: base64url,
      transports: z.array(z.string().max(40)).max(20).optional(),
    }),
  })
  .meta({ id: 'RegisterPasskey' });

export const usePasskeySchema = z
  .strictObject({
    ...credential,
    response: z.looseObject({
      clientDataJSON: base64url,
      authenticatorData: base64url,
      signature: base64url,
      userHandle: base64url.nullish(),
    }),
  })
  .meta({ id: 'UsePasskey' });

export const signInViewSchema = z
  .strictObject({
    by: z.enum(['demo', 'passkeys', 'openid-connect']),
    chain: z.string().describe('The short name of the chain.'),
  })
  .meta({ id: 'SignIn' });

export const signedInSchema = z.strictObject({ signedIn: z.literal(true) }).meta({ id: 'SignedIn' });
/** What providers send back is theirs to decide (RFC 6749, RFC 9207): what is not known is passed over. */
export const callbackParamsSchema = z.looseObject({});
/** Made by the browser's own functions; its form is that of WebAuthn. */
export const webauthnOptionsSchema = z.strictObject({ options: z.looseObject({}) }).meta({ id: 'PasskeyOptions' });
