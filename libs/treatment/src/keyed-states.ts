import type { Queryable } from '#libs/database/src/database.js';
import { jsonArray, uuidArray } from '#libs/database/src/binary-array.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Read, Statement } from '#libs/projections/src/combined.statement.js';

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
    return `create table ${table} (chain integer not null, id uuid not null, state json not null, primary key (chain, id));`;
  }

  /** The states of the ids that have one. */
  async load(tx: Queryable, chain: Chain, ids: Iterable<Id>): Promise<Map<Id, State>> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Map();
    const { text, values } = this.read(chain, wanted);
    const { rows } = await tx.query<{ id: Id; state: State }>(text, values);
    return new Map(rows.map((row) => [row.id, row.state]));
  }

  /** What `load` asks, for asking it together with other questions. */
  read(chain: Chain, ids: Iterable<Id>): Read<{ id: Id; state: State }> {
    return {
      text: `select id, state from ${this.table} where chain = $1 and id = any($2::uuid[])`,
      values: [chain.no, uuidArray([...new Set(ids)])],
    };
  }

  /**
   * Changes the states that `events` are about, in their order. What was read or changed stands in `unsaved`.
   * @param fresh streams that began in these pages: nothing can be in the table about them
   * @returns the ids that were changed
   */
  async fold<E extends { readonly stream: StreamName }>(
    tx: Queryable,
    chain: Chain,
    events: readonly E[],
    idOf: (event: E) => Id,
    evolve: (state: State, event: E) => State,
    { unsaved, fresh }: { readonly unsaved: Map<Id, State>; readonly fresh: ReadonlySet<StreamName> },
  ): Promise<Id[]> {
    const unknown = events.filter((event) => !fresh.has(event.stream)).map(idOf);
    const missing = unknown.filter((id) => !unsaved.has(id));
    for (const [id, state] of await this.load(tx, chain, missing)) unsaved.set(id, state);
    for (const event of events) {
      const id = idOf(event);
      unsaved.set(id, evolve(unsaved.get(id) ?? this.initial, event));
    }
    return events.map(idOf);
  }

  /** Writes states; to be carried out together with what else is to be written. */
  write(chain: Chain, states: ReadonlyMap<Id, State>): Statement[] {
    if (states.size === 0) return [];
    return [
      {
        text: `insert into ${this.table} (chain, id, state)
               select $1, * from unnest($2::uuid[], $3::json[])
               on conflict (chain, id) do update set state = excluded.state`,
        values: [
          chain.no,
          uuidArray([...states.keys()]),
          jsonArray([...states.values()].map((state) => JSON.stringify(state))),
        ],
      },
    ];
  }
}
