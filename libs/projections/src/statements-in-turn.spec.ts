import type { Queryable } from '#libs/database/src/database.js';
import { inTurn } from './statements-in-turn.js';

/** Notes when statements begin and end; one that is called `fails` does. */
function slow(): { tx: Queryable; seen: string[] } {
  const seen: string[] = [];
  const query = async (statement: unknown) => {
    seen.push(`${String(statement)} begins`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(`${String(statement)} ends`);
    if (statement === 'fails') throw new Error('it failed');
    return { rows: [{ statement }], rowCount: 1 };
  };
  return { tx: { query } as unknown as Queryable, seen };
}

it('sends each statement when the one before it is over', async () => {
  const { tx, seen } = slow();
  const turns = inTurn(tx);
  const answers = await Promise.all([turns.query('first'), turns.query('second'), turns.query('third')]);
  expect(seen).toEqual(['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends']);
  expect(answers.map(({ rows }) => rows)).toEqual([
    [{ statement: 'first' }],
    [{ statement: 'second' }],
    [{ statement: 'third' }],
  ]);
});

it('tells whoever asked that a statement failed, and sends the next one', async () => {
  const { tx, seen } = slow();
  const turns = inTurn(tx);
  const [failed, other] = await Promise.allSettled([turns.query('fails'), turns.query('other')]);
  expect(failed).toMatchObject({ status: 'rejected', reason: new Error('it failed') });
  expect(other).toMatchObject({ status: 'fulfilled' });
  expect(seen.at(-1)).toBe('other ends');
});
