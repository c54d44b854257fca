import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { Database, Queryable } from './database.js';
import type { Rows, Statement } from './pooled.database.js';

/** What a limited reader may see: rows of these sites and of patients who belong there, and rows of these patients. */
export interface ReadScope {
  readonly sites: readonly Id[];
  readonly patients: readonly Id[];
}

/** How the statements of some work read. */
export type Reading = 'everything' | ReadScope;

/** Of whom nobody has said what they may see. */
export const NOTHING: ReadScope = { sites: [], patients: [] };

/** Settings of a transaction that the policies of tables look at (libs/projections/src/row-policies.ts). */
export const SITES_SETTING = 'pistor.sites';
export const PATIENTS_SETTING = 'pistor.patients';

const readings = new AsyncLocalStorage<Reading>();

/** Has everything that `work` reads by a ReaderDatabase, however late, read like this. */
export const readAs = <T>(reading: Reading, work: () => T): T => readings.run(reading, work);

/**
 * The database as those read by it who answer questions. Where a request is limited to sites or patients, each statement
 * runs in a transaction of its own that may only read, under a role that the policies of row-level security hold for: a
 * query that forgets whom it answers finds no row that they may not see. Everything else passes through unchanged; so do
 * workers and the command line, who read for nobody.
 */
export class ReaderDatabase implements Queryable {
  /** @param searchPath schemas whose tables the policies look up who belongs where in, beside those of the session */
  constructor(
    private readonly db: Pick<Database, 'query' | 'transaction' | 'readerRole'>,
    private readonly searchPath: readonly string[],
  ) {}

  async query<R extends object = any>(text: Statement, values?: readonly unknown[]): Promise<Rows<R>> {
    const reading = readings.getStore() ?? 'everything';
    const { readerRole } = this.db;
    if (reading === 'everything' || readerRole === undefined) return this.db.query<R>(text, values);
    return this.db.transaction(async (tx) => {
      await tx.query(this.limits(readerRole, reading));
      return tx.query<R>(forReader(text), values);
    });
  }

  /** One text, and so one round trip. Nothing is pasted into it but names of ours and what is an id. */
  private limits(role: string, { sites, patients }: ReadScope): string {
    const schemas = this.searchPath.map((schema) => `${pg.escapeIdentifier(schema)},`).join('');
    return (
      `set transaction read only; set local role ${pg.escapeIdentifier(role)}; ` +
      `set local ${SITES_SETTING} = ${arrayOf(sites)}; set local ${PATIENTS_SETTING} = ${arrayOf(patients)}; ` +
      `select set_config('search_path', ${pg.escapeLiteral(schemas)} || current_setting('search_path'), true)`
    );
  }
}

function arrayOf(ids: readonly Id[]): string {
  const wrong = ids.find((id) => !isId(id));
  if (wrong !== undefined) throw new Error('Somebody is to read by what is no id');
  return pg.escapeLiteral(`{${ids.join(',')}}`);
}

/**
 * The plan of a prepared statement holds for one role: under the other it would be made anew, each time that they change.
 * The embedded database names statements by their text.
 */
function forReader(statement: Statement): Statement {
  if (typeof statement === 'string') return `-- reader\n${statement}`;
  const { name, text } = statement;
  return name === undefined ? { ...statement, text: `-- reader\n${text}` } : { ...statement, name: `reader ${name}` };
}
