import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Bytes of the answer that are read; 0 where its status says all. */
  readonly answerBytesMax: number;
  /** Where to connect to, whatever DNS says by then. */
  readonly addresses?: readonly LookupAddress[];
  /** Certificate to trust in place of those of the machine, for tests. */
  readonly ca?: string | undefined;
}

export type PostOutcome =
  /** `body` is null where it was not read, or not to its end. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string | null;
    }
  /** Not a byte of the request went out. `problem` is a code: `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED` … */
  | { readonly kind: 'not-sent'; readonly problem: string }
  /** The request may have arrived; there was no answer. */
  | { readonly kind: 'no-answer'; readonly problem: string };

/**
 * A connection for each call: one that is kept may be closed by the other side in the very moment of the next request,
 * and then nobody knows whether that arrived. TLS sessions are resumed, which is most of what a kept one saves.
 */
const AGENTS = { http: new http.Agent({ keepAlive: false }), https: new https.Agent({ keepAlive: false }) };

/**
 * Posts once and follows no redirect. `fetch` does not tell how far a request has come that failed; here nothing is
 * handed to the connection before that stands, certificate checked, so that `not-sent` is certain.
 */
export function post({ url, headers, body, signal, answerBytesMax, addresses, ca }: Post): Promise<PostOutcome> {
  const secure = url.protocol === 'https:';
  const length = String(Buffer.byteLength(body));
  return new Promise((resolve) => {
    let sent = false;
    let answered = false;
    const call = (secure ? https : http).request(url, {
      method: 'POST',
      agent: secure ? AGENTS.https : AGENTS.http,
      headers: { ...headers, 'content-length': length },
      signal,
      ...(addresses && { lookup: lookupOf(addresses) }),
      ...(ca !== undefined && { ca }),
    });
    call.on('socket', (socket) =>
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        sent = true;
        call.end(body);
      }),
    );
    call.on('error', (error) => {
      if (!answered) resolve({ kind: sent ? 'no-answer' : 'not-sent', problem: codeOf(error) });
    });
    call.on('response', (response) => {
      answered = true;
      const { statusCode = 0, headers: answerHeaders } = response;
      void read(response, answerBytesMax).then((answer) => {
        call.destroy();
        resolve({ kind: 'answered', status: statusCode, headers: answerHeaders, body: answer });
      });
    });
  });
}

/** Node asks for one address, or for all and takes what answers first: every one was looked at before. */
const lookupOf =
  (addresses: readonly LookupAddress[]): LookupFunction =>
  (_hostname, options, callback) => {
    const [first] = addresses as [LookupAddress, ...LookupAddress[]];
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };

/** @returns null where there is more than may be read, or the connection ended before */
async function read(response: IncomingMessage, bytesMax: number): Promise<string | null> {
  if (bytesMax === 0) {
    response.on('error', () => {}).destroy();
    return null;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Codes only: messages quote addresses. */
function codeOf(error: Error & { code?: string }): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'time-out';
  return typeof error.code === 'string' ? error.code : error.name;
}
