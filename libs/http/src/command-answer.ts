import { z } from 'zod';
import type { CommandResult } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { revisionTag } from './entity-tag.js';

/** What a command answers. Nothing personal, so that it may be stored and given again. */
export const commandAnswerSchema = z
  .strictObject({
    id: z.uuid().describe('Of what was made or changed.'),
    revision: z.int().min(-1).describe('Of it after this command; send it back as If-Match.'),
    position: z
      .string()
      .regex(/^[0-9a-f-]{36}:\d{1,15}$/)
      .describe('`chain:position`; give it to a query to see what this did.'),
    receipts: z.int().min(0).optional().describe('Of a recalled lot: how many receipts on record are of it.'),
    warnings: z.array(z.string()).optional().describe('What is done all the same, and worth a second look.'),
  })
  .meta({ id: 'CommandAnswer' });

export type CommandAnswer = z.infer<typeof commandAnswerSchema>;

/** The part of a command's result that callers get. */
export const commandAnswer = (
  id: Id,
  {
    revision,
    position,
    receipts,
    warnings = [],
  }: Pick<CommandResult, 'revision' | 'position'> & Pick<CommandAnswer, 'receipts' | 'warnings'>,
): CommandAnswer => ({
  id,
  revision,
  position,
  ...(receipts === undefined ? {} : { receipts }),
  ...(warnings.length === 0 ? {} : { warnings }),
});

/**
 * The headers that go with the answer.
 * @param location pattern of the address of what was made, with `:id` in it; undefined where nothing was made
 */
export function answerHeaders(answer: CommandAnswer, location: string | undefined): Record<string, string> {
  return {
    'pistor-position': answer.position,
    ...(answer.revision >= 0 && { etag: revisionTag(answer.revision) }),
    ...(location !== undefined && { location: location.replaceAll(':id', answer.id) }),
  };
}
