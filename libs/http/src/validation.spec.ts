import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { exampleHttpApp, type Rooms } from '#test/support/example-http-app.js';
import { fieldsOf } from './validation.js';

describe('validation', () => {
  let app: NestFastifyApplication;
  let rooms: Rooms;
  beforeAll(async () => {
    ({ app, rooms } = await exampleHttpApp());
  });
  afterAll(() => app.close());

  const post = (payload: object | string) =>
    app.inject({ method: 'POST', url: '/v1/rooms', payload, headers: { 'content-type': 'application/json' } });
  const fields = (answer: { json(): { fields: { field: string }[] } }) =>
    answer.json().fields.map(({ field }) => field);

  it('names every field to mend, with what is expected and not what was sent', async () => {
    const answer = await post({
      name: '',
      beds: 'Ayşe',
      contact: { email: 'ayse at example' },
      products: [{ product: 'a', volumeMl: -1 }],
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'request.invalid', title: 'The request cannot be understood' });
    expect(fields(answer)).toEqual(['name', 'beds', 'contact.email', 'products.0.volumeMl']);
    expect(answer.json().fields.every(({ rule }: { rule: string }) => rule === 'schema')).toBe(true);
    expect(answer.body).not.toMatch(/Ayşe|ayse/);
  });

  it('refuses unknown fields by name, nested ones too', async () => {
    const answer = await post({ name: 'a', bedz: 3, contact: { email: 'a@example.org', fax: '1' } });
    expect(fields(answer)).toEqual(['contact.fax', 'bedz']);
    expect(rooms.metas).toEqual([]);
  });

  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'refuses a field called %s like any unknown one',
    async (name) => {
      expect(fields(await post(`{"name": "a", "${name}": 1}`))).toEqual([name]);
    },
  );

  it.each([['null'], ['[]'], ['"text"'], ['']])('refuses %j in place of an object', async (body) => {
    const answer = await post(body);
    expect([answer.statusCode, fields(answer)]).toEqual([400, ['']]);
  });

  it.each(['a\\u0000b', 'a\\ud800b'])('refuses text that cannot be kept: %s', async (text) => {
    expect(fields(await post(`{"name": "${text}", "beds": 2}`))).toEqual(['name']);
    expect((await app.inject('/v1/rooms?cursor=%00')).statusCode).toBe(400);
  });

  it('fills in defaults and reads numbers and lists of the address', async () => {
    const answer = await app.inject('/v1/rooms?limit=7&state=open,closed');
    expect(answer.json().query).toEqual({ limit: 7, state: ['open', 'closed'] });
    expect((await app.inject('/v1/rooms')).json().query).toEqual({ limit: 100 });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['state=open,shut', 'state.1'],
    ['colour=red', 'colour'],
    ['__proto__=1', '__proto__'],
    ['position=1', 'position'],
    ['position=a&position=b', 'position'],
  ])('refuses ?%s, naming %s', async (query, field) => {
    const answer = await app.inject(`/v1/rooms?${query}`);
    expect([answer.statusCode, fields(answer)]).toEqual([400, [field]]);
  });

  it('refuses query parameters where a route takes none', async () => {
    expect(fields(await app.inject('/v1/trouble/plain?verbose=1'))).toEqual(['verbose']);
    expect((await app.inject('/v1/trouble/plain')).statusCode).toBe(200);
  });

  it('takes no body, an empty one or {} for a command that carries nothing, and refuses fields', async () => {
    const { id } = (await post({ name: 'a' })).json();
    const close = async (payload?: string, type?: string) =>
      (
        await app.inject({
          method: 'POST',
          url: `/v1/rooms/${id}/close`,
          payload,
          headers: type ? { 'content-type': type } : {},
        })
      ).statusCode;
    expect(await close()).toBe(200);
    expect(await close('', 'application/json')).toBe(200);
    expect(await close('{}', 'application/json')).toBe(200);
    expect(await close('{"why": 1}', 'application/json')).toBe(400);
  });

  it('tells of a union what the member that came closest lacks', () => {
    const schema = z.strictObject({
      what: z.union([z.strictObject({ a: z.strictObject({ b: z.string() }) }), z.strictObject({ c: z.number() })]),
    });
    const issues = schema.safeParse({ what: { a: { b: 1 } } }).error?.issues ?? [];
    expect(fieldsOf(issues as never).map(({ field }) => field)).toEqual(['what.a.b']);
  });
});
