import { z } from 'zod';

/** A JSON Schema (2020-12), or a part of one. */
export type JsonSchema = Record<string, unknown>;

export interface ConvertedSchema {
  readonly schema: JsonSchema;
  /** By name, for `#/components/schemas`. */
  readonly components: Record<string, JsonSchema>;
}

type Direction = 'input' | 'output';

/**
 * zod to the JSON Schema that OpenAPI 3.1 speaks. A schema with `.meta({ id })` becomes a named component; where what is
 * sent differs from what is answered (defaults, transformations), what is sent is called `<id>Input`. A schema with
 * `.meta({ openapi })` is described by that.
 */
export function toJsonSchema(schema: z.ZodType, direction: Direction): ConvertedSchema {
  const wanted = convert(schema, direction);
  if (direction === 'output') return inComponents(wanted, (name) => name);
  const { definitions } = convert(schema, 'output');
  const same = (name: string): boolean =>
    JSON.stringify(definitions[name]) === JSON.stringify(wanted.definitions[name]);
  // A component that holds a renamed one is another one itself.
  const renamed = new Set(Object.keys(wanted.definitions).filter((name) => !same(name)));
  for (let before = -1; before !== renamed.size; ) {
    before = renamed.size;
    for (const [name, each] of Object.entries(wanted.definitions)) {
      if (referredBy(each).some((other) => renamed.has(other))) renamed.add(name);
    }
  }
  return inComponents(wanted, (name) => (renamed.has(name) ? `${name}Input` : name));
}

interface Definitions {
  readonly root: JsonSchema;
  readonly definitions: Record<string, JsonSchema>;
}

function convert(schema: z.ZodType, io: Direction): Definitions {
  const made = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', override: describe });
  const { $schema: _, $defs = {}, id, ...root } = made as JsonSchema & { $defs?: Record<string, JsonSchema> };
  const definitions: Record<string, JsonSchema> = {};
  for (const [name, { id: _id, ...definition }] of Object.entries($defs)) definitions[name] = definition;
  const nameless = Object.keys(definitions).find((name) => name.startsWith('__'));
  if (nameless !== undefined) throw new Error('A schema that refers to itself needs a name: .meta({ id })');
  if (typeof id !== 'string') return { root, definitions };
  return { root: { $ref: `#/$defs/${id}` }, definitions: { ...definitions, [id]: selfReferring(root, id) } };
}

/** zod calls the root `#` in its own definition; as a component it has a name. */
const selfReferring = (root: JsonSchema, id: string): JsonSchema =>
  mapRefs(root, (ref) => (ref === '#' ? `#/$defs/${id}` : ref)) as JsonSchema;

function describe({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: object }): void {
  const openapi = (zodSchema as z.ZodType).meta?.()?.['openapi'] as JsonSchema | undefined;
  if (openapi === undefined) return;
  const target = jsonSchema as JsonSchema;
  for (const key of Object.keys(target)) if (key !== 'description' && key !== 'default') delete target[key];
  Object.assign(target, openapi, target['description'] === undefined ? {} : { description: target['description'] });
}

function inComponents({ root, definitions }: Definitions, nameOf: (name: string) => string): ConvertedSchema {
  const place = (ref: string): string => `#/components/schemas/${nameOf(ref.replace('#/$defs/', ''))}`;
  const components: Record<string, JsonSchema> = {};
  for (const [name, each] of Object.entries(definitions)) components[nameOf(name)] = mapRefs(each, place) as JsonSchema;
  return { schema: mapRefs(root, place) as JsonSchema, components };
}

function referredBy(schema: JsonSchema): string[] {
  const refs: string[] = [];
  mapRefs(schema, (ref) => {
    refs.push(ref.replace('#/$defs/', ''));
    return ref;
  });
  return refs;
}

function mapRefs(value: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => mapRefs(each, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string' ? change(each) : mapRefs(each, change),
    ]),
  );
}
