import { newId } from '#libs/kernel/src/ids.js';
import { DIRECTORY } from '#libs/treatment/src/directory/directory.projection.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { lot, patient, site } from '#test/support/treatment-history.js';

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const parked = async (query = '') => (await api.get(`/v1/projections/parked${query}`)).body;

async function retry(projection: string, body?: object) {
  const answer = await api.app.inject({
    method: 'POST',
    url: `/v1/projections/${projection}/retry`,
    headers: { host: '127.0.0.1' },
    ...(body && { payload: body }),
  });
  return { status: answer.statusCode, body: answer.json() };
}

/** Makes the rows of one site impossible, until it is undone: its events cannot be applied. */
async function refuseSites(...ids: readonly string[]): Promise<() => Promise<void>> {
  const { db } = api.pistor.engine;
  const list = ids.map((id) => `'${id}'`).join(', ');
  await db.query(
    `alter table directory_v${DIRECTORY.version}.site add constraint refused check (id not in (${list})) not valid`,
  );
  return async () => void (await db.query(`alter table directory_v${DIRECTORY.version}.site drop constraint refused`));
}

describe('the state of the projections', () => {
  it('tells position, lag, rate and what was applied of each', async () => {
    await api.append(site(), site());
    await api.followed();
    const { body } = await api.get('/v1/projections');
    const directory = (body.items as { projection: string }[]).find(({ projection }) => projection === 'directory');
    expect(directory).toMatchObject({
      ...{ kind: 'projection', state: 'live', lag: 0, parked: 0, lastError: null },
      ratePerSecond: expect.any(Number),
      applied: expect.any(Number),
    });
  });

  it('has nothing set aside when nothing went wrong', async () => {
    await api.followed();
    expect(await parked()).toEqual({ items: [], next: null });
  });

  it('shows a key that is set aside with the reason, and applies it in order once the reason is gone', async () => {
    const [good, bad] = [newId(), newId()];
    const undo = await refuseSites(bad);
    await api.append(site(good), site(bad), patient());
    await api.followed();
    const items = [
      {
        projection: 'directory',
        version: DIRECTORY.version,
        kind: 'projection',
        key: `site-${bad}`,
        events: 1,
        firstPosition: expect.any(Number),
        error: expect.stringContaining('refused'),
        parkedAt: expect.stringMatching(/Z$/),
        attempts: expect.any(Number),
      },
    ];
    expect(await parked()).toEqual({ items, next: null });
    expect(await parked('?projection=directory')).toEqual({ items, next: null });
    expect(await parked('?projection=course_progress')).toEqual({ items: [], next: null });

    const again = await retry('directory', { key: `site-${bad}` });
    expect(again).toMatchObject({
      status: 200,
      body: {
        projection: 'directory',
        items: [{ key: `site-${bad}`, applied: 0, left: 1, error: expect.stringContaining('refused') }],
      },
    });

    await undo();
    expect(await retry('directory', { key: `site-${bad}` })).toMatchObject({
      body: { items: [{ key: `site-${bad}`, applied: 1, left: 0, error: null }] },
    });
    expect(await parked()).toEqual({ items: [], next: null });
    const sites = (await api.get('/v1/sites?limit=500')).body.items as { id: string }[];
    expect(sites.map(({ id }) => id)).toEqual(expect.arrayContaining([good, bad]));
  });

  it('lists keys page by page, and applies all of a projection at once', async () => {
    const ids = [newId(), newId(), newId()];
    const undo = await refuseSites(...ids);
    await api.append(...ids.map((id) => site(id)), lot(newId()));
    await api.followed();
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Record<string, unknown> = await parked(`?limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...(page['items'] as { key: string }[]).map(({ key }) => key));
      cursor = page['next'] as string | null;
    }
    expect(seen).toEqual(ids.map((id) => `site-${id}`));
    await undo();
    const { body } = await retry('directory');
    expect(body.items).toHaveLength(3);
    expect(await parked()).toEqual({ items: [], next: null });
  });

  it('refuses a projection or a key that there is not, and says which there are', async () => {
    for (const answer of [await api.get('/v1/projections/parked?projection=nothing'), await retry('nothing')]) {
      expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining('course_progress') } });
    }
    expect(await retry('directory', { key: 'site-1' })).toMatchObject({
      status: 404,
      body: { code: 'projection.not-parked' },
    });
    expect(await retry('directory', { stream: 'site-1' })).toMatchObject({
      status: 400,
      body: { fields: [{ field: 'stream' }] },
    });
  });
});
