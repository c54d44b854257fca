import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { type ErrorField, Invalid } from '#libs/kernel/src/errors.js';

/** The request does not fit the schema of its route. Nothing was looked at beyond that, and nothing has happened. */
export class RequestInvalid extends Invalid {
  constructor(fields: readonly ErrorField[]) {
    const named = [...new Set(fields.map(({ field }) => field).filter(Boolean))].slice(0, 5).join(', ');
    super('request.invalid', named === '' ? 'The request does not have the expected form.' : `To mend: ${named}.`, {
      fields,
    });
  }
}

/** More than a form can have; a body of a megabyte could have a hundred thousand. */
const FIELDS_MAX = 50;
const FIELD_CHARS_MAX = 120;

/** The parts of a zod issue that are used here. Received values are left alone: they may be somebody's data. */
interface Issue {
  readonly code?: string;
  readonly message: string;
  readonly path?: readonly PropertyKey[];
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

/** What to mend, field by field: what is expected, never what was received. */
export function fieldsOf(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): ErrorField[] {
  return issues.flatMap((issue) => fieldsOfIssue(issue, prefix)).slice(0, FIELDS_MAX);
}

function fieldsOfIssue(issue: Issue, prefix: readonly PropertyKey[]): ErrorField[] {
  const path = [...prefix, ...(issue.path ?? [])];
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).slice(0, FIELDS_MAX).map((key) => field([...path, key], 'This field is not known here.'));
  }
  const best = issue.code === 'invalid_union' ? closest(issue.errors ?? []) : undefined;
  return best ? fieldsOf(best, path) : [field(path, issue.message)];
}

const field = (path: readonly PropertyKey[], message: string): ErrorField => ({
  field: path.map(String).join('.').slice(0, FIELD_CHARS_MAX),
  message,
  rule: 'schema',
});

/** Of the members of a union the one that the value came closest to: its troubles lie deepest. */
function closest(members: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]): number => Math.min(...issues.map(({ path }) => path?.length ?? 0));
  const sorted = members.filter((issues) => issues.length > 0).sort((a, b) => depth(b) - depth(a));
  return sorted[0] && depth(sorted[0]) > 0 ? sorted[0] : undefined;
}

/**
 * Checks `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` against their zod schemas; handlers get what
 * the schema makes of them. Schemas are `z.strictObject`, so that an unknown field is refused by name.
 */
export class SchemaValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new RequestInvalid(fieldsOf(issues as readonly Issue[])) });
  }

  /** Text that no database can keep is refused before anything looks at it: events are never mended. */
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const fields = unstorableText(value);
    if (fields.length > 0) throw new RequestInvalid(fields);
    return super.transform(value, metadata);
  }

  /** Fields called `__proto__` or `constructor` are refused like any unknown field, and not dropped without a word. */
  protected override stripProtoKeys(): void {}
}

/** For commands that carry nothing: no body at all, or an empty object. */
export const emptyBodySchema = z.strictObject({}).nullish();

/** What stands in an address is text; these make more of it, and tell OpenAPI what it means. */
export const queryInteger = (min: number, max: number, otherwise?: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, `Expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `Expected a whole number from ${min} to ${max}`)
    .meta({ openapi: { type: 'integer', minimum: min, maximum: max, default: otherwise } });

/** Several values of one set, separated by commas: `?state=upcoming,due`. */
export const queryList = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(values)).min(1))
    .meta({ openapi: { type: 'string', description: `One or more of ${values.join(', ')}, separated by commas.` } });

export const positionSchema = z
  .string()
  .regex(/^[0-9a-f-]{36}:\d{1,15}$/, 'Expected chain:number, as a command answered it in Pistor-Position')
  .describe('Waits until what is read has come this far: `Pistor-Position` of the answer to a command.');

/** Query parameters of a route that shows one thing. */
export const queryOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ ...shape, position: positionSchema.optional() });

export const PAGE_LIMIT_MAX = 500;
export const PAGE_LIMIT_DEFAULT = 100;

/** Query parameters that make a page of a list. */
export const pageShape = {
  limit: queryInteger(1, PAGE_LIMIT_MAX, PAGE_LIMIT_DEFAULT)
    .default(PAGE_LIMIT_DEFAULT)
    .describe(`Rows of a page, at most ${PAGE_LIMIT_MAX}; ${PAGE_LIMIT_DEFAULT} without it.`),
  cursor: z.string().min(1).max(1000).optional().describe('`next` of the page before.'),
};

/** Query parameters of a list: its filters, `limit`, `cursor` and `position`. */
export const listQueryOf = <Shape extends z.ZodRawShape>(shape: Shape) => queryOf({ ...shape, ...pageShape });

/** The answer of a list. */
export const pageSchemaOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null at the end.'),
  });

/** Fields with U+0000 or half of a surrogate pair, which PostgreSQL's text and JSON do not hold. */
function unstorableText(value: unknown, path: readonly PropertyKey[] = [], depth = 0): ErrorField[] {
  if (typeof value === 'string') {
    const storable = !value.includes('\0') && !/\p{Surrogate}/u.test(value);
    return storable ? [] : [field(path, 'Text without U+0000 and without halves of surrogate pairs.')];
  }
  // Streams and the like are not forms.
  if (depth > DEPTH_MAX || typeof value !== 'object' || value === null || !isForm(value)) return [];
  return Object.entries(value)
    .flatMap(([key, inner]) => [
      ...unstorableText(key, [...path, 'name of a field'], depth + 1),
      ...unstorableText(inner, [...path, key], depth + 1),
    ])
    .slice(0, FIELDS_MAX);
}

/** No schema here nests deeper; what does is refused by its schema. */
const DEPTH_MAX = 20;

/** A form or a query; a body that is streamed is read by its own reader. */
const isForm = (value: object): boolean => !('pipe' in value) && !Buffer.isBuffer(value);
