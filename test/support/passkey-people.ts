import type { InjectOptions } from 'fastify';
import { SoftwareAuthenticator } from './software-authenticator.js';
import type { TestApi } from './test-api.js';

/** The address of our own pages, as a browser on this machine says it. */
export const OWN_ORIGIN = 'http://localhost:3000';

export interface PersonAnswer {
  readonly status: number;
  readonly body: Record<string, any>;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Somebody who has signed in to a live chain with a passkey. */
export interface SignedInPerson {
  readonly user: string;
  readonly device: SoftwareAuthenticator;
  ask(method: 'GET' | 'POST', url: string, body?: object): Promise<PersonAnswer>;
}

/** Asks as the command line of this machine does. */
export const asOperator = (api: TestApi, method: 'GET' | 'POST', url: string, body?: object): Promise<PersonAnswer> =>
  inject(api, { method, url, headers: { authorization: `Bearer ${api.pistor.access.operatorToken}` } }, body);

/** Invites somebody, and makes their passkey. */
export async function signedInPerson(api: TestApi, name: string, grants: readonly object[]): Promise<SignedInPerson> {
  const made = await asOperator(api, 'POST', '/v1/users', { name, grants });
  const user = made.body['id'] as string;
  const { body } = await asOperator(api, 'POST', `/v1/users/${user}/invitation`, {});
  const device = new SoftwareAuthenticator(OWN_ORIGIN);
  const path = '/v1/sign-in/passkey/registration';
  const options = await inject(api, { method: 'POST', url: `${path}/options` }, { invitation: body['code'] });
  const asked = { method: 'POST' as const, url: path, headers: { cookie: cookiesOf(options) } };
  const cookie = cookiesOf(await inject(api, asked, device.create(options.body['options'])));
  if (!cookie.includes('pistor-session=')) throw new Error(`${name} was not signed in`);
  return { user, device, ask: (method, url, data) => inject(api, { method, url, headers: { cookie } }, data) };
}

async function inject(api: TestApi, request: InjectOptions, body?: object): Promise<PersonAnswer> {
  const headers = { host: new URL(OWN_ORIGIN).host, ...request.headers };
  const answer = await api.app.inject({ ...request, headers, ...(body && { payload: body }) });
  return {
    status: answer.statusCode,
    body: answer.body === '' ? {} : answer.json(),
    headers: answer.headers,
  };
}

const cookiesOf = ({ headers }: PersonAnswer): string =>
  [(headers['set-cookie'] as string | string[] | undefined) ?? []]
    .flat()
    .map((text) => text.split(';')[0] as string)
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
