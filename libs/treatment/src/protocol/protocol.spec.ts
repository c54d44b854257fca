import type { Reads } from '#libs/cqrs/src/command-runner.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import {
  protocolDraftSchema,
  protocolDraftSummarySchema,
  protocolValidationSchema,
  protocolVersionSchema,
} from './protocol.contract.js';
import { copyOf } from './protocol.decider.js';
import { draftStream, ProtocolDrafted, protocolStream } from './protocol.events.js';
import { ProtocolService, requireAnyProtocol, requireProtocol } from './protocol.service.js';

const facial = builtInProtocol('facial') as Protocol;
/** A chain's own protocol: `facial` with another number of sessions. */
const own = (code: string, max = 6) => ({
  ...copyOf(facial, code),
  sessions: { min: 4, max, facts: [], basis: 'chain', note: 'As the medical board decided.' },
});

let api: TestApi;
/** Of a protocol that no other test knows. */
let code: string;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(() => {
  code = `own-${newId()}`;
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { code?: string; fields?: { field: string; rule?: string }[] };
  readonly headers: Record<string, unknown>;
}

async function send(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  payload?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await api.app.inject({
    method,
    url: `/v1/protocols${path}`,
    headers: { host: '127.0.0.1', ...headers },
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

/** Makes a draft. @returns its address */
async function drafted(body: object): Promise<string> {
  const { status, body: answer } = await send('POST', '/drafts', body);
  expect([status, answer]).toEqual([201, expect.objectContaining({ revision: 0 })]);
  return `/drafts/${String(answer['id'])}`;
}

/** A query that sees everything recorded before. */
async function shown(path: string): Promise<Answer> {
  await api.followed();
  return send('GET', path);
}

/** Publishes a protocol. @returns the answer */
const publish = async (content: object, under = code) =>
  send('POST', `${await drafted({ code: under, draft: content })}/publish`);

/** What a decision that reads so comes to; nothing is written. */
async function decided<T>(read: (reads: Reads) => Promise<T>): Promise<T> {
  const { engine, chain } = api.pistor;
  let found: { readonly is: T } | undefined;
  await engine.runner.run({ chain, commandId: newId(), actor: 'user:test' }, async (reads) => {
    found = { is: await read(reads) };
    return [];
  });
  return (found as { readonly is: T }).is;
}

const eventsOf = (stream: string) => api.pistor.engine.store.readStream(api.pistor.chain.id, stream);
const versionsOf = async (of: string) =>
  ((await shown('')).body['items'] as { code: string; version: number; state: string }[])
    .filter((each) => each.code === of)
    .map(({ version, state }) => `${version} ${state}`);

describe('a draft over HTTP', () => {
  it('[protocol.draft-copy] begins as a copy of a built-in protocol and shows what it was copied from', async () => {
    const draft = await drafted({ code, copyOf: { code: 'facial' } });
    const { status, body, headers } = await shown(draft);
    expect(status).toBe(200);
    expect(protocolDraftSchema.parse(body)).toMatchObject({
      ...{ code, state: 'open', basedOn: { code: 'facial', version: 1 }, version: null, revision: 0 },
      draft: { ...copyOf(facial, code) },
    });
    expect(headers['etag']).toMatch(/^"0\./);
  });

  it('[protocol.draft-copy] begins as a copy of the chain’s own newest version', async () => {
    await publish(own(code));
    const { body } = await shown(await drafted({ code, copyOf: { code } }));
    expect(body).toMatchObject({ basedOn: { code, version: 1 }, draft: { sessions: { max: 6 } } });
    expect((await send('POST', '/drafts', { code, copyOf: { code, version: 2 } })).body.code).toBe('protocol.unknown');
  });

  it('[protocol.draft-anything] keeps what is no protocol yet, its fields in the order in which they were written', async () => {
    const content = { title: 7, aftercare: { z: 1, a: [null, { deep: true }] }, code };
    const { body } = await shown(await drafted({ code, draft: content }));
    expect(JSON.stringify(body['draft'])).toBe(JSON.stringify(content));
  });

  it.each<[string, object]>([
    ['nothing to begin with', {}],
    ['two things to begin with', { copyOf: { code: 'facial' }, draft: {} }],
    ['a list', { draft: [] }],
    ['a number that JSON cannot give back', { draft: { n: '1e999' } }],
    ['what nests too deep', { draft: JSON.parse(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`) as object }],
    ['text that no database holds', { draft: { title: 'half \ud83d of a pair' } }],
  ])('[protocol.draft-anything] is not begun with %s', async (_, body) => {
    const payload = JSON.stringify({ code, ...body }).replace('"1e999"', '1e999');
    const answer = await api.app.inject({
      method: 'POST',
      url: '/v1/protocols/drafts',
      headers: { host: '127.0.0.1', 'content-type': 'application/json' },
      payload,
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'request.invalid' });
  });

  it('[protocol.code-reserved] is not begun under a word of the addresses', async () => {
    const { status, body } = await send('POST', '/drafts', { code: 'drafts', draft: {} });
    expect([status, body.code]).toEqual([422, 'protocol.code-reserved']);
    expect(body.fields).toMatchObject([{ field: 'code', rule: 'protocol.code-reserved' }]);
  });

  it('[protocol.draft-closed] is listed while it is open, and found when it is not', async () => {
    const draft = await drafted({ code, draft: {} });
    const ids = async (query: string) =>
      ((await shown(`/drafts?limit=500${query}`)).body['items'] as object[])
        .map((item) => protocolDraftSummarySchema.parse(item))
        .filter((item) => item.code === code)
        .map(({ id, state }) => `${id} ${state}`);
    const id = draft.replace('/drafts/', '');
    expect(await ids('')).toEqual([`${id} open`]);
    expect((await send('DELETE', draft)).status).toBe(200);
    expect(await ids('')).toEqual([]);
    expect(await ids('&state=discarded,published')).toEqual([`${id} discarded`]);
    expect((await send('PUT', draft, { draft: { title: 1 } })).body).toMatchObject({ code: 'protocol-draft.closed' });
    expect((await send('POST', `${draft}/publish`)).status).toBe(422);
  });

  it('is changed by whoever has seen its present revision', async () => {
    const draft = await drafted({ code, draft: {} });
    const change = (max: number, revision: string) =>
      send('PUT', draft, { draft: own(code, max) }, { 'if-match': revision });
    expect((await change(6, '"0"')).headers['etag']).toBe('"1"');
    expect(await change(7, '"0"')).toMatchObject({ status: 412, body: { data: { expected: 0, actual: 1 } } });
    expect((await send('POST', `${draft}/publish`, {}, { 'if-match': '"0"' })).status).toBe(412);
    expect((await send('DELETE', draft, undefined, { 'if-match': '"0"' })).status).toBe(412);
    expect((await shown(draft)).body).toMatchObject({ state: 'open', revision: 1, draft: { sessions: { max: 6 } } });
  });

  it.each(['GET /drafts/x', 'GET /drafts/0', 'PUT /drafts/x', 'DELETE /drafts/y z', 'POST /drafts/x/publish'])(
    'answers 404 where there is none: %s',
    async (asked) => {
      const [method, path] = [asked.split(' ')[0] as 'GET', encodeURI(asked.slice(asked.indexOf('/')))];
      const { status, body } = await send(method, path, asked.startsWith('PUT') ? { draft: {} } : undefined);
      expect([status, body.code]).toEqual([404, 'protocol-draft.unknown']);
    },
  );
});

describe('validation over HTTP', () => {
  it('[protocol.override-forbidden] tells everything that is to be mended, and stores nothing', async () => {
    const spoilt = structuredClone(own(code)) as unknown as Protocol;
    Object.assign(spoilt.screening.contraindications[0] as object, { overridable: true });
    Object.assign(spoilt.maintenance, { thenCloses: 'P1M' });
    const head = await api.pistor.engine.store.head(api.pistor.chain.id);
    const { status, body } = await send('POST', '/validate', spoilt);
    expect(status).toBe(200);
    expect(protocolValidationSchema.parse(body)).toEqual({
      valid: false,
      findings: [
        {
          code: 'override-forbidden',
          path: 'screening.contraindications.0.overridable',
          message: 'Pregnancy has no override.',
          facts: ['S0-C1'],
        },
        {
          code: 'window-closes-before-it-opens',
          path: 'maintenance.thenCloses',
          message: expect.stringContaining('closes before it opens'),
          facts: [],
        },
      ],
    });
    expect(await api.pistor.engine.store.head(api.pistor.chain.id)).toBe(head);
    expect((await send('POST', '/validate', own(code))).body).toEqual({ valid: true, findings: [] });
  });

  it('[protocol.other-code] of a draft counts with the code and the number that it would get', async () => {
    const draft = await drafted({ code, draft: own('another') });
    expect((await send('POST', `${draft}/validate`)).body).toMatchObject({
      findings: [{ code: 'other-code', path: 'code' }],
    });
    await send('PUT', draft, { draft: { ...own(code), version: 'next' } });
    expect((await send('POST', `${draft}/validate`)).body).toEqual({ valid: true, findings: [] });
    expect((await send('POST', `/drafts/${newId()}/validate`)).status).toBe(404);
  });
});

describe('publishing over HTTP', () => {
  it('[protocol.published-in-order] makes one version after the other, each shown as it was published', async () => {
    await publish(own(code, 6));
    await publish(own(code, 7));
    expect(await versionsOf(code)).toEqual(['1 published', '2 published']);
    const { body, headers } = await shown(`/${code}/versions/1`);
    expect(protocolVersionSchema.parse(body)).toMatchObject({
      ...{ code, version: 1, state: 'published', retiredAt: null, revision: 1 },
      protocol: { ...own(code, 6), version: 1 },
    });
    expect(headers['etag']).toMatch(/^"1\./);
    expect((await shown(`/${code}`)).body).toMatchObject({ version: 2, sessions: { max: 7 } });
  });

  it('[protocol.schema] is refused with a field for each thing to mend, and records nothing', async () => {
    const draft = await drafted({ code, draft: { ...own(code), title: { en: 'Facial' }, colour: 'blue' } });
    const { status, body } = await send('POST', `${draft}/publish`);
    expect([status, body.code]).toEqual([422, 'protocol.findings']);
    expect(body.fields).toMatchObject([{ field: 'draft.colour', rule: 'protocol.schema' }]);
    expect(await eventsOf(protocolStream(api.pistor.chain.id, code))).toEqual([]);
    expect((await shown(draft)).body).toMatchObject({ state: 'open', revision: 0 });
  });

  it('[protocol.published-once] adds nothing when it is repeated, and closes the draft with its version', async () => {
    const draft = await drafted({ code, draft: own(code) });
    const first = await send('POST', `${draft}/publish`, {}, { 'idempotency-key': newId() });
    const again = await send('POST', `${draft}/publish`);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body['revision']).toBe(first.body['revision']);
    expect((await publish(own(code))).status).toBe(200);
    expect(await eventsOf(protocolStream(api.pistor.chain.id, code))).toHaveLength(1);
    expect((await shown(draft)).body).toMatchObject({ state: 'published', version: 1 });
  });

  it('[protocol.published-in-order] gives each of many who publish at once a number of its own', async () => {
    const drafts = await Promise.all([4, 5, 6, 7, 8].map((max) => drafted({ code, draft: own(code, max) })));
    const answers = await Promise.all(drafts.map((draft) => send('POST', `${draft}/publish`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await versionsOf(code)).toEqual([1, 2, 3, 4, 5].map((version) => `${version} published`));
  });

  it('[protocol.built-in-kept] leaves a built-in version beside the chain’s next one, at every start', async () => {
    await publish(own('general', 9), 'general');
    await new ProtocolService(api.pistor.engine.runner).publishBuiltIns(api.pistor.chain);
    expect(await versionsOf('general')).toEqual(['1 published', '2 published']);
    expect((await shown('/general/versions/1')).body['protocol']).toEqual(builtInProtocol('general'));
  });

  it('[protocol.immutable] leaves what was published as it was, whatever becomes of it', async () => {
    await publish(own(code, 6));
    const before = (await shown(`/${code}/versions/1`)).body['protocol'];
    const [event] = await eventsOf(protocolStream(api.pistor.chain.id, code));
    await publish(own(code, 7));
    await send('POST', `/${code}/versions/1/retire`);
    expect((await shown(`/${code}/versions/1`)).body['protocol']).toEqual(before);
    expect((await eventsOf(protocolStream(api.pistor.chain.id, code)))[0]).toEqual(event);
  });
});

describe('retiring over HTTP', () => {
  const retire = (version: number | string, headers: Record<string, string> = {}) =>
    send('POST', `/${code}/versions/${version}/retire`, undefined, headers);

  it('[protocol.retired] takes a version out of use and says so', async () => {
    await publish(own(code, 6));
    await publish(own(code, 7));
    expect((await retire(2, { 'if-match': '"0"' })).status).toBe(412);
    expect((await retire(2, { 'if-match': '"1"' })).body).toMatchObject({ revision: 2 });
    expect((await retire(2)).body).toMatchObject({ revision: 2 });
    expect(await versionsOf(code)).toEqual(['1 published', '2 retired']);
    expect((await shown(`/${code}`)).body).toMatchObject({ version: 1 });
    expect((await shown(`/${code}/versions/2`)).body).toMatchObject({
      state: 'retired',
      retiredAt: expect.stringMatching(/Z$/),
      revision: 2,
    });
  });

  it('[protocol.retired] leaves the newest version that is not retired for what is planned, and any for what was', async () => {
    await publish(own(code, 6));
    await publish(own(code, 7));
    const planned = async (version?: number) =>
      (await decided((reads) => requireProtocol(reads, code, 'protocol', version))).version;
    expect(await planned()).toBe(2);
    await retire(2);
    expect(await planned()).toBe(1);
    await retire(1);
    await expect(planned()).rejects.toMatchObject({ kind: 'refused', code: 'protocol.retired' });
    expect([await planned(1), await planned(2)]).toEqual([1, 2]);
    await expect(planned(3)).rejects.toMatchObject({ code: 'protocol.unknown' });
    expect((await decided((reads) => requireAnyProtocol(reads, code, 'procedure'))).version).toBe(2);
    await expect(decided((reads) => requireAnyProtocol(reads, `no-${code}`, 'procedure'))).rejects.toMatchObject({
      code: 'protocol.unknown',
    });
  });

  it.each(['3', '0', '-1', 'x', '1.5'])('[protocol.retired] knows no version %s', async (version) => {
    await publish(own(code));
    expect(await retire(version)).toMatchObject({ status: 404, body: { code: 'protocol.unknown' } });
    expect((await send('GET', `/${code}/versions/${version}`)).status).toBe(404);
  });
});

it('shows drafts that were discarded in the same page of events in which they were begun', async () => {
  const draftId = newId();
  const at = occurredNow('2026-01-01T00:00:00.000Z');
  await api.append({
    stream: draftStream(draftId),
    events: [ProtocolDrafted(at, { draftId, code, draft: { a: 1 }, basedOn: null })],
  });
  await send('PUT', `/drafts/${draftId}`, { draft: { a: 2 } });
  await send('PUT', `/drafts/${draftId}`, { draft: { a: 3 } });
  await send('DELETE', `/drafts/${draftId}`);
  await api.pistor.projections.rebuild('directory');
  expect((await shown(`/drafts/${draftId}`)).body).toMatchObject({ state: 'discarded', draft: { a: 3 }, revision: 3 });
});
