import { schemaOf } from '#libs/projections/src/projection.js';
import { LOT_TRACE } from './lot-trace.projection.js';
import type { TraceList } from './lot-trace.contract.js';

const SCHEMA = `"${schemaOf(LOT_TRACE)}"`;

/** Most lots are written in one way, and what is written in one way needs no grouping. */
export type Spelling = 'one' | 'many';
const OF_LOT = `from unnest($2::text[], $3::text[]) as n(product, lot_number)
      join ${SCHEMA}.lot_use u on u.chain = $1 and u.product = n.product and u.lot_number = n.lot_number where true`;
const SUMS: Readonly<Record<Spelling, string>> = {
  one: 'volume_ul, volume_known',
  many: 'sum(volume_ul)::bigint as volume_ul, bool_and(volume_known) as volume_known',
};
const GROUPS: Readonly<Record<Spelling, string>> = {
  one: '',
  many: 'group by session_id, patient_id, site_id, practitioner_id, course_id, wall, instant',
};

/**
 * What a lot touched, as tables that the statements below choose from; each is worked out once, and only where it is
 * needed. $1 is the chain's number, $2 the products and $3 the lot numbers under which the lot is written, pair by pair, $4
 * the id of its recall.
 * @param spelling where a session may have written the lot in two ways, which is one use all the same
 */
const touched = (spelling: Spelling) => `
  with used as materialized (
    select session_id, patient_id, site_id, practitioner_id, course_id, wall, instant, ${SUMS[spelling]}
    ${OF_LOT} and not planned ${GROUPS[spelling]}
  ),
  planned as materialized (
    select session_id, patient_id, site_id, practitioner_id, course_id, wall, instant, 0::bigint as volume_ul,
      false as volume_known
    ${OF_LOT} and planned ${GROUPS[spelling]}
  ),
  told as materialized (
    select entry_id, patient_id, on_date, how from ${SCHEMA}.told where chain = $1 and recall_id = $4
  ),
  last_told as materialized (
    select distinct on (patient_id) patient_id, on_date, how from told order by patient_id, on_date desc, entry_id
  ),
  patients as materialized (
    select u.patient_id, u.sessions, u.first_on, u.last_on, t.on_date as told_on, t.how as told_how
    from (
      select patient_id, count(*)::integer as sessions, left(min(wall), 10)::date as first_on,
        left(max(wall), 10)::date as last_on
      from used group by patient_id
    ) u left join last_told t on t.patient_id = u.patient_id
  ),
  sites as materialized (
    select site_id, count(*)::integer as sessions, count(distinct patient_id)::integer as patients
    from used group by site_id
  ),
  practitioners as materialized (
    select practitioner_id, count(*)::integer as sessions, count(distinct patient_id)::integer as patients
    from used group by practitioner_id
  ),
  adverse as materialized (
    select a.id, a.patient_id, a.site_id, a.session_id, a.kind, coalesce(f.severity, a.severity) as severity, a.onset_on,
      coalesce(f.closed, false) as closed
    from patients p
    join ${SCHEMA}.adverse_event a on a.chain = $1 and a.patient_id = p.patient_id and a.onset_on >= p.first_on
    left join ${SCHEMA}.adverse_event_fate f on f.chain = $1 and f.id = a.id
  )`;

interface ListSql {
  readonly from: string;
  readonly where?: string;
  /** What orders it; without ties. */
  readonly keys: readonly [string, string] | readonly [string];
  /** The types of the keys. */
  readonly types: readonly string[];
}

/** Where each list comes from, and its order. */
const LISTS: Readonly<Record<TraceList, ListSql>> = {
  sessions: { from: 'used', keys: ['instant', 'session_id'], types: ['text', 'uuid'] },
  patients: { from: 'patients', keys: ['first_on', 'patient_id'], types: ['date', 'uuid'] },
  'not-told': { from: 'patients', where: 'told_on is null', keys: ['first_on', 'patient_id'], types: ['date', 'uuid'] },
  sites: { from: 'sites', keys: ['site_id'], types: ['uuid'] },
  practitioners: { from: 'practitioners', keys: ['practitioner_id'], types: ['uuid'] },
  planned: { from: 'planned', keys: ['instant', 'session_id'], types: ['text', 'uuid'] },
  'adverse-events': { from: 'adverse', keys: ['onset_on', 'id'], types: ['date', 'uuid'] },
  told: { from: 'told', keys: ['on_date', 'entry_id'], types: ['date', 'uuid'] },
};

