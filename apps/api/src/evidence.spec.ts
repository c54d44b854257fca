import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { importDemoHistory } from '#libs/composition/src/demo.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await importDemoHistory(api.pistor, () => undefined);
  await api.followed();
  await api.pistor.ledger.sequencer.tick();
  // The whole demo history: some seconds, and many where other suites run beside.
}, 300_000);
afterAll(() => api.close());

const ask = async (path: string) => {
  const answer = await api.app.inject({ url: path, headers: { host: '127.0.0.1' } });
  return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload };
};

describe('evidence of what the demo history has', () => {
  it('of each patient is valid: every course and consultation that is named is there', async () => {
    const { items } = (await api.get('/v1/patients?limit=12')).body as { items: { id: string; code: string }[] };
    for (const { id, code } of items) {
      const { status, headers, body } = await ask(`/v1/patients/${code}/evidence`);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/vnd.pistor.evidence+json',
        'content-disposition': `attachment; filename="evidence-patient-${id}.json"`,
      });
      const verdict = verifyBundle(body);
      expect(verdict).toMatchObject({ outcome: 'valid', problem: null });
      expect(verdict.events).toBeGreaterThan(5);
    }
  });

  it('of a course goes on from an older checkpoint, and is sealed', async () => {
    const { items } = (await api.get('/v1/courses?limit=1')).body as {
      items: { id: string; patient: { name: string } }[];
    };
    const [course] = items;
    const { body } = await ask(`/v1/courses/${course?.id}/evidence?since=5`);
    expect(verifyBundle(body).outcome).toBe('valid');
    const read = JSON.parse(body.toString()) as { consistency: { size: number }[]; opened: unknown[]; scope: object };
    expect(read.consistency).toMatchObject([{ size: 5 }]);
    expect(read.opened).toEqual([]);
    expect(read.scope).toEqual({ kind: 'course', name: null, streams: [`course-${course?.id}`] });
    expect(body.toString()).not.toContain(course?.patient.name);
  });

  it('is opened for those who may read every record', async () => {
    const { body } = await ask('/v1/patients/PT00001/evidence?personal=open');
    expect((JSON.parse(body.toString()) as { opened: object[] }).opened.length).toBeGreaterThan(0);
  });

  it('is sealed for those who may hand it out and not read every record', async () => {
    const { app } = api;
    const made = await app.inject({
      method: 'POST',
      url: '/v1/api-keys',
      headers: { host: '127.0.0.1' },
      payload: { name: 'auditor', scopes: ['evidence.export'] },
    });
    const headers = { host: '127.0.0.1', authorization: `Bearer ${(made.json() as { key: string }).key}` };
    const sealed = await app.inject({ url: '/v1/patients/PT00001/evidence', headers });
    expect(sealed.statusCode).toBe(200);
    const open = await app.inject({ url: '/v1/patients/PT00001/evidence?personal=open', headers });
    expect([open.statusCode, (open.json() as { code: string }).code]).toEqual([403, 'evidence.sealed']);
  });

  const refused: readonly (readonly [string, string, number, string])[] = [
    ['an unknown patient', '/v1/patients/PT99999/evidence', 404, 'patient.unknown'],
    ['an id of nobody', '/v1/patients/0199aaaa-0000-7000-8000-000000000001/evidence', 404, 'patient.unknown'],
    ['an unknown course', '/v1/courses/C99999/evidence', 404, 'course.unknown'],
    ['a size that is not reached yet', '/v1/patients/PT00001/evidence?since=99999999', 404, 'ledger.size-not-reached'],
    ['a size that is none', '/v1/patients/PT00001/evidence?since=0', 400, 'request.invalid'],
    ['an unknown parameter', '/v1/patients/PT00001/evidence?open=true', 400, 'request.invalid'],
  ];
  it.each(refused)('is refused for %s', async (_what, path, status, code) => {
    const answer = await ask(path);
    expect([answer.status, (JSON.parse(answer.body.toString()) as { code: string }).code]).toEqual([status, code]);
  });
});

it('tells how the ledger stands', async () => {
  const { body } = await api.get('/v1/ledger/state');
  expect(body).toMatchObject({ origin: `pistor/${api.pistor.chain.id}`, waiting: 0, witnesses: [], problem: null });
  const { committed, checkpoint } = body as unknown as { committed: number; checkpoint: { size: number } };
  expect(checkpoint.size).toBe(committed);
});
