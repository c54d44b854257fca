import type { Queryable } from '#libs/database/src/database.js';

/**
 * Every way in which a role comes to change the log by a statement: to hold the right, to own the table or the procedure
 * or to be let in with the owner's rights, to make roles (and with them a membership), and to create in the schema, where
 * an overload with fitting types would be called by the procedure in place of the system's own function.
 */
const CHANGES_EVENTS = `
  select has_table_privilege('event_log', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
      or has_any_column_privilege('event_log', 'INSERT, UPDATE')
      or has_table_privilege('chain', 'UPDATE, DELETE, TRUNCATE, TRIGGER')
      or has_column_privilege('chain', 'position', 'INSERT, UPDATE')
      or has_column_privilege('chain', 'recorded_at', 'INSERT, UPDATE')
      or has_schema_privilege(current_schema(), 'CREATE')
      or exists (select from pg_roles where rolname = current_user and (rolsuper or rolcreaterole))
      or exists (select from pg_class where oid in ('event_log'::regclass, 'chain'::regclass)
                                        and pg_has_role(relowner, 'MEMBER'))
      or exists (select from pg_proc where oid = 'append_events'::regproc and pg_has_role(proowner, 'MEMBER')) as changes`;

/** Asks the database itself: can what runs as this process change or remove an event? */
export async function isImmutableByGrant(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ changes: boolean }>(CHANGES_EVENTS);
  return rows[0]?.changes === false;
}
