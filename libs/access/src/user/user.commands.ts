import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { userRoleSchema } from './user.events.js';

const reference = z.string().min(1).max(200);
const reason = z.string().trim().min(1).max(2_000);

export const grantRoleSchema = z
  .strictObject({
    role: userRoleSchema,
    /** Where it is held; all sites where it is left out. */
    site: reference.optional(),
    /** Of the role `patient`: whose record it is. */
    patient: reference.optional(),
    /** The first and the last day, in UTC. */
    validFrom: localDateSchema.optional(),
    validTo: localDateSchema.optional(),
  })
  .refine(({ validFrom, validTo }) => !validFrom || !validTo || validFrom <= validTo, {
    path: ['validTo'],
    message: 'the last valid day, not before validFrom',
  })
  .meta({ id: 'GrantRole' });
export type GrantRoleData = z.infer<typeof grantRoleSchema>;

export const inviteUserSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    grants: z.array(grantRoleSchema).max(100).default([]),
  })
  .meta({ id: 'InviteUser' });
export type InviteUserData = z.infer<typeof inviteUserSchema>;

export const disableUserSchema = z.strictObject({ reason }).meta({ id: 'DisableUser' });
export type DisableUserData = z.infer<typeof disableUserSchema>;

/** Long enough for an emergency, shorter than a shift. */
export const GLASS_MINUTES_MAX = 240;

export const breakGlassSchema = z
  .strictObject({
    reason: z.string().trim().min(10, 'why, in a sentence that somebody else can judge').max(2_000),
    minutes: z.int().min(5).max(GLASS_MINUTES_MAX).default(60),
  })
  .meta({ id: 'BreakGlass' });
export type BreakGlassData = z.infer<typeof breakGlassSchema>;

export const reviewGlassSchema = z
  .strictObject({ outcome: z.enum(['justified', 'not-justified']), note: reason })
  .meta({ id: 'ReviewGlass' });
export type ReviewGlassData = z.infer<typeof reviewGlassSchema>;
