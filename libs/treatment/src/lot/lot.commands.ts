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
  .meta({ id: 'ReceiveLot' });
