import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { z } from 'zod';

/** How often a patient was invited to come again: written in one append with each attempt, and guarded by it. */
export const invitationStream = (patientId: string) => `invitation-${patientId}`;

export const InvitationCounted = eventType('InvitationCounted', {
  schema: z.strictObject({ patientId: z.uuid(), messageId: z.uuid() }),
});

export const INVITATION_EVENTS = [InvitationCounted] as const;
export type InvitationEvent = EventOf<(typeof INVITATION_EVENTS)[number]>;
