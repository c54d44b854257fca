import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { exampleHttpApp } from '#test/support/example-http-app.js';
import { toJsonSchema } from './json-schema.js';
import { buildOpenApi } from './openapi.js';

type Json = Record<string, any>;

describe('the OpenAPI document', () => {
  let document: Json;
  beforeAll(async () => {
    const { app } = await exampleHttpApp();
    document = JSON.parse(JSON.stringify(buildOpenApi(app, '1.2.3')));
    await app.close();
  });

  const at = (path: string, method: string): Json => document['paths'][path][method];
  const refs = (list: Json[]): string[] => list.map(({ $ref, name }) => $ref ?? name);

  it('is of version 3.1, and names each operation once', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Pistor', version: '1.2.3' } });
    const ids = Object.values<Json>(document['paths']).flatMap((item) =>
      Object.values<Json>(item).map(({ operationId }) => operationId),
    );
    expect(ids).toEqual(expect.arrayContaining(['makeRoom', 'setBeds', 'listRooms', 'getRoom']));
    expect(JSON.stringify(document)).not.toContain('x-pistor-endpoint');
  });

  it('says of a command what it takes and gives', () => {
    const make = at('/v1/rooms', 'post');
    expect(refs(make['parameters'])).toEqual([
      '#/components/parameters/IdempotencyKey',
      '#/components/parameters/IfMatch',
    ]);
    expect(Object.keys(make['responses']).sort()).toEqual(['201', '400', '404', '409', '412', '422', '503', 'default']);
    expect(make['responses']['201']['content']['application/json']['schema']).toEqual({
      $ref: '#/components/schemas/CommandAnswer',
    });
    expect(Object.keys(make['responses']['201']['headers'])).toEqual([
      'Pistor-Position',
      'ETag',
      'Idempotency-Replayed',
      'Location',
    ]);
    expect(make['requestBody']['content']['application/json']['schema']).toMatchObject({
      type: 'object',
      required: ['name'],
      additionalProperties: false,
    });
  });

  it('says of a query what it takes and gives', () => {
    const list = at('/v1/rooms', 'get');
    expect(refs(list['parameters'])).toEqual([
      'state',
      'limit',
      'cursor',
      'position',
      '#/components/parameters/PistorPosition',
    ]);
    const limit = list['parameters'].find(({ name }: Json) => name === 'limit');
    expect(limit).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
    });
    const one = at('/v1/rooms/{room}', 'get');
    expect(one['responses']['200']['headers']).toEqual({ ETag: { $ref: '#/components/headers/ETag' } });
    expect(one['responses']['304']).toEqual({ $ref: '#/components/responses/NotModified' });
    expect(at('/v1/trouble/lines/{how}', 'get')['responses']['200']).toMatchObject({ description: expect.any(String) });
  });

  it('has schemas that JSON Schema 2020-12 understands, in every place', () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
    addFormats.default(ajv);
    ajv.addVocabulary(['example', 'discriminator']);
    const inAjv = (schema: unknown) =>
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"api#/$defs/'));
    ajv.addSchema({ $id: 'api', $defs: inAjv(document['components']['schemas']) });
    const schemas = [...schemasIn(document['paths']), ...schemasIn(document['components'])];
    expect(schemas.length).toBeGreaterThan(20);
    for (const schema of schemas) {
      expect(() => ajv.compile(inAjv(schema))).not.toThrow();
      expect(ajv.validateSchema(inAjv(schema))).toBe(true);
    }
  });

  it('has no reference that leads nowhere, and no word of the dialect of 3.0', () => {
    const text = JSON.stringify(document);
    for (const [, ref] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = (ref as string).split('/').reduce<Json | undefined>((node, key) => node?.[key], document);
      expect([ref, found]).toEqual([ref, expect.anything()]);
    }
    expect(text).not.toMatch(/"nullable":|"exclusiveM(in|ax)imum":(true|false)/);
    expect(text).toContain('"exclusiveMinimum":0');
  });

  it('takes an answer of the running application for what it describes', async () => {
    const { app } = await exampleHttpApp();
    const made = (await app.inject({ method: 'POST', url: '/v1/rooms', payload: { name: 'a' } })).json();
    const problem = (await app.inject('/v1/trouble/refused')).json();
    await app.close();
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const { schemas } = document['components'];
    const check = (name: string, value: unknown) =>
      ajv.validate({ $ref: `#/components/schemas/${name}`, components: { schemas } }, value) || ajv.errors;
    expect(check('CommandAnswer', made)).toBe(true);
    expect(check('Problem', problem)).toBe(true);
    expect(check('Problem', made)).not.toBe(true);
  });

  it('can be made without making anything else', async () => {
    const { app } = await exampleHttpApp({}, { preview: true });
    expect(JSON.parse(JSON.stringify(buildOpenApi(app, '1.2.3')))).toEqual(document);
  });
});

describe('JSON Schema of a zod schema', () => {
  const inner = z.strictObject({ n: z.int().default(1) }).meta({ id: 'Inner' });
  const outer = z
    .strictObject({ inner, plain: z.strictObject({ a: z.string() }).meta({ id: 'Plain' }) })
    .meta({ id: 'Outer' });

  it('gives what is sent a name of its own where it differs from what is answered', () => {
    const sent = toJsonSchema(outer, 'input');
    expect(sent.schema).toEqual({ $ref: '#/components/schemas/OuterInput' });
    expect(Object.keys(sent.components).sort()).toEqual(['InnerInput', 'OuterInput', 'Plain']);
    expect(sent.components['OuterInput']).toMatchObject({
      properties: { inner: { $ref: '#/components/schemas/InnerInput' } },
    });
    const answered = toJsonSchema(outer, 'output');
    expect(Object.keys(answered.components).sort()).toEqual(['Inner', 'Outer', 'Plain']);
    expect(answered.components['Inner']).toMatchObject({ required: ['n'] });
  });

  it('wants a name for what refers to itself', () => {
    interface Tree {
      children: Tree[];
    }
    const nameless: z.ZodType<Tree> = z.strictObject({ children: z.array(z.lazy(() => nameless)) });
    expect(() => toJsonSchema(z.strictObject({ nameless }), 'input')).toThrow(/name/);
    const named: z.ZodType<Tree> = z.strictObject({ children: z.array(z.lazy(() => named)) }).meta({ id: 'Tree' });
    expect(toJsonSchema(named, 'output').components['Tree']).toMatchObject({
      properties: { children: { items: { $ref: '#/components/schemas/Tree' } } },
    });
  });
});

/** Every value that stands under a `schema` key. */
function schemasIn(value: unknown, found: Json[] = []): Json[] {
  if (Array.isArray(value)) value.forEach((each) => schemasIn(each, found));
  else if (value !== null && typeof value === 'object') {
    for (const [key, each] of Object.entries(value)) {
      if (key === 'schema') found.push(each as Json);
      else if (key === 'schemas') found.push(...Object.values<Json>(each as Json));
      else schemasIn(each, found);
    }
  }
  return found;
}
