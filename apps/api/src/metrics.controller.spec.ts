import { newId } from '#libs/kernel/src/ids.js';
import { DIRECTORY } from '#libs/treatment/src/directory/directory.projection.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { patient, site } from '#test/support/treatment-history.js';

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function scrape() {
  const { statusCode, headers, body } = await api.app.inject({ url: '/metrics', headers: { host: '127.0.0.1' } });
  const value = (sample: string) => {
    const line = body.split('\n').find((each) => each.startsWith(`${sample} `));
    return line === undefined ? undefined : Number(line.slice(sample.length + 1));
  };
  return { statusCode, headers, body, value };
}
const directory = `{chain="main",projection="directory",version="${DIRECTORY.version}",kind="projection"}`;

describe('the metrics', () => {
  it('are in the text format of Prometheus, with those of the process', async () => {
    const { statusCode, headers, value } = await scrape();
    expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain; version=0.0.4')]);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(value('pistor_database_up')).toBe(1);
  });

  it('tell position, lag, rate, total and pause of each projection, and the head', async () => {
    await api.append(site(), site());
    await api.followed();
    const head = await api.pistor.engine.store.head(api.pistor.chain.id);
    const { value } = await scrape();
    expect(value('pistor_event_store_head{chain="main"}')).toBe(head);
    expect(value(`pistor_projection_position${directory}`)).toBe(head);
    expect(value(`pistor_projection_lag_events${directory}`)).toBe(0);
    expect(value(`pistor_projection_parked_events${directory}`)).toBe(0);
    expect(value(`pistor_projection_applied_events${directory}`)).toBeGreaterThanOrEqual(2);
    expect(value(`pistor_projection_rate_per_second${directory}`)).toBeGreaterThanOrEqual(0);
    expect(value(`pistor_projection_unmoved_seconds${directory}`)).toBeLessThan(60);
  });

  it('count events that are set aside', async () => {
    const id = newId();
    await api.pistor.engine.db.query(
      `alter table directory_v${DIRECTORY.version}.site add constraint refused check (id <> '${id}') not valid`,
    );
    await api.append(site(id));
    await api.followed();
    expect((await scrape()).value(`pistor_projection_parked_events${directory}`)).toBe(1);
  });

  it('hold nothing of a person', async () => {
    const id = newId();
    await api.append(patient(id, { allergies: ['lidocaine'] }, 'Gizli'));
    await api.followed();
    const { body } = await scrape();
    expect(body).not.toMatch(/Gizli|lidocaine|İpek/);
    expect(body).not.toContain(id);
  });

  it('are not in the OpenAPI document', async () => {
    expect(Object.keys((await api.get('/openapi.json')).body['paths'] as object)).not.toContain('/metrics');
  });

  it('say that the database is away, and tell nothing old of it', async () => {
    expect((await scrape()).value('pistor_database_up')).toBe(1);
    await api.pistor.engine.db.close();
    const { statusCode, body, value } = await scrape();
    expect([statusCode, value('pistor_database_up')]).toEqual([200, 0]);
    expect(body).not.toContain('pistor_projection_lag_events{');
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});
