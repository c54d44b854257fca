import { readFile } from 'node:fs/promises';
import { newId } from '#libs/kernel/src/ids.js';
import { eventually } from '#test/support/eventually.js';
import { asOperator, OWN_ORIGIN, type SignedInPerson, signedInPerson } from '#test/support/passkey-people.js';
import type { SoftwareAuthenticator } from '#test/support/software-authenticator.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { patient, site } from '#test/support/treatment-history.js';

/* A live chain that works by itself: two people erase patients who have accounts of their own, or through others. */

let api: TestApi;
let second: SignedInPerson;
const siteId = newId();

beforeAll(async () => {
  api = await openTestApi({ live: true, working: true });
  await api.append(site(siteId));
  second = await signedInPerson(api, 'Second Person', [{ role: 'administrator' }]);
});
afterAll(() => api.close());

const operate = (method: 'GET' | 'POST', url: string, body?: object) => asOperator(api, method, url, body);

async function registered(familyName: string): Promise<string> {
  const id = newId();
  await api.append(patient(id, {}, familyName));
  await api.followed();
  return id;
}

/** Asked for by one, confirmed by another; nothing waits for what follows. */
async function erased(id: string): Promise<void> {
  await api.followed();
  const asked = await operate('POST', `/v1/patients/${id}/erasure-requests`, {
    ...{ ground: 'patient-asked', reason: 'by letter' },
  });
  const path = `/v1/patients/${id}/erasure-requests/confirm`;
  expect(await second.ask('POST', path, { erasure: asked.body['id'] })).toMatchObject({ status: 200 });
}

const isFinal = (id: string) =>
  eventually('a final erasure', async () =>
    (await operate('GET', `/v1/patients/${id}/erasure`)).body['state'] === 'final' ? true : undefined,
  );

const ofPatient = (id: string) => ({ role: 'patient', patient: id });

async function invited(name: string, grants: readonly object[]): Promise<{ user: string; code: string }> {
  const { body } = await operate('POST', '/v1/users', { name, grants });
  const invitation = await operate('POST', `/v1/users/${body['id']}/invitation`, {});
  return { user: body['id'], code: invitation.body['code'] };
}

async function shown(user: string) {
  await api.followed();
  return (await operate('GET', `/v1/users/${user}`)).body;
}

/** The status that is answered to somebody who signs in with their passkey. */
async function signsIn(device: SoftwareAuthenticator): Promise<number> {
  const headers = { host: new URL(OWN_ORIGIN).host };
  const path = '/v1/sign-in/passkey';
  const asked = await api.app.inject({ method: 'POST', url: `${path}/options`, headers, payload: {} });
  const cookie = String(asked.headers['set-cookie']).split(';')[0] as string;
  const payload = device.get(asked.json<{ options: { challenge: string } }>().options);
  return (await api.app.inject({ method: 'POST', url: path, headers: { ...headers, cookie }, payload })).statusCode;
}

const typesOf = async (user: string) => {
  const { engine, chain } = api.pistor;
  return (await engine.store.readStream(chain.id, `user-${user}`)).map(({ header }) => header.type);
};

async function rowsOf(user: string): Promise<number> {
  const tables = ['access_session', 'access_invitation', 'access_passkey', 'access_identity'];
  const counts = await Promise.all(
    tables.map((table) => api.pistor.engine.db.query(`select 1 from ${table} where user_id = $1`, [user])),
  );
  return counts.reduce((sum, { rows }) => sum + rows.length, 0);
}

async function keysLeft(user: string): Promise<number> {
  const { rows } = await api.pistor.engine.db.query(
    'select 1 from subject_key where subject = $1 and wrapped is not null',
    [user],
  );
  return rows.length;
}

