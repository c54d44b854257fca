import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const receiveLotSchema = z
  .strictObject({
    /** Id or code of the site. */
    site: z.string().min(1).max(200),
    product: z.string().trim().min(1).max(200),
    lotNumber: z.string().trim().min(1).max(100),
    gtin: z
      .string()
      .regex(/^\d{8,14}$/, 'a GTIN of 8 to 14 digits')
      .optional(),
    expiresOn: localDateSchema,
    receivedOn: localDateSchema,
    ingredients: z.array(z.string().trim().min(1)).max(200),
  })
  .refine(({ receivedOn, expiresOn }) => receivedOn <= expiresOn, {
    path: ['expiresOn'],
    message: 'the last day on which it may be used, not before the day it was received',
  })
  .meta({ id: 'ReceiveLot' });
