import type { EndpointFacts } from './endpoint.metadata.js';
import { PURPOSE } from './disclosure.js';
import { PROBLEM_MEDIA_TYPE } from './problem-details.js';

const POSITION = { type: 'string', pattern: '^[0-9a-f-]{36}:[0-9]{1,15}$' };
const TAG = { type: 'string', pattern: '^"[0-9]{1,15}(\\.[A-Za-z0-9_-]+)?"$' };

/** Parameters that every operation of a kind takes. */
export const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Of your choice, fresh for each command. Sent again with the same request by the same sender, it gives the first answer.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'ETag of the resource as you have seen it. When it has changed since, 412 and nothing happens.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'ETag of the answer that you have. When it is still the same, 304 without a body.',
    schema: { type: 'string' },
  },
  Position: {
    name: 'position',
    in: 'query',
    description: '`Pistor-Position` of the answer to a command: waits until what is read has come this far.',
    schema: POSITION,
  },
  PistorPurpose: {
    name: 'Pistor-Purpose',
    in: 'header',
    description:
      'Why patients’ data is read, in one word: it goes on record with who read what, and the patient can see it. Left out, ' +
      'it follows from who asks: `treatment`, `audit`, `own-record`, `integration`, or `emergency`.',
    schema: { type: 'string', pattern: PURPOSE.source, examples: ['treatment', 'audit'] },
  },
  PistorPosition: {
    name: 'Pistor-Position',
    in: 'header',
    description: 'Means the same as `?position=`.',
    schema: POSITION,
  },
};

/** Headers of answers. */
export const HEADERS = {
  PistorPosition: { description: 'Give it to a query to see what this command did.', schema: POSITION },
  ETag: { description: 'Send it back as If-Match or If-None-Match.', schema: TAG },
  Location: { description: 'Address of what was made.', schema: { type: 'string' } },
  IdempotencyReplayed: {
    description: 'Present when this is the first answer again.',
    schema: { type: 'string', enum: ['true'] },
  },
  RetryAfter: { description: 'Seconds to wait before the same request again.', schema: { type: 'string' } },
};

const header = (name: keyof typeof HEADERS): { $ref: string } => ({ $ref: `#/components/headers/${name}` });

const problem = (description: string, headers?: object) => ({
  description,
  ...(headers && { headers }),
  content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
});

const retry = { 'Retry-After': header('RetryAfter') };

/** Answers that are no success. */
export const RESPONSES = {
  Problem: problem('Anything else: problem details (RFC 9457).'),
  Invalid: problem('The request cannot be understood: a field is missing, unknown or malformed. Nothing happened.'),
  NotFound: problem('What the request names does not exist.'),
  Conflict: problem('Somebody else was faster, or the same identity already holds something else.'),
  Stale: problem('If-Match names a revision that is not the present one.'),
  Refused: problem('A rule refuses it: `fields` name the field, the rule and the published facts. Nothing happened.'),
  Unavailable: problem('A part of the server cannot be reached now. The request may be repeated.', retry),
  NotModified: { description: 'The answer that you have is still right.', headers: { ETag: header('ETag') } },
};

/** Headers of a success. */
export function headersOf(facts: EndpointFacts): Record<string, unknown> | undefined {
  if (facts.revisioned) return { ETag: header('ETag') };
  if (facts.kind !== 'command') return undefined;
  return {
    'Pistor-Position': header('PistorPosition'),
    ETag: header('ETag'),
    'Idempotency-Replayed': header('IdempotencyReplayed'),
    ...(facts.creates && { Location: header('Location') }),
  };
}

/** Which of RESPONSES an operation of this kind may give, by status. */
export function statusesOf(facts: EndpointFacts, hasPathParameters: boolean): [string, keyof typeof RESPONSES][] {
  const statuses: [string, keyof typeof RESPONSES][] = [
    ['400', 'Invalid'],
    ['503', 'Unavailable'],
  ];
  if (facts.revisioned) statuses.push(['304', 'NotModified']);
  if (hasPathParameters || facts.kind === 'command') statuses.push(['404', 'NotFound']);
  if (facts.kind === 'command') statuses.push(['409', 'Conflict'], ['412', 'Stale'], ['422', 'Refused']);
  if (facts.kind === 'action') statuses.push(['409', 'Conflict'], ['422', 'Refused']);
  return statuses;
}
