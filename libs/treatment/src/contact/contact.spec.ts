import { newId } from '#libs/kernel/src/ids.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { patient } from '#test/support/treatment-history.js';
import { patientPersonSchema } from '../patient/person.contract.js';

let api: TestApi;
const patientId = newId();
beforeAll(async () => {
  api = await openTestApi();
  await api.append(patient(patientId));
});
afterAll(() => api.close());

async function send(method: 'POST' | 'PUT', path: string, payload: object): Promise<number> {
  const answer = await api.app.inject({
    ...{ method, payload, url: `/v1/patients/${patientId}/${path}` },
    headers: { host: '127.0.0.1', 'idempotency-key': newId() },
  });
  return answer.statusCode;
}

const contact = async () =>
  patientPersonSchema.parse((await api.get(`/v1/patients/${patientId}/person`)).body).registrations[0]?.contact;

describe('what a patient wants to be told, over HTTP', () => {
  it('[message.channel] follows the general preference until something else is chosen', async () => {
    expect(await contact()).toEqual({ optedOut: [], smsStopped: false, choices: { channels: {}, timeZone: null } });
    const choices = { channels: { recall: 'none', clinical: 'sms' }, timeZone: 'America/Vancouver' };
    expect(await send('PUT', 'contact-choices', choices)).toBe(200);
    expect(await contact()).toEqual({ optedOut: [], smsStopped: false, choices });
    expect(await send('PUT', 'contact-choices', {})).toBe(200);
    expect((await contact())?.choices).toEqual({ channels: {}, timeZone: null });
  });

  it('[message.opted-out] shows which kinds are not wanted, at once', async () => {
    expect(await send('POST', 'opt-out', { categories: ['recall', 'appointment'] })).toBe(200);
    expect((await contact())?.optedOut).toEqual(['appointment', 'recall']);
    expect(await send('POST', 'opt-in', { categories: ['appointment'] })).toBe(200);
    expect((await contact())?.optedOut).toEqual(['recall']);
  });

  it('refuses a zone that there is not, and a kind that there is not', async () => {
    expect(await send('PUT', 'contact-choices', { timeZone: 'Moon/Base' })).toBe(400);
    expect(await send('POST', 'opt-out', { categories: ['gossip'] })).toBe(400);
  });
});
