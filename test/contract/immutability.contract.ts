import type { ExpectedRevision } from '#libs/event-store/src/event-store.js';
import type { Contract } from './support/contract.js';
import { describeWhere } from './support/contract.js';
import { counted, newStream, some, to } from './support/contract-events.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

const INSUFFICIENT_PRIVILEGE = '42501';

export function describeImmutability(contract: Contract): void {
  const { adapter } = contract;

  it('overwrites no event by any call, whatever its name, revision or command id', async () => {
    const names = [newStream(), 'thing-__proto__', 'thing-constructor', 'thing-..', 'thing-~', 'thing-0'];
    const first = await Promise.all(
      names.map(async (name) => {
        const request = contract.request(to(name, 'no-stream', ...some(3)));
        await contract.store.append(request);
        return request;
      }),
    );
    const before = await readEverything(contract.store, contract.chain);
    const expectations: ExpectedRevision[] = ['no-stream', 'exists', 'any', -1, 0, 1, 2, 3];
    for (const { commandId, streams } of first) {
      const { stream } = streams[0] as (typeof streams)[number];
      for (const expected of expectations) {
        await contract.append(to(stream, expected, counted(9))).catch(() => undefined);
        await contract.append(to(stream, expected, counted(9)), { commandId });
        await contract.append(to(stream, expected)).catch(() => undefined);
      }
    }
    const after = await readEverything(contract.store, contract.chain);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.length).toBeGreaterThan(before.length);
    expectSoundHistory(after, contract);
  });

  describeWhere(adapter.capabilities.immutableByGrant, 'the role of the application', () => {
    it.each([
      ['add an event', `insert into event_log select * from event_log`],
      ['change an event', `update event_log set data = '{}'`],
      ['change when it was recorded', `update event_log set recorded_at = now()`],
      ['delete an event', `delete from event_log`],
      ['empty the log', `truncate event_log`],
      ['drop the log', `drop table event_log`],
      ['add a column', `alter table event_log add column extra text`],
      [
        'hang a trigger on it',
        `create trigger t before insert on event_log execute function suppress_redundant_updates_trigger()`,
      ],
      ['turn a rule on it', `create rule r as on insert to event_log do instead nothing`],
      ['replace how events are appended', `drop function append_events`],
      ['move the positions', `update chain set position = position + 1`],
      ['set back the time of recording', `update chain set recorded_at = '-infinity'`],
      ['delete a chain', `delete from chain`],
    ])('cannot %s', async (_what, sql) => {
      const on = newStream();
      await contract.append(to(on, 'no-stream', counted(1)));
      const before = await readEverything(contract.store, contract.chain);
      const db = await contract.place.database?.();
      await expect(db?.transaction((tx) => tx.query(sql))).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
      expect(await readEverything(contract.store, contract.chain)).toEqual(before);
    });

    it('may read events', async () => {
      await contract.append(to(newStream(), 'no-stream', counted(1)));
      const db = await contract.place.database?.();
      const { rows } = (await db?.query('select 1 from event_log where chain = $1', [contract.chain.no])) ?? {};
      expect(rows).toHaveLength(1);
    });
  });
}
