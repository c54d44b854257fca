import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const userStream = (userId: string) => `user-${userId}`;

/** Roles that people hold; what machines hold is said by their keys. */
export const userRoleSchema = z.enum([
  'administrator',
  'site-manager',
  'practitioner',
  'physician',
  'receptionist',
  'auditor',
  'patient',
]);
export type UserRole = z.infer<typeof userRoleSchema>;

const ofUser = { userId: z.uuid() };
/** Users are no patients: the one class of data that is held about them closes reasons as well. */
const subject = 'userId';

/** Somebody is expected: who they are is proved when they sign in for the first time. */
export const UserInvited = eventType('UserInvited', {
  subject,
  schema: z.strictObject({ ...ofUser, name: personal('contact', z.string().min(1)) }),
});

export const RoleGranted = eventType('RoleGranted', {
  schema: z.strictObject({
    ...ofUser,
    grantId: z.uuid(),
    role: userRoleSchema,
    /** Null: at all sites; of the role `patient`, at none. */
    siteId: z.uuid().nullable(),
    /** Of the role `patient`: whose record it is. */
    patientId: z.uuid().nullable(),
    /** The first and the last day, in UTC; null: open. */
    validFrom: localDateSchema.nullable(),
    validTo: localDateSchema.nullable(),
  }),
});

export const RoleRevoked = eventType('RoleRevoked', { schema: z.strictObject({ ...ofUser, grantId: z.uuid() }) });

/** From now on nothing is open to them, and their sessions have ended. */
export const UserDisabled = eventType('UserDisabled', {
  subject,
  schema: z.strictObject({ ...ofUser, reason: personal('contact', z.string().min(1)) }),
});

export const UserEnabled = eventType('UserEnabled', {
  subject,
  schema: z.strictObject({ ...ofUser, reason: personal('contact', z.string().min(1)) }),
});

/** A code was made with which they can make themselves known, once. Earlier codes ended with it. */
export const UserInvitationIssued = eventType('UserInvitationIssued', {
  schema: z.strictObject({ ...ofUser, expiresAt: instantSchema }),
});

/** They have made themselves known, and can sign in by this from now on. */
export const UserSignInAdded = eventType('UserSignInAdded', {
  schema: z.strictObject({ ...ofUser, by: z.enum(['passkey', 'openid-connect']) }),
});

/** The record of a patient was opened to them beyond their sites, until then and for a reason. */
export const GlassBroken = eventType('GlassBroken', {
  version: 2,
  // Version 2 says whose managers look at it.
  upcasters: [(data) => data],
  subject: 'patientId',
  schema: z.strictObject({
    ...ofUser,
    openingId: z.uuid(),
    patientId: z.uuid(),
    /** The sites of the patient then: what is recorded under the opening makes no other one of them. */
    siteIds: z.array(z.uuid()).optional(),
    until: instantSchema,
    reason: personal('clinical', z.string().min(1)),
  }),
});

/** They closed it before its time was over. */
export const GlassMended = eventType('GlassMended', { schema: z.strictObject({ ...ofUser, openingId: z.uuid() }) });

/** Somebody else has looked at why it was opened. */
export const GlassReviewed = eventType('GlassReviewed', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofUser,
    openingId: z.uuid(),
    patientId: z.uuid(),
    outcome: z.enum(['justified', 'not-justified']),
    note: personal('clinical', z.string().min(1)),
  }),
});

export const USER_EVENTS = [
  UserInvited,
  RoleGranted,
  RoleRevoked,
  UserDisabled,
  UserEnabled,
  UserInvitationIssued,
  UserSignInAdded,
  GlassBroken,
  GlassMended,
  GlassReviewed,
] as const;
export type UserEvent = EventOf<(typeof USER_EVENTS)[number]>;
