import { createServer, type IncomingMessage, type Server } from 'node:http';
import { REQUEST_BYTES_MAX, type Witness } from './witness.js';

/** Longer than a slow line takes for 64 kB; who is slower is cut off. */
const REQUEST_MS_MAX = 10_000;

/** A witness behind HTTP: `POST /add-checkpoint`, and nothing else. Listens to nothing yet. */
export function witnessServer(witness: Pick<Witness, 'addCheckpoint'>): Server {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
    (request, response) => {
      const answer = (status: number, contentType: string, body: string) => {
        response.writeHead(status, { 'content-type': contentType, 'x-content-type-options': 'nosniff' }).end(body);
      };
      if (request.url !== '/add-checkpoint') return answer(404, 'text/plain', 'POST /add-checkpoint\n');
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        return answer(405, 'text/plain', 'POST /add-checkpoint\n');
      }
      bodyOf(request)
        .then(async (body) => {
          if (body === undefined) return answer(413, 'text/plain', `${REQUEST_BYTES_MAX} bytes are the most.\n`);
          const { status, contentType, body: text } = await witness.addCheckpoint(body);
          answer(status, contentType, text);
        })
        .catch((error: unknown) => {
          process.stderr.write(`add-checkpoint failed: ${error instanceof Error ? error.message : String(error)}\n`);
          if (!response.headersSent) answer(500, 'text/plain', 'Nothing was co-signed.\n');
        });
    },
  );
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
