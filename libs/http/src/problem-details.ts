import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { type ErrorField, type ErrorKind, PistorError } from '#libs/kernel/src/errors.js';
import { HttpProblem } from './http-problem.js';

export const problemFieldSchema = z
  .strictObject({
    field: z.string().describe('Path of the field, for example `products.0.volumeMl`; empty: the request as a whole.'),
    message: z.string().describe('What to mend.'),
    rule: z
      .string()
      .optional()
      .describe('Stable code of the rule that is broken; `schema` for the shape of the request.'),
    facts: z.array(z.string()).optional().describe('Ids of the published facts the rule rests on: GET /v1/facts.'),
    seen: z.unknown().optional().describe('The value that was seen; never personal data.'),
    accepted: z.string().optional().describe('What would be accepted instead.'),
    override: z
      .enum(['anyone', 'physician'])
      .optional()
      .describe('Who may let it pass all the same, with a written reason; left out where nobody may.'),
  })
  .meta({ id: 'ProblemField' });

/** RFC 9457, with the stable code of the error and what to mend. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable; branch on it.'),
    fields: z.array(problemFieldSchema),
    data: z.record(z.string(), z.unknown()).optional(),
    instance: z
      .string()
      .optional()
      .describe('`urn:uuid:` and the correlation id under which the log knows the request.'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: Problem;
  /** True for an error that nobody foresaw: it belongs in the log. */
  readonly unexpected: boolean;
}

export const PROBLEM_TYPE_BASE = 'https://pistor.dev/problems/';
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const BY_KIND: Readonly<Record<ErrorKind, { status: number; title: string }>> = {
  invalid: { status: 400, title: 'The request cannot be understood' },
  refused: { status: 422, title: 'A rule refuses the request' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'It conflicts with what is there' },
  stale: { status: 412, title: 'The resource has changed since you read it' },
  unavailable: { status: 503, title: 'Not available now' },
  overloaded: { status: 429, title: 'Too much at once' },
};

/** What HTTP itself refuses. The words are ours: those of the framework quote the URL or the body. */
const BY_STATUS: Readonly<Record<number, { code: string; title: string; detail: string }>> = {
  400: { code: 'request.malformed', title: 'The request cannot be understood', detail: 'The request is malformed.' },
  401: { code: 'access.sign-in', title: 'Nobody is signed in', detail: 'Sign in first, or send an API key.' },
  403: { code: 'request.forbidden', title: 'Not allowed', detail: 'This is not allowed.' },
  404: { code: 'route.unknown', title: 'Not found', detail: 'There is nothing at this address. See /openapi.json.' },
  405: { code: 'route.method', title: 'Method not allowed', detail: 'This address does not take this method.' },
  406: { code: 'request.not-acceptable', title: 'Not acceptable', detail: 'The answer has no form that you accept.' },
  408: { code: 'request.timeout', title: 'The request took too long', detail: 'The request did not arrive in time.' },
  413: {
    code: 'request.too-large',
    title: 'The request is too large',
    detail: 'The body is larger than this address takes.',
  },
  414: { code: 'request.url-too-long', title: 'The address is too long', detail: 'A part of the address is too long.' },
  415: {
    code: 'request.media-type',
    title: 'This media type is not taken',
    detail: 'Send application/json with a Content-Type header.',
  },
  431: { code: 'request.headers-too-large', title: 'The headers are too large', detail: 'The headers are too large.' },
  503: { code: 'server.closing', title: 'Not available now', detail: 'The server is closing. Repeat the request.' },
};

const MALFORMED_JSON = { ...BY_STATUS[400], code: 'request.malformed-json', detail: 'The body is not JSON.' };
const INTERNAL = { code: 'internal', title: 'Something went wrong here' };

const RETRY_AFTER_S = 1;
const RETRY_AFTER_OVERLOAD_S = 5;

/** Kinds that speak of a caller's mistake, thrown for data of our own: the caller can mend nothing. */
const OUR_FAULT: ReadonlySet<string> = new Set(['event.unreadable', 'event.invalid']);

/**
 * The answer to an error. It says what the error was made to say to callers and nothing else: no message of the
 * framework, the database or node, since those quote what was sent.
 */
