import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { runCommand } from '#test/support/run-command.js';
import { addApiKeys } from './api-keys.command.js';
import { addUsers } from './users.command.js';

let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
});
afterAll(() => api.close());
afterEach(() => {
  delete process.env['PISTOR_API_KEY'];
});

const run = async (...args: readonly string[]) =>
  (await runCommand([addUsers, addApiKeys], [...args, '--url', url])).said;

describe('pistor users', () => {
  it('invites somebody, prints the code once, and lists them with their roles', async () => {
    const said = await run('users', 'invite', 'Deniz', '--role', 'administrator', '--role', 'auditor');
    expect(said).toMatch(/^[0-9a-f-]{36}\n.*\n[\w-]{43}\n$/);
    const user = said.slice(0, 36);
    expect(await run('users')).toMatch(new RegExp(`${user} +Deniz +invited +administrator everywhere, auditor`));
    const again = JSON.parse(await run('users', 'code', user, '--json')) as { code: string };
    expect(said).not.toContain(again.code);
    expect(await run('users', 'disable', user, '--reason', 'Has left')).toMatch(/signed out everywhere/);
    expect(JSON.parse(await run('users', 'list', '--json'))).toMatchObject({ id: user, status: 'disabled' });
  });

  it('asks for a role', async () => {
    await expect(run('users', 'invite', 'Deniz')).rejects.toMatchObject({ code: 'users.no-role' });
  });
});

describe('pistor api-keys', () => {
  it('makes a key that PISTOR_API_KEY lets other commands use, lists and revokes it', async () => {
    const key = (await run('api-keys', 'create', 'exporter', '--scope', 'user.read', '--scope', 'chain.read')).trim();
    expect(key).toMatch(/^pk_/);
    process.env['PISTOR_API_KEY'] = key;
    const listed = JSON.parse(await run('api-keys', 'list', '--json')) as { id: string; state: string };
    expect(listed).toMatchObject({ name: 'exporter', state: 'valid', scopes: ['user.read', 'chain.read'] });
    await expect(run('api-keys', 'create', 'another', '--scope', 'user.read')).rejects.toMatchObject({ status: 403 });
    delete process.env['PISTOR_API_KEY'];
    expect(await run('api-keys', 'revoke', listed.id)).toBe(`${listed.id} is revoked.\n`);
    process.env['PISTOR_API_KEY'] = key;
    await expect(run('api-keys')).rejects.toMatchObject({ status: 401 });
  });
});