/** The columns that order a list, from which the cursor of its next page is made. */
export const keysOf = (list: TraceList): readonly string[] => LISTS[list].keys;

/** One page of a list. $5 is the number of rows; the cursor's values come after it. */
export function pageSql(list: TraceList, spelling: Spelling): string {
  const { from, where = 'true', keys, types } = LISTS[list];
  const after = types.map((type, n) => `$${n + 6}::${type}`);
  return `${touched(spelling)}
    select * from ${from}
    where ${where} and (${after[0] ?? ''} is null or (${keys.join(', ')}) > (${after.join(', ')}))
    order by ${keys.join(', ')} limit $5`;
}

/** The lists whose first page stands in the answer to a recall. */
export const FIRST_PAGES = [
  'sessions',
  'patients',
  'sites',
  'practitioners',
  'planned',
  'adverse-events',
  'told',
] as const;
export type FirstPage = (typeof FIRST_PAGES)[number];

const firstPage = (list: FirstPage): string => {
  const { from, keys } = LISTS[list];
  const order = keys.join(', ');
  return `(select coalesce(json_agg(r order by ${order}), '[]')
     from (select * from ${from} order by ${order} limit $5) r) as "${list}"`;
};

/** Everything at once, so that all of it is of one moment: the counts over all, and the first page of each list. */
export const traceSql = (spelling: Spelling): string => `${touched(spelling)}
  select
    (select count(*)::integer from used) as n_sessions,
    (select count(*)::integer from patients) as n_patients,
    (select count(*)::integer from sites) as n_sites,
    (select count(*)::integer from practitioners) as n_practitioners,
    (select count(*)::integer from planned) as n_planned,
    (select count(*)::integer from adverse) as n_adverse,
    (select count(*)::integer from patients where told_on is not null) as n_told,
    (select count(*)::integer from used where not volume_known) as n_volume_unknown,
    (select coalesce(sum(volume_ul), 0)::float8 from used) as volume_ul,
    (select state from ${SCHEMA}.recall where chain = $1 and id = $4) as recall,
    (select coalesce(json_agg(r order by r.site_id), '[]') from (
       select l.id, l.site_id, l.received_on, l.expires_on, l.volume_ul, l.wasted_ul,
         (select coalesce(sum(u.volume_ul), 0) from ${SCHEMA}.lot_use u where u.chain = $1 and u.product = l.product
            and u.lot_number = l.lot_number and not u.planned and u.site_id = l.site_id) as used_ul
       from unnest($2::text[], $3::text[]) as n(product, lot_number)
       join ${SCHEMA}.lot l on l.chain = $1 and l.product = n.product and l.lot_number = n.lot_number
     ) r) as receipts,
    ${FIRST_PAGES.map(firstPage).join(',\n    ')}`;

/** What performed sessions at a site used of a lot, but for those that $5 names. */
export const USE_SQL = `
  select coalesce(sum(volume_ul), 0)::float8 as used_ul, (count(*) filter (where not volume_known))::integer as unknown
  from ${SCHEMA}.lot_use
  where chain = $1 and product = $2 and lot_number = $3 and not planned and site_id = $4
    and session_id <> all($5::uuid[])`;

/** The recalls, the newest first. */
export const RECALLS_SQL = `
  select id, recalled_on, state from ${SCHEMA}.recall
  where chain = $1 and ($3::date is null or recalled_on < $3 or (recalled_on = $3 and id > $4::uuid))
  order by recalled_on desc, id limit $2`;

/** Which lot a recall is about. */
export const RECALL_SQL = `select product, lot_number from ${SCHEMA}.recall where chain = $1 and id = $2`;
