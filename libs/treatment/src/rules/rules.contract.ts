import { DEMANDS } from '#libs/protocols/src/rule-book.js';
import { z } from 'zod';
import { factSchema } from '../directory/directory.contract.js';

/** A rule as it is answered: what it says, what it rests on, and who may go on in spite of it. */
export const ruleViewSchema = z
  .strictObject({
    id: z.string().describe('What a refusal names in `fields[].rule`, for example `session.interval-short`.'),
    says: z.string().describe('The rule in one sentence, in English.'),
    demand: z.enum(DEMANDS).describe('The heading under which it stands.'),
    facts: z
      .array(factSchema)
      .describe('The published statements it rests on; none: law, good practice or the chain’s.'),
    override: z.enum(['none', 'anyone', 'physician']).describe('Who may override it, with a written reason.'),
  })
  .meta({ id: 'Rule' });
export type RuleView = z.infer<typeof ruleViewSchema>;
