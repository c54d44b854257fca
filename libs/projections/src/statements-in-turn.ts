import type { Queryable } from '#libs/database/src/database.js';

/**
 * A transaction that several ask at the same time: each statement is sent when the one before it is over. A driver's own
 * queue would do the same, but is not meant to be relied on.
 */
export function inTurn(tx: Queryable): Queryable {
  let last: Promise<unknown> = Promise.resolve();
  const query: Queryable['query'] = (statement, values) => {
    const answer = last.then(() => tx.query(statement, values));
    // Whoever asked is told that it failed; the next one finds the transaction failed.
    last = answer.catch(() => undefined);
    return answer as never;
  };
  return { query };
}
