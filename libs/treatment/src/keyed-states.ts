import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';

/**
 * A table of a projection that keeps one JSON state for each id: `(chain integer, id uuid, state jsonb)`. A page of
 * events costs one read and one write of it, however many events it has.
 */
export class KeyedStates<State> {
  constructor(
    private readonly table: string,
    private readonly initial: State,
  ) {}

  static ddl(table: string): string {
    return `create table ${table} (chain integer not null, id uuid not null, state jsonb not null, primary key (chain, id));`;
  }

  /** The states of the ids that have one. */
  async load(tx: Queryable, chain: Chain, ids: Iterable<Id>): Promise<Map<Id, State>> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Map();
    const { rows } = await tx.query<{ id: Id; state: State }>(
      `select id, state from ${this.table} where chain = $1 and id = any($2::uuid[])`,
      [chain.no, wanted],
    );
    return new Map(rows.map((row) => [row.id, row.state]));
  }

  /**
   * Changes the states that `events` are about, in their order, and writes them back.
   * @returns the states after it, by id
   */
  async fold<E>(
    tx: Queryable,
    chain: Chain,
    events: readonly E[],
    idOf: (event: E) => Id,
    evolve: (state: State, event: E) => State,
  ): Promise<Map<Id, State>> {
    if (events.length === 0) return new Map();
    const states = await this.load(tx, chain, events.map(idOf));
    for (const event of events) {
      const id = idOf(event);
      states.set(id, evolve(states.get(id) ?? this.initial, event));
    }
    await tx.query(
      `insert into ${this.table} (chain, id, state)
       select $1, key::uuid, value from jsonb_each($2::jsonb)
       on conflict (chain, id) do update set state = excluded.state`,
      [chain.no, JSON.stringify(Object.fromEntries(states))],
    );
    return states;
  }
}
