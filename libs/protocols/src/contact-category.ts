import { z } from 'zod';

/** What patients choose messages by: what is done to them, their appointments, and what invites them to come again. */
export const contactCategorySchema = z.enum(['clinical', 'appointment', 'recall']);
export type ContactCategory = z.infer<typeof contactCategorySchema>;
export const CONTACT_CATEGORIES = contactCategorySchema.options;
