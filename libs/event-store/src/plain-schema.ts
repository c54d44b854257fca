import type { z } from 'zod';

/** True only for a value that the schema certainly takes, and gives back as it is. */
export type PlainCheck = (value: unknown) => boolean;

type Schema = z.core.$ZodType;
type Def = z.core.$ZodTypes['_zod']['def'];
type CheckDef = z.core.$ZodChecks['_zod']['def'];

/**
 * A check that answers for a zod schema where the answer is yes, which it nearly always is for what was validated
 * before it was stored: zod makes every object anew and takes ten times as long. A no says nothing: the schema itself
 * then tells what is wrong.
 *
 * Only what neither changes nor adds anything is taken apart: strict objects, arrays, records, unions, and texts and
 * numbers with their usual bounds. Whatever holds anything else (a default, `trim`, `z.unknown`, a schema that leaves
 * unknown keys out) is always a no.
 */
export function plainCheckOf(schema: Schema): PlainCheck {
  return compile(schema) ?? (() => false);
}

/** @returns undefined for a schema that may give back something else than it was given. */
function compile(schema: Schema): PlainCheck | undefined {
  const own = compileType(schema);
  const checks = checksOf(schema).map((check) => compileCheck(check._zod.def as CheckDef));
  if (own === undefined || !checks.every((check) => check !== undefined)) return undefined;
  const [first, ...more] = checks;
  if (first === undefined) return own;
  if (more.length === 0) return (value) => own(value) && first(value);
  return (value) => own(value) && checks.every((check) => check(value));
}

/** What a schema asks beside its type; `z.uuid()` and `z.int()` are such a check themselves. */
function checksOf(schema: Schema): readonly z.core.$ZodCheck[] {
  const checks = schema._zod.def.checks ?? [];
  return schema._zod.traits.has('$ZodCheck') ? [schema as unknown as z.core.$ZodCheck, ...checks] : checks;
}

function compileType(schema: Schema): PlainCheck | undefined {
  const def = schema._zod.def as Def;
  switch (def.type) {
    case 'string':
      return def.coerce ? undefined : (value) => typeof value === 'string';
    case 'number':
      return def.coerce ? undefined : (value) => Number.isFinite(value);
    case 'boolean':
      return def.coerce ? undefined : (value) => typeof value === 'boolean';
    case 'null':
      return (value) => value === null;
    case 'literal':
      return isOneOf(new Set<unknown>(def.values));
    case 'enum':
      return isOneOf(new Set<unknown>(schema._zod.values));
    case 'nullable': {
      const inner = compile(def.innerType);
      return inner && ((value) => value === null || inner(value));
    }
    case 'array': {
      const element = compile(def.element);
      return element && ((value) => Array.isArray(value) && isEach(value, element));
    }
    case 'record':
      return compileRecord(def);
    case 'union':
      return compileUnion(def);
    case 'object':
      return compileObject(def);
    default:
      return undefined;
  }
}

/** Holes included, which `every` would pass over. */
function isEach(values: readonly unknown[], check: PlainCheck): boolean {
  for (let n = 0; n < values.length; n += 1) if (!check(values[n])) return false;
  return true;
}

const isOneOf =
  (values: ReadonlySet<unknown>): PlainCheck =>
  (value) =>
    values.has(value);

/** Formats that are no more than their pattern. */
const PATTERNS: ReadonlySet<string> = new Set(['uuid', 'datetime', 'regex']);

function compileCheck(def: CheckDef): PlainCheck | undefined {
  switch (def.check) {
    case 'string_format': {
      const { format, pattern } = def as z.core.$ZodCheckStringFormatDef;
      if (!PATTERNS.has(format) || pattern === undefined || pattern.global || pattern.sticky) return undefined;
      return (value) => pattern.test(value as string);
    }
    case 'min_length': {
      const { minimum } = def;
      return (value) => (typeof value === 'string' ? hasCharacters(value, minimum) : isLong(value, minimum));
    }
    case 'max_length':
      // In units, of which there are at least as many as characters.
      return (value) => (value as string | unknown[]).length <= def.maximum;
    case 'number_format':
      return def.format === 'safeint' ? (value) => Number.isSafeInteger(value) : undefined;
    case 'greater_than': {
      const bound = def.value as number;
      return def.inclusive ? (value) => (value as number) >= bound : (value) => (value as number) > bound;
    }
    case 'less_than': {
      const bound = def.value as number;
      return def.inclusive ? (value) => (value as number) <= bound : (value) => (value as number) < bound;
    }
    default: {
      // A refinement; one that answers later is never true at once.
      const custom = def as unknown as Partial<z.core.$ZodCustomDef>;
      const { fn } = custom;
      return custom.type === 'custom' && typeof fn === 'function' ? (value) => fn(value) === true : undefined;
    }
  }
}

const isLong = (value: unknown, minimum: number): boolean => (value as { length: number }).length >= minimum;

/** A character is one or two units, so that the characters themselves need seldom be counted. */
const hasCharacters = (text: string, minimum: number): boolean =>
  text.length >= minimum && (text.length >= 2 * minimum - 1 || [...text].length >= minimum);

function compileRecord(def: z.core.$ZodRecordDef): PlainCheck | undefined {
  const key = def.keyType._zod.def.type === 'string' ? compile(def.keyType) : undefined;
  const element = compile(def.valueType as Schema);
  if (key === undefined || element === undefined) return undefined;
  return (value) => {
    if (!isObject(value)) return false;
    for (const name in value) {
      // zod leaves it out.
      if (name === '__proto__' || !key(name) || !element(value[name])) return false;
    }
    return true;
  };
}

/**
 * Every option gives back what it takes, so that it does not matter which one takes it. Where exactly one must, a
 * discriminator sees to that.
 */
function compileUnion(def: z.core.$ZodUnionDef): PlainCheck | undefined {
  const options = def.options.map((option) => compile(option as Schema));
  const isExclusive = def.inclusive === false && !('discriminator' in def);
  if (isExclusive || !options.every((option) => option !== undefined)) return undefined;
  return (value) => options.some((option) => option(value));
}

interface Field {
  readonly name: string;
  readonly check: PlainCheck;
  readonly optional: boolean;
}

function compileObject(def: z.core.$ZodObjectDef): PlainCheck | undefined {
  if (def.catchall?._zod.def.type !== 'never') return undefined;
  const fields: Field[] = [];
  for (const [name, schema] of Object.entries(def.shape as Record<string, Schema>)) {
    const optional = schema._zod.def.type === 'optional';
    if (name === '__proto__' || schema._zod.traits.has('$ZodExactOptional')) return undefined;
    if (optional && checksOf(schema).length > 0) return undefined;
    const check = compile(optional ? (schema._zod.def as z.core.$ZodOptionalDef).innerType : schema);
    if (check === undefined) return undefined;
    fields.push({ name, check, optional });
  }
  const names = new Set(fields.map(({ name }) => name));
  return (value) => {
    if (!isObject(value)) return false;
    let found = 0;
    for (const { name, check, optional } of fields) {
      const content = value[name];
      if (content === undefined ? !optional : !check(content)) return false;
      if (content !== undefined) found += 1;
    }
    for (const _ in value) found -= 1;
    return found === 0 || Object.keys(value).every((name) => names.has(name));
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