export function toProblem(error: unknown, correlationId?: string): ProblemAnswer {
  const foreseen = foreseenProblem(error);
  const instance = correlationId === undefined ? undefined : `urn:uuid:${correlationId}`;
  if (foreseen) return { ...foreseen, problem: { ...foreseen.problem, instance }, unexpected: false };
  const detail = `The error is in the log${correlationId === undefined ? '' : ` under ${correlationId}`}. The request may be repeated.`;
  return { ...problem(500, INTERNAL.code, INTERNAL.title, detail, { instance }), unexpected: true };
}

/** SQLSTATE class 22: the database could not read a value that no schema had refused. */
const isDataException = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'severity' in error &&
  /^22/.test(String((error as { code?: unknown }).code));

type Foreseen = Omit<ProblemAnswer, 'unexpected'>;

function foreseenProblem(error: unknown): Foreseen | undefined {
  if (error instanceof PistorError) return OUR_FAULT.has(error.code) ? undefined : ofPistorError(error);
  if (error instanceof HttpProblem) {
    const title = BY_STATUS[error.status]?.title ?? 'Refused';
    return problem(error.status, error.code, title, error.message, { fields: error.fields });
  }
  if (isDataException(error)) {
    const detail = 'A value of the request cannot be what it stands for: an id, a date, or the cursor of another list.';
    return problem(400, 'request.value', BY_KIND.invalid.title, detail);
  }
  if (error instanceof HttpException && error.cause instanceof Error) {
    const cause = foreseenProblem(error.cause);
    if (cause) return cause;
  }
  return ofFramework(error);
}

function ofPistorError(error: PistorError): Foreseen {
  const { status, title } = BY_KIND[error.kind];
  // What the store or the system said of its trouble names hosts and files.
  const ofOutside = error.kind === 'unavailable' && error.cause !== undefined;
  const detail = ofOutside
    ? 'A part of the server cannot be reached now. Nothing is half done; repeat the request.'
    : error.message;
  const data = Object.keys(error.data).length > 0 ? { ...error.data } : undefined;
  return {
    ...problem(status, error.code, title, detail, { fields: error.fields, data }),
    headers: retryHeaders(error),
  };
}

function retryHeaders({ kind, data }: PistorError): Record<string, string> {
  if (kind === 'unavailable') return { 'retry-after': String(RETRY_AFTER_S) };
  if (kind !== 'overloaded') return {};
  const asked = data['retryAfterS'];
  return { 'retry-after': String(typeof asked === 'number' ? Math.max(1, Math.ceil(asked)) : RETRY_AFTER_OVERLOAD_S) };
}

/** Errors of Fastify, of its plugins and of Nest carry a status; only statuses of the caller's making are believed. */
function ofFramework(error: unknown): Foreseen | undefined {
  if (!(error instanceof Error)) return undefined;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
  if (typeof status !== 'number' || (status >= 500 && status !== 503) || status < 400) return undefined;
  const { code } = error as { code?: unknown };
  const malformedJson = error.name === 'SyntaxError' || (typeof code === 'string' && code.includes('JSON_BODY'));
  const words = status === 400 && malformedJson ? MALFORMED_JSON : BY_STATUS[status];
  const made = problem(
    status,
    words?.code ?? 'request.refused',
    words?.title ?? 'Refused',
    words?.detail ?? 'Refused.',
  );
  return status === 503 ? { ...made, headers: { 'retry-after': String(RETRY_AFTER_S) } } : made;
}

function problem(
  status: number,
  code: string,
  title: string,
  detail: string,
  more: { fields?: readonly ErrorField[]; data?: Record<string, unknown>; instance?: string } = {},
): Foreseen {
  const fields = (more.fields ?? []).map(({ facts, ...field }) => ({ ...field, ...(facts && { facts: [...facts] }) }));
  return {
    status,
    headers: {},
    problem: {
      type: `${PROBLEM_TYPE_BASE}${code}`,
      title,
      status,
      detail,
      code,
      fields,
      ...(more.data && { data: more.data }),
      ...(more.instance !== undefined && { instance: more.instance }),
    },
  };
}
