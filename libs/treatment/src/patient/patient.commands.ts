import { z } from 'zod';
import { contactPreferenceSchema, healthSchema, identitySchema } from './patient.events.js';

export const registerPatientSchema = z
  .strictObject({
    code: z.string().trim().min(1).max(100).optional(),
    identity: identitySchema,
    preference: contactPreferenceSchema,
    health: healthSchema.default({ allergies: [], conditions: [], medications: [] }),
  })
  .meta({ id: 'RegisterPatient' });

export const changeContactPreferenceSchema = contactPreferenceSchema.meta({ id: 'ChangeContactPreference' });

export const recordHealthSchema = healthSchema.meta({ id: 'RecordHealth' });