describe('the account of a patient who is erased', () => {
  let id: string;
  let person: SignedInPerson;

  beforeAll(async () => {
    id = await registered('Quuxen');
    person = await signedInPerson(api, 'Xeni Quuxen', [ofPatient(id)]);
    await operate('POST', `/v1/users/${person.user}/invitation`, {});
    const provider = 'insert into access_identity values ($1, $2, $3, clock_timestamp())';
    await api.pistor.engine.db.query(provider, [api.pistor.chain.no, 'index of a provider', person.user]);
    expect((await person.ask('GET', '/v1/session')).body).toMatchObject({ name: 'Xeni Quuxen', kind: 'patient' });
    expect(await shown(person.user)).toMatchObject({ name: 'Xeni Quuxen', grants: [{ patient: id }] });
    expect(await signsIn(person.device)).toBe(200);
    expect(await rowsOf(person.user)).toBeGreaterThan(3);
    await erased(id);
  });

  it('[erasure.accounts] has no name, no role and no session when the erasure is answered', async () => {
    expect((await operate('GET', `/v1/users/${person.user}`)).body).toMatchObject({ name: null });
    expect(await person.ask('GET', '/v1/session')).toMatchObject({ status: 401 });
    expect(await shown(person.user)).toMatchObject({ name: null, status: 'disabled', grants: [] });
    const { body } = await operate('GET', '/v1/users?limit=200');
    expect(JSON.stringify(body)).not.toMatch(/Xeni|Quuxen/);
  });

  it('[erasure.accounts] lets nobody sign in by it, whatever they had for that', async () => {
    expect(await signsIn(person.device)).toBe(403);
    expect(await rowsOf(person.user)).toBe(0);
    expect((await typesOf(person.user)).slice(-2)).toEqual(['RoleRevoked', 'UserDisabled']);
  });

  it('[erasure.final] is as final as the erasure itself: its keys are destroyed, and so is what wrapped them', async () => {
    await isFinal(id);
    expect(await keysLeft(person.user)).toBe(0);
    const { rows } = await api.pistor.engine.db.query<{ is_user: boolean; final: boolean }>(
      'select is_user, final_at is not null as final from erasure_step where patient_id = any($1::uuid[]) order by 1',
      [[id, person.user]],
    );
    expect(rows).toEqual([
      { is_user: false, final: true },
      { is_user: true, final: true },
    ]);
    const register = await readFile(api.pistor.erasure.register.file, 'utf8');
    expect(register).toContain(`"userId":"${person.user}"`);
    expect(register).not.toMatch(/Xeni|Quuxen/);
  });

  it('[erasure.accounts] is not closed twice, however often that begins again', async () => {
    const before = await typesOf(person.user);
    const { rows } = await api.pistor.engine.db.query<{ erasure_id: string }>(
      'update erasure_step set accounts_closed_at = null where patient_id = $1 returning erasure_id',
      [id],
    );
    await api.pistor.erasure.finisher.finishAll();
    await api.pistor.erasure.finisher.closeAccounts(api.pistor.chain, [id], rows[0]!.erasure_id);
    expect(await typesOf(person.user)).toEqual(before);
    await isFinal(id);
  });
});

it('[erasure.accounts] takes back an invitation that nobody has used', async () => {
  const id = await registered('Ivorsen');
  const { user, code } = await invited('Ivor Ivorsen', [ofPatient(id)]);
  await erased(id);
  const headers = { host: new URL(OWN_ORIGIN).host };
  const url = '/v1/sign-in/passkey/registration/options';
  const answer = await api.app.inject({ method: 'POST', url, headers, payload: { invitation: code } });
  expect(answer.statusCode).toBe(403);
  expect(await shown(user)).toMatchObject({ name: null });
});

it('[erasure.accounts] closes an account, too, whose only role was taken away before', async () => {
  const id = await registered('Formersen');
  const { user } = await invited('Freya Formersen', [ofPatient(id)]);
  const { grants } = await shown(user);
  await operate('POST', `/v1/users/${user}/grants/${(grants as { id: string }[])[0]!.id}/revoke`, {});
  await erased(id);
  expect(await shown(user)).toMatchObject({ name: null, status: 'disabled' });
});

it('[erasure.accounts] leaves a guardian of two their account until both are erased', async () => {
  const [first, other] = [await registered('Elder'), await registered('Younger')];
  const guardian = await signedInPerson(api, 'Gudrun Guardian', [ofPatient(first), ofPatient(other)]);
  expect(await guardian.ask('GET', `/v1/patients/${first}`)).toMatchObject({ status: 200 });
  await erased(first);
  expect(await guardian.ask('GET', `/v1/patients/${first}`)).toMatchObject({ status: 404 });
  expect(await guardian.ask('GET', `/v1/patients/${other}`)).toMatchObject({ status: 200 });
  expect((await guardian.ask('GET', '/v1/session')).body).toMatchObject({
    ...{ name: 'Gudrun Guardian', id: `patient:${other}`, grants: [{ patient: other }] },
  });
  expect(await shown(guardian.user)).toMatchObject({ name: 'Gudrun Guardian', status: 'enabled' });
  expect(await signsIn(guardian.device)).toBe(200);
  await isFinal(first);
  expect(await keysLeft(guardian.user)).toBeGreaterThan(0);

  await erased(other);
  expect(await guardian.ask('GET', '/v1/session')).toMatchObject({ status: 401 });
  expect(await shown(guardian.user)).toMatchObject({ name: null, status: 'disabled', grants: [] });
});

it('[erasure.accounts] leaves one of the staff who was a patient, too, what is theirs', async () => {
  const id = await registered('Nursesen');
  const nurse = await signedInPerson(api, 'Nora Nursesen', [ofPatient(id), { role: 'receptionist', site: siteId }]);
  await erased(id);
  expect((await nurse.ask('GET', '/v1/session')).body).toMatchObject({
    ...{ name: 'Nora Nursesen', id: `user:${nurse.user}`, grants: [{ role: 'receptionist', patient: null }] },
  });
  expect(await nurse.ask('GET', `/v1/patients/${id}`)).toMatchObject({ status: 404 });
});

it('[erasure.accounts] opens nothing by a role that is given for a patient after the erasure', async () => {
  const id = await registered('Latersen');
  await erased(id);
  const { user } = await invited('Lara Latersen', [ofPatient(id)]);
  await eventually('a closed account', async () => ((await shown(user))['name'] === null ? true : undefined));
  expect(await shown(user)).toMatchObject({ status: 'disabled', grants: [] });
});
