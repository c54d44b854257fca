import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exampleHttpApp } from '#test/support/example-http-app.js';
import { serveConsole } from './serve-console.js';

describe('the console', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pistor console '));
  let app: NestFastifyApplication;

  beforeAll(async () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Pistor</title>');
    writeFileSync(join(folder, 'assets/index-BxY12_ab.js'), 'export {};');
    writeFileSync(join(folder, '.env'), 'secret');
    ({ app } = await exampleHttpApp({}, { prepare: (made) => serveConsole(made, folder) }));
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  const open = (url: string, accept = 'text/html,*/*') => app.inject({ url, headers: { accept } });

  it.each(['/', '/courses/C000001', '/due?site=IST1'])('has its page at %s, always fresh', async (url) => {
    const answer = await open(url);
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
  });

  it('keeps files whose name says what is in them', async () => {
    const answer = await open('/assets/index-BxY12_ab.js', '*/*');
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': expect.stringContaining('javascript'),
    });
  });

  it.each([
    '/assets/missing-12345678.js',
    '/favicon.ico',
    '/.env',
    '/..%2f..%2fetc%2fpasswd.txt',
    '/v1/nothing',
    '/health/none',
    '/openapi.json',
  ])('is not what is missing at %s', async (url) => {
    const answer = await open(url);
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
      'no-store',
    ]);
  });

  it('is for who takes HTML', async () => {
    expect((await open('/courses/C000001', 'application/json')).statusCode).toBe(404);
    expect((await app.inject({ method: 'POST', url: '/courses', payload: {} })).statusCode).toBe(404);
  });

  it('says so when it is not built', async () => {
    await expect(serveConsole(app, join(folder, 'none'))).rejects.toMatchObject({ code: 'console.not-built' });
  });
});
