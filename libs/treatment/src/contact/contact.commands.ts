import { z } from 'zod';
import { contactCategorySchema } from '#libs/protocols/src/contact-category.js';
import { contactChoicesSchema } from './contact.events.js';

/** The whole of the choices; what is left out follows the patient's general preference again. */
export const setContactChoicesSchema = contactChoicesSchema.meta({ id: 'SetContactChoices' });

export const chooseCategoriesSchema = z
  .strictObject({ categories: z.array(contactCategorySchema).min(1).max(3) })
  .meta({ id: 'ChooseContactCategories' });
