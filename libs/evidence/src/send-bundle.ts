import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, type Log } from '#libs/kernel/src/log.js';

export const EVIDENCE_MEDIA_TYPE = 'application/vnd.pistor.evidence+json';

/** Sends a bundle piece by piece, as a file of a name. What cannot be answered at all is an ordinary problem. */
export async function sendBundle(
  source: AsyncGenerator<string>,
  reply: FastifyReply,
  { name, log, request }: { readonly name: string; readonly log: Log; readonly request: FastifyRequest },
): Promise<void> {
  const first = await source.next();
  const { correlationId } = request.pistor;
  const body = Readable.from(
    pieces(source, first, (error) => {
      log.error({ correlationId, error: describeError(error) }, 'evidence failed');
    }),
    { objectMode: false },
  );
  void reply.header('content-disposition', `attachment; filename="evidence-${name}.json"`);
  await reply.type(EVIDENCE_MEDIA_TYPE).send(body);
}

/** A bundle that broke off is no JSON, so that it cannot be taken for a whole one. */
async function* pieces(
  source: AsyncGenerator<string>,
  first: IteratorResult<string>,
  onFailed: (error: unknown) => void,
): AsyncGenerator<string> {
  try {
    for (let next = first; !next.done; next = await source.next()) yield next.value;
  } catch (error) {
    onFailed(error);
    throw error;
  } finally {
    await source.return(undefined);
  }
}
