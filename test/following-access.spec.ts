import { newId } from '#libs/kernel/src/ids.js';
import { eventually } from './support/eventually.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { asOwner } from './support/test-database.js';
import { patient } from './support/treatment-history.js';

/** Who follows the log gets no more of it than they may have now, and nothing of a patient that is not on record. */
let api: TestApi;
const host = 'localhost:3000';

beforeAll(async () => {
  api = await openTestApi({ live: true });
}, 60_000);
afterAll(() => api.close());

interface Line {
  readonly event?: { readonly position: number; readonly data: { readonly patientId?: string } };
  readonly position?: number;
  readonly error?: { readonly status: number; readonly code: string };
}

async function operate(url: string, payload: object): Promise<Record<string, string>> {
  const authorization = `Bearer ${api.pistor.access.operatorToken}`;
  const answer = await api.app.inject({ method: 'POST', url, payload, headers: { host, authorization } });
  expect([url, Math.floor(answer.statusCode / 100)]).toEqual([url, 2]);
  return answer.json();
}

async function follow(headers: Record<string, string>) {
  const answer = await api.app.inject({
    url: '/v1/events/follow',
    headers: { host, ...headers },
    payloadAsStream: true,
  });
  expect(answer.statusCode).toBe(200);
  const lines: Line[] = [];
  let rest = '';
  let hasEnded = false;
  const stream = answer
    .stream()
    .on('end', () => (hasEnded = true))
    .on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((part) => JSON.parse(part) as Line));
    });
  const told = (patientId: string) => lines.some(({ event }) => event?.data.patientId === patientId);
  return {
    lines,
    told,
    until: (patientId: string) =>
      eventually('the event comes', () => Promise.resolve(told(patientId) || undefined), 10_000),
    ended: () => eventually('the stream ends', () => Promise.resolve(hasEnded || undefined), 10_000),
    leave: () => stream.destroy(),
  };
}

async function readsOf(patientId: string): Promise<{ operation: string; principal: string }[]> {
  const { rows } = await api.pistor.engine.db.query<{ header: string; data: string }>(
    'select header, data from read_record where chain = $1 order by position',
    [api.pistor.chain.no],
  );
  return rows.flatMap(({ header, data }) => (data.includes(patientId) ? [JSON.parse(header)] : []));
}

const registered = async (): Promise<string> => {
  const id = newId();
  await api.append(patient(id));
  return id;
};

const newKey = () => operate('/v1/api-keys', { name: 'archive', scopes: ['audit.read'] });

/** Somebody who is signed in, without the ceremony of a passkey. */
async function auditor(): Promise<{ user: string; cookie: string }> {
  const { id } = await operate('/v1/users', { name: 'Ada', grants: [{ role: 'auditor' }] });
  const user = id as string;
  const secret = await api.pistor.access.sessions.begin(api.pistor.chain, user, undefined);
  return { user, cookie: `pistor-session=${secret}` };
}

describe('following the log', () => {
  it('puts on record each patient whom an event names, before it is given', async () => {
    const key = await newKey();
    const { until, leave } = await follow({ authorization: `Bearer ${key['key']}` });
    const patientId = await registered();
    await until(patientId);
    expect(await readsOf(patientId)).toMatchObject([{ operation: 'followEvents', principal: `key:${key['id']}` }]);
    leave();
  });

  it('ends when the key is revoked, with nothing of what came after', async () => {
    const key = await newKey();
    const { until, told, ended, lines } = await follow({ authorization: `Bearer ${key['key']}` });
    await until(await registered());
    await operate(`/v1/api-keys/${key['id']}/revoke`, {});
    const later = await registered();
    await ended();
    expect(told(later)).toBe(false);
    expect(lines.at(-1)?.error).toMatchObject({ status: 401, code: 'access.key' });
    expect(await readsOf(later)).toEqual([]);
  });

  it('ends when the user is disabled, with nothing of what came after', async () => {
    const { user, cookie } = await auditor();
    const { until, told, ended, lines } = await follow({ cookie });
    await until(await registered());
    await operate(`/v1/users/${user}/disable`, { reason: 'left the chain' });
    const later = await registered();
    await ended();
    expect(told(later)).toBe(false);
    expect(lines.at(-1)?.error).toMatchObject({ status: 401 });
  });

  it('ends when the role is taken away, though nothing comes', async () => {
    const { user, cookie } = await auditor();
    const { ended, lines } = await follow({ cookie });
    const grants = await eventually('the user is shown', async () => {
      await api.followed();
      const again = await api.app.inject({
        url: `/v1/users/${user}`,
        headers: { host, authorization: `Bearer ${api.pistor.access.operatorToken}` },
      });
      return (again.json() as { grants?: { id: string }[] }).grants;
    });
    await operate(`/v1/users/${user}/grants/${grants[0]?.id}/revoke`, {});
    await ended();
    expect(lines.at(-1)?.error).toMatchObject({ status: 403, code: 'access.denied' });
  });

  it('sends nothing of a patient that cannot be put on record', async () => {
    const key = await newKey();
    const { told, ended, lines } = await follow({ authorization: `Bearer ${key['key']}` });
    const { db } = api.pistor.engine;
    await asOwner(db, 'alter table read_record rename to read_record_away');
    try {
      const patientId = await registered();
      await ended();
      expect(told(patientId)).toBe(false);
      expect(lines.at(-1)?.error).toMatchObject({ status: 503, code: 'reads.unrecorded' });
    } finally {
      await asOwner(db, 'alter table read_record_away rename to read_record');
    }
  });
});
