import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { appendBatch } from '#libs/event-store/src/append-batch.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { eventually } from '#test/support/eventually.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { lot, patient, practitioner, site } from '#test/support/treatment-history.js';

const of = { site: newId(), patient: newId(), practitioner: newId() };
let api: TestApi;
/** Position of the newest event before the first test. */
let head: number;

beforeAll(async () => {
  api = await openTestApi();
  await api.append(
    site(of.site),
    practitioner({ id: of.practitioner }),
    patient(of.patient, { allergies: ['lidocaine'] }, 'Gizli'),
    ...Array.from({ length: 12 }, (_, n) => lot(of.site, { lotNumber: `L${n}` })),
  );
  head = await api.pistor.engine.store.head(api.pistor.chain.id);
});
afterAll(() => api.close());

interface Event {
  readonly position: number;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
}
const page = async (query: string) => {
  const { status, body } = await api.get(`/v1/events${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as unknown as { items: Event[]; next: string | null };
};
const positions = ({ items }: { items: readonly Event[] }) => items.map(({ position }) => position);
const fromTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('the log over HTTP', () => {
  it('comes in pages, in the order of positions, and ends at the head', async () => {
    const first = await page('?limit=7&from=3');
    expect(positions(first)).toEqual(fromTo(3, 9));
    const second = await page(`?limit=500&from=3&cursor=${first.next}`);
    expect(positions(second)).toEqual(fromTo(10, head));
    expect(second.next).toBeNull();
    expect(await page(`?from=${head + 1}`)).toEqual({ items: [], next: null });
  });

  it('shows what stands open in an event', async () => {
    const { items } = await page(`?stream=site-${of.site}`);
    expect(items).toEqual([
      {
        position: expect.any(Number),
        stream: `site-${of.site}`,
        revision: 0,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        type: 'SiteRegistered',
        version: 1,
        recordedAt: expect.stringMatching(/Z$/),
        occurredAt: { instant: '2026-01-01T00:00:00.000Z', precision: 'unknown' },
        actor: 'user:test',
        site: null,
        origin: 'live',
        correlationId: null,
        causationId: null,
        commandId: expect.any(String),
        subject: null,
        data: expect.objectContaining({ siteId: of.site, timeZone: 'Europe/Istanbul' }),
        boxes: [],
      },
    ]);
  });

  it('says which boxes of personal data there are, and gives neither what is in them nor their ciphertext', async () => {
    const answer = await api.app.inject({ url: '/v1/events?type=PatientRegistered', headers: { host: '127.0.0.1' } });
    const [event] = answer.json().items;
    expect(event).toMatchObject({ subject: of.patient, boxes: ['clinical', 'contact'] });
    expect(event.data).toEqual({ patientId: of.patient, preference: expect.any(Object) });
    const [stored] = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${of.patient}`);
    for (const box of Object.values(JSON.parse(stored?.data ?? '').boxes as Record<string, string>)) {
      expect(answer.body).not.toContain(box.slice(0, 40));
    }
    expect(answer.body).not.toMatch(/Gizli|lidocaine|1991-10-01/);
  });

  it.each([
    ['a category', '?category=lot', 12],
    ['categories, repeated', '?category=lot&category=patient', 13],
    ['categories, in one', '?category=lot,site', 13],
    ['a type', '?type=CredentialGranted', 1],
    ['a category and a type, both', '?category=lot&type=SiteRegistered', 0],
    ['a stream', `?stream=practitioner-${of.practitioner}`, 2],
    ['a stream and a type, both', `?stream=practitioner-${of.practitioner}&type=CredentialGranted`, 1],
    ['a stream that does not exist', '?stream=course-nothing', 0],
  ])('can be asked for %s', async (_what, query, count) => {
    const whole = await page(query);
    expect(whole.items).toHaveLength(count);
    const inPieces: Event[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const piece: { items: Event[]; next: string | null } = await page(
        `${query}&limit=1${cursor && `&cursor=${cursor}`}`,
      );
      inPieces.push(...piece.items);
      cursor = piece.next;
    }
    expect(positions({ items: inPieces })).toEqual(positions(whole));
  });

  it.each([
    ['from=0', 'from', /from 1 to/],
    ['from=-3', 'from', /from 1 to/],
    ['from=99999999', 'from', /^Expected a position from 1 to \d+\.$/],
    ['limit=0', 'limit', /from 1 to 500/],
    ['limit=501', 'limit', /from 1 to 500/],
    ['stream=course', 'stream', /category-id/],
    ['stream=Course-1', 'stream', /category-id/],
    ['category=Co-urse', 'category.0', /before the hyphen/],
    ['type=SessionPerfomed', 'type.0', /Near it: SessionPerformed\b/],
    ['type=session', 'type.0', /Near it: .*SessionBooked/],
    ['type=Xyzzyxyzzyxyzzy', 'type.0', /There are: .*CoursePlanned/],
    ['after=3', 'after', /not known here/],
  ])('refuses %s and says what to mend', async (query, field, message) => {
    const { status, body } = await api.get(`/v1/events?${query}`);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { fields: [{ field, message: expect.stringMatching(message) }] },
    });
  });

  it.each([
    ['[1.5]', ''],
    ['["7"]', ''],
    ['[-1]', ''],
    ['[null]', ''],
    ['[3000000000]', `&stream=thing-${newId()}`],
  ])('refuses the cursor %s%s, which names no place', async (key, stream) => {
    const cursor = Buffer.from(key).toString('base64url');
    const answer = await api.get(`/v1/events?cursor=${cursor}${stream}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'cursor.malformed' } });
  });

  it('refuses a cursor of another list', async () => {
    expect(await api.get('/v1/events?cursor=abc')).toMatchObject({ status: 400, body: { code: 'cursor.malformed' } });
  });

  it('shows an event that this version cannot read, without its data', async () => {
    const stream = `lot-${newId()}`;
    const header = {
      id: newId(),
      type: 'LotReceived',
      version: 1,
      occurredAt: occurredNow('2026-01-01T00:00:00.000Z'),
    };
    const text = JSON.stringify({ ...header, actor: 'user:test', origin: 'live', commandId: newId() });
    await appendBatch(api.pistor.engine.db, api.pistor.chain, [
      {
        commandId: newId(),
        streams: [{ stream, expectedRevision: 'no-stream', events: [{ header: text, data: 'not json' }] }],
        guards: [],
      },
    ]);
    const { items } = await page(`?stream=${stream}`);
    expect(items).toMatchObject([{ type: 'LotReceived', data: null, boxes: [] }]);
  });
});

describe('a count of events', () => {
  it('of all is told by the positions', async () => {
    const now = await api.pistor.engine.store.head(api.pistor.chain.id);
    expect(await api.lines('/v1/events/count')).toEqual([{ done: { events: now, from: 1, to: now } }]);
    expect(await api.lines('/v1/events/count?from=5')).toEqual([{ done: { events: now - 4, from: 5, to: now } }]);
  });

  it('of a filter is what the list has', async () => {
    for (const query of ['category=lot', 'type=CredentialGranted', `stream=practitioner-${of.practitioner}`]) {
      const { items } = await page(`?${query}&limit=500`);
      expect((await api.lines(`/v1/events/count?${query}`)).at(-1)).toMatchObject({ done: { events: items.length } });
    }
  });

  it('by type, category or stream adds up, the largest first', async () => {
    for (const by of ['type', 'category', 'stream']) {
      const lines = await api.lines(`/v1/events/count?by=${by}`);
      const groups = lines.flatMap(({ group }) => (group ? [group as { name: string; events: number }] : []));
      const counts = groups.map(({ events }) => events);
      expect(counts).toEqual([...counts].sort((a, b) => b - a));
      const { events } = lines.at(-1)?.['done'] as { events: number };
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(events);
      expect(groups.length).toBeGreaterThan(3);
    }
  });

  it('refuses what it cannot count by', async () => {
    expect(await api.get('/v1/events/count?by=patient')).toMatchObject({
      status: 400,
      body: { fields: [{ field: 'by' }] },
    });
  });
});

describe('following the log', () => {
  interface Line {
    readonly event?: Event;
    readonly position?: number;
  }

  async function follow(query: string) {
    const gone = new AbortController();
    const answer = await api.app.inject({
      url: `/v1/events/follow${query}`,
      headers: { host: '127.0.0.1' },
      payloadAsStream: true,
      signal: gone.signal,
    });
    expect(answer.statusCode).toBe(200);
    const stream = answer.stream();
    const lines: Line[] = [];
    let rest = '';
    stream
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts.map((part) => JSON.parse(part) as Line));
      });
    const until = (count: number) =>
      eventually(`${count} lines`, () => Promise.resolve(lines.length >= count ? lines : undefined), 10_000);
    const goAway = () => {
      gone.abort();
      stream.destroy();
    };
    return { lines, until, goAway };
  }
  const seen = (lines: readonly Line[]) => lines.flatMap(({ event }) => (event ? [event.position] : []));
  const followers = async () => {
    const { EventFollowers } = await import('./event-followers.js');
    return api.app.get(EventFollowers).count;
  };
  const nobodyFollows = () =>
    eventually('nobody follows', async () => ((await followers()) === 0 ? true : undefined), 10_000);

  it('begins with what is there from a position on, and goes on with what comes', async () => {
    const before = await api.pistor.engine.store.head(api.pistor.chain.id);
    const { until, goAway } = await follow(`?from=${before - 2}`);
    expect(seen(await until(4))).toEqual(fromTo(before - 2, before));
    await api.append(site(), site());
    const lines = await until(6);
    expect(seen(lines)).toEqual(fromTo(before - 2, before + 2));
    expect(lines[0]).toEqual({ position: before - 3 });
    goAway();
    await nobodyFollows();
  });

  it('without a position begins with what comes, and holds what comes to the filter', async () => {
    const before = await api.pistor.engine.store.head(api.pistor.chain.id);
    const { lines, until, goAway } = await follow('?category=lot');
    await until(1);
    await api.append(site(), lot(of.site), site());
    expect(seen(await until(2))).toEqual([before + 2]);
    expect(lines[0]).toEqual({ position: before });
    goAway();
    await nobodyFollows();
  });

  it('of one stream has what it has already, and what comes', async () => {
    const [granted] = practitioner({ id: of.practitioner }).events.slice(1);
    if (!granted) throw new Error('no event');
    const { until, goAway } = await follow(`?stream=practitioner-${of.practitioner}&from=1`);
    await until(3);
    await api.append({ stream: `practitioner-${of.practitioner}`, events: [granted] });
    expect((await until(4)).map(({ event }) => event?.revision)).toEqual([undefined, 0, 1, 2]);
    goAway();
    await nobodyFollows();
  });

  it('is refused from beyond the head', async () => {
    expect(await api.get('/v1/events/follow?from=99999999')).toMatchObject({
      status: 400,
      body: { code: 'position.beyond-head', data: { head: expect.any(Number) } },
    });
  });

  it('is bounded in number', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => follow('')));
    expect(await api.get('/v1/events/follow')).toMatchObject({
      status: 429,
      body: { code: 'events.too-many-followers' },
    });
    for (const { goAway } of all) goAway();
    await nobodyFollows();
  });

  it('ends when the application closes', async () => {
    const own = await openTestApi();
    const answer = await own.app.inject({
      url: '/v1/events/follow',
      headers: { host: '127.0.0.1' },
      payloadAsStream: true,
    });
    const stream = answer.stream();
    const ended = once(stream.resume(), 'end');
    await own.close();
    await ended;
  });

  it('does not keep a closing application waiting for a reader that has stalled', async () => {
    const own = await openTestApi();
    // More than the buffers on the way can hold.
    const long = site(newId(), 'Europe/Istanbul', 'x'.repeat(20_000));
    for (let n = 0; n < 25; n += 1) {
      await own.append({ stream: long.stream, events: Array.from({ length: 40 }, () => long.events).flat() });
    }
    await own.app.listen(0, '127.0.0.1');
    const { port } = own.app.getHttpServer().address() as AddressInfo;
    const reader = connect(port, '127.0.0.1').on('error', () => undefined);
    reader.write('GET /v1/events/follow?from=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await once(reader, 'readable');
    // Time to fill the buffers on the way.
    await pause(1_000);
    const since = performance.now();
    await own.close();
    expect(performance.now() - since).toBeLessThan(8_000);
    reader.destroy();
  });
});
