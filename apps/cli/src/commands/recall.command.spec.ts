import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { LotRecalled, recallIdOf, recallStreamOf } from '#libs/treatment/src/recall/recall.events.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site } from '#test/support/treatment-history.js';
import { addRecall } from './recall.command.js';
import { runCommand } from '#test/support/run-command.js';

let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  const of = { site: newId(), patient: newId(), practitioner: newId() };
  const history = new CourseHistory(of).performed('2026-02-01T10:00', { product: 'Glow Meso', lotNumber: 'L 1' });
  const recallId = recallIdOf(api.pistor.chain.id, 'Glow Meso', 'L 1');
  const notice = { recalledOn: '2026-03-01', reference: 'FSN-42', cause: 'sterility' as const };
  await api.append(
    ...[site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...history.streams()],
    {
      stream: recallStreamOf(recallId),
      events: [
        LotRecalled(occurredNow('2026-03-01T09:00:00.000Z'), {
          ...{ recallId, product: 'Glow Meso', lotNumber: 'L 1', ...notice },
        }),
      ],
    },
  );
});
afterAll(() => api.close());

/** Runs `pistor recall …`. @returns what it printed */
const run = async (...args: readonly string[]) =>
  (await runCommand([addRecall], ['recall', ...args, '--url', url])).said;

describe('pistor recall', () => {
  it('prints what the lot touched, the counts first', async () => {
    const said = await run('Glow Meso', 'L 1');
    expect(said).toMatch(/^Glow Meso, lot L 1: recalled, 2026-03-01, FSN-42, sterility\n/);
    expect(said).toMatch(/\nsessions +1\n/);
    expect(said).toMatch(/\nnotTold +1\n/);
    expect(said).toMatch(/\npatients\npatient.*\n-.*\nİpek Şahin +1 +2026-02-01 +2026-02-01\n/);
    expect(said).toMatch(/\nsessions\nwhen.*\n-.*\n2026-02-01 10:00 +Nişantaşı +İpek Şahin +Zoë García/);
    expect(said).not.toMatch(/\nplanned\n/);
  });

  it('prints the same as one JSON object a line', async () => {
    const lines = (await run('Glow Meso', 'L 1', '--json'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      product: 'Glow Meso',
      lot: 'L 1',
      recall: { status: 'recalled' },
      counts: { sessions: 1 },
    });
    expect(lines.slice(1).map(({ list }) => list)).toEqual(['sites', 'practitioners', 'patients', 'sessions']);
    expect(lines.at(-1)).toMatchObject({ at: '2026-02-01T10:00', patient: { name: 'İpek Şahin' }, volumeMl: null });
  });

  it('prints one list only when it is asked to, also when it is empty', async () => {
    expect(await run('Glow Meso', 'L 1', '--list', 'not-told')).toMatch(/^patient.*\n-.*\nİpek Şahin .*\n$/);
    expect(await run('Glow Meso', 'L 1', '--list', 'planned')).toBe('Nothing is on record.\n');
    await expect(run('Glow Meso', 'L 1', '--list', 'nobody')).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });

  it('says of a lot that nobody knows that it touched nothing', async () => {
    expect(await run('None', 'X')).toMatch(/^None, lot X: not recalled\n\ntouched +count\n/);
  });
});
