import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Invalid } from '#libs/kernel/src/errors.js';

/** The tag that commands answer: the revision of the written stream. */
export const revisionTag = (revision: number): string => `"${revision}"`;

/**
 * The tag of a resource as it is shown. What a resource shows also follows from other streams, from the day and from
 * erasures, so the revision alone would promise too much in a 304; If-Match looks at the part before the dot only.
 */
export function representationTag(revision: number, body: string): string {
  return `"${revision}.${createHash('sha256').update(body).digest('base64url').slice(0, 12)}"`;
}

const IF_MATCH = /^(?:W\/)?"(\d{1,15})(?:\.[\w-]{1,43})?"$/;

/**
 * The revision that If-Match names; undefined where any will do (no header, or `*`).
 * @throws Invalid `if-match.malformed`
 */
export function parseIfMatch(header: string | undefined): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '*') return undefined;
  const match = IF_MATCH.exec(text);
  if (match) return Number(match[1]);
  throw new Invalid('if-match.malformed', 'If-Match takes one ETag as it was answered, for example "3".', {
    fields: [{ field: 'If-Match', message: 'Repeat the ETag of the answer, quotes included.', rule: 'schema' }],
  });
}

/** Whether one of the tags in If-None-Match is this one (weak comparison, RFC 9110). */
export function matchesNone(header: string | undefined, tag: string): boolean {
  if (header === undefined) return true;
  const tags = header.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return !tags.includes('*') && !tags.includes(tag);
}

/** Tags the answer of a handler that told a revision; 304 without body where the caller has this very answer. */
export function tagAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const revision = request.pistor?.revision;
  if (revision === undefined || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const tag = representationTag(revision, payload);
  reply.header('etag', tag);
  if (matchesNone(request.headers['if-none-match'], tag)) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return null;
}
