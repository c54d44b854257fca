import type { FastifyInstance, FastifyRequest } from 'fastify';
import { exampleHttpApp } from '#test/support/example-http-app.js';

/** What headers say of where a request comes from, and under which name. */
async function sources(trustedProxies: readonly string[] | undefined) {
  const seen: string[] = [];
  const { app } = await exampleHttpApp(
    {},
    {
      ...(trustedProxies && { trustedProxies }),
      prepare: async (made) => {
        const instance = made.getHttpAdapter().getInstance() as unknown as FastifyInstance;
        instance.addHook('onRequest', async (request: FastifyRequest) => void seen.push(request.ip));
      },
    },
  );
  const from = async (remoteAddress: string, headers: Record<string, string>): Promise<string | undefined> => {
    await app.inject({ url: '/v1/rooms', remoteAddress, headers: { host: '127.0.0.1', ...headers } });
    return seen.pop();
  };
  return { from, close: () => app.close() };
}

describe('where a request comes from', () => {
  it('is the address of its connection, whatever headers say, while no proxy is trusted', async () => {
    const { from, close } = await sources(undefined);
    const spoofing: readonly Record<string, string>[] = [
      { 'x-forwarded-for': '203.0.113.7' },
      { forwarded: 'for=203.0.113.7' },
      { 'x-real-ip': '203.0.113.7', 'true-client-ip': '203.0.113.7' },
    ];
    for (const spoofed of spoofing) {
      expect(await from('198.51.100.1', spoofed)).toBe('198.51.100.1');
    }
    await close();
  });

  it('is what a trusted proxy has added, and nothing that was there before it', async () => {
    const { from, close } = await sources(['10.0.0.0/24', '192.0.2.9']);
    expect(await from('10.0.0.7', { 'x-forwarded-for': '203.0.113.7' })).toBe('203.0.113.7');
    // The caller has named somebody else, and the proxy has added the caller.
    expect(await from('10.0.0.7', { 'x-forwarded-for': '192.0.2.1, 203.0.113.7' })).toBe('203.0.113.7');
    // Through two proxies that are both trusted.
    expect(await from('192.0.2.9', { 'x-forwarded-for': '203.0.113.7, 10.0.0.8' })).toBe('203.0.113.7');
    expect(await from('10.0.0.7', {})).toBe('10.0.0.7');
    await close();
  });

  it('is the connection of everybody who is no trusted proxy', async () => {
    const { from, close } = await sources(['10.0.0.0/24']);
    expect(await from('10.0.1.7', { 'x-forwarded-for': '10.0.0.7' })).toBe('10.0.1.7');
    await close();
  });
});

describe('the name that a request came under', () => {
  it('is that of Host: no forwarding header makes a foreign name ours, not even of a trusted proxy', async () => {
    const { app } = await exampleHttpApp(
      { publicHost: 'pistor.example', peopleSignIn: true },
      { trustedProxies: ['10.0.0.7'] },
    );
    const headers = { host: 'evil.test', 'x-forwarded-host': 'pistor.example', 'x-forwarded-proto': 'https' };
    const answer = await app.inject({ url: '/v1/rooms', remoteAddress: '10.0.0.7', headers });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'request.foreign-host']);
    await app.close();
  });

  it('is asked for by TLS alone from then on, where it is a public address with TLS', async () => {
    const secured = async (publicIsSecure: boolean, host: string) => {
      const { app } = await exampleHttpApp({ publicHost: 'pistor.example', publicIsSecure, peopleSignIn: true });
      const { headers } = await app.inject({ url: '/v1/rooms', headers: { host } });
      await app.close();
      return headers['strict-transport-security'];
    };
    expect(await secured(true, 'Pistor.example')).toBe('max-age=31536000');
    // On the machine itself there is no TLS.
    expect(await secured(true, '127.0.0.1:3000')).toBeUndefined();
    expect(await secured(false, 'pistor.example')).toBeUndefined();
  });
});
