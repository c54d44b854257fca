import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './support/eventually.js';
import { type PistorProcess, startPistor } from './support/pistor-process.js';

interface Clock {
  readonly now: string;
  readonly advancing: { readonly from: string; readonly to: string } | null;
}
type Balance = Record<'planned' | 'sent' | 'suppressed' | 'expired' | 'failed' | 'unknown' | 'pending', number>;

let folder: string;
let server: PistorProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor clock '));
});
afterEach(async () => {
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The demo history brings what falls due within the months to come. */
async function start(): Promise<string> {
  server = await startPistor(folder, []);
  return server.url;
}

const get = async <Body>(url: string, path: string) => (await (await fetch(url + path)).json()) as Body;
const clockOf = (url: string) => get<Clock>(url, '/v1/clock');
const balanceOf = (url: string) => get<Balance>(url, '/v1/messages/balance');

async function idsOf(url: string, path: string, id: 'id' | 'messageId'): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Record<string, string>[]; next: string | null } = await get(
      url,
      `${path}${path.includes('?') ? '&' : '?'}limit=500${cursor ? `&cursor=${cursor}` : ''}`,
    );
    ids.push(...page.items.map((item) => item[id] as string));
    cursor = page.next;
  } while (cursor);
  return ids;
}

it('goes on by itself after SIGKILL in the middle of an advance of the clock, and says nothing twice', async () => {
  const before = await start();
  const { now: since } = await clockOf(before);
  const advance = fetch(`${before}/v1/clock/advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ months: 6 }),
  }).catch(() => undefined);
  const target = await eventually('an advance that has sent something and still goes on', async () => {
    const { sent } = await balanceOf(before);
    const { advancing } = await clockOf(before);
    return sent > 0 && advancing ? advancing.to : undefined;
  });
  await server?.kill();
  expect(await advance).toBeUndefined();

  const after = await start();
  const { now } = await clockOf(after);
  expect(now > since && now < target).toBe(true);
  // An attempt that was under way at the kill is finished only after half a minute.
  const arrived = async () => ((await clockOf(after)).advancing ? undefined : true);
  await eventually('a clock that has arrived', arrived, 60_000);
  expect((await clockOf(after)).now >= target).toBe(true);

  const { planned, ...outcomes } = await balanceOf(after);
  const messages = await idsOf(after, '/v1/messages', 'id');
  const outbox = await idsOf(after, '/v1/outbox', 'messageId');
  expect(Object.values(outcomes).reduce((sum, n) => sum + n, 0)).toBe(planned);
  expect(outcomes).toMatchObject({ expired: 0, failed: 0, unknown: 0 });
  expect(messages).toHaveLength(planned);
  expect(new Set(messages).size).toBe(planned);
  expect(new Set(outbox).size).toBe(outbox.length);
  expect(outbox).toHaveLength(outcomes.sent);
  expect(messages).toEqual(expect.arrayContaining(outbox));
  const pending = await get<{ items: { nextDue: string }[] }>(after, '/v1/messages?status=pending&limit=500');
  expect(pending.items.filter(({ nextDue }) => nextDue <= target)).toEqual([]);
}, 150_000);
