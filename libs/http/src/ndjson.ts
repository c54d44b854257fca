import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, type Log } from '#libs/kernel/src/log.js';
import { toProblem } from './problem-details.js';

export const NDJSON_MEDIA_TYPE = 'application/x-ndjson';

/**
 * Answers with one JSON value a line, as they come; the source is asked for the next line only when the caller takes
 * it. An error before the first line is an ordinary problem; a later one becomes the last line, `{"error": problem}`.
 * When the caller goes away `signal` aborts and the source is returned, so its `finally` runs.
 *
 * For handlers with `@Res() reply`, which must await or return this.
 */
export async function sendNdjson(
  request: FastifyRequest,
  reply: FastifyReply,
  lines: (signal: AbortSignal) => AsyncIterable<unknown>,
  log: Log,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('The caller went away'));
  reply.raw.once('close', onClose);
  const source = lines(gone.signal)[Symbol.asyncIterator]();
  let first: IteratorResult<unknown>;
  try {
    first = await source.next();
  } catch (error) {
    reply.raw.off('close', onClose);
    throw error;
  }
  const { correlationId } = request.pistor;
  const body = Readable.from(
    encoded(source, first, (error) => lastLine(error, correlationId, log)),
    { highWaterMark: 4 },
  );
  await reply.type(NDJSON_MEDIA_TYPE).send(body);
}

async function* encoded(
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  onError: (error: unknown) => unknown,
): AsyncGenerator<string> {
  let ended = false;
  try {
    for (let next = first; !next.done; next = await source.next()) yield line(next.value);
    ended = true;
  } catch (error) {
    ended = true;
    yield line(onError(error));
  } finally {
    if (!ended) await source.return?.();
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

function lastLine(error: unknown, correlationId: string, log: Log): unknown {
  const { problem, unexpected } = toProblem(error, correlationId);
  if (unexpected) log.error({ correlationId, error: describeError(error) }, 'stream failed');
  return { error: problem };
}
