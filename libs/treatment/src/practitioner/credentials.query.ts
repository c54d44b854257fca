import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { type EffectiveEvent, effectiveHistory } from '#libs/event-store/src/correction.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryOf } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type LocalDate, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { DIRECTORY } from '../directory/directory.projection.js';
import type { People } from '../directory/people.js';
import { askedHistory, historyShape } from '../history/history.params.js';
import { SITE_DAY } from '../site/site-day/site-day.projection.js';
import type { AllowedPractitioner, PractitionerCredentials } from './credentials.contract.js';
import { PractitionerUnknown } from './practitioner.errors.js';
import { type PractitionerEvent, practitionerStream } from './practitioner.events.js';
import { type Credential, holdsOn, practitionerFold } from './practitioner.state.js';

const on = localDateSchema.describe('The day on which it counts, as the site of the treatment shows it.');

export const practitionerCredentialsParamsSchema = queryOf({ on, knownAt: historyShape.knownAt });
export type PractitionerCredentialsParams = z.output<typeof practitionerCredentialsParamsSchema>;

export const allowedParamsSchema = listQueryOf({
  procedure: z.string().min(1).max(200).describe('Code of a protocol.'),
  on,
  site: z.string().min(1).max(200).optional().describe('Id or code: those who have a session there on that day.'),
  knownAt: historyShape.knownAt,
});
export type AllowedParams = z.output<typeof allowedParamsSchema>;

type Entry = EffectiveEvent<RecordedEvent<PractitionerEvent>>;

interface AllowedRow {
  id: Id;
  role: AllowedPractitioner['role'];
  valid_from: LocalDate | null;
  valid_to: LocalDate | null;
  sessions: number | null;
}

/** Who was allowed to carry out what, on a day (S2-Q1). */
export class CredentialsQuery {
  static readonly reads = [DIRECTORY.name, SITE_DAY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly runner: CommandRunner,
  ) {}

  /**
   * What one practitioner was allowed to on a day, read from the events themselves, as it was known at any time.
   * @param practitioner id or code
   * @throws NotFound `practitioner.unknown`, Invalid `history.known-in-future`
   */
  async of(
    chain: Chain,
    practitioner: string,
    params: Pick<PractitionerCredentialsParams, 'on' | 'knownAt'>,
  ): Promise<PractitionerCredentials> {
    const id = await this.references.resolve(chain, 'practitioner', practitioner);
    const [recorded, now, person] = await Promise.all([
      this.runner.events<PractitionerEvent>(chain, practitionerStream(id)),
      this.chains.now(chain),
      this.people.practitioners(chain, [id]),
    ]);
    const { knownAt } = askedHistory({ knownAt: params.knownAt }, 'UTC', now);
    const history: readonly Entry[] = effectiveHistory(recorded, { knownAt });
    const state = history.reduce((folded, event) => practitionerFold.evolve(folded, event), practitionerFold.initial);
    if (state.status === 'none') throw new PractitionerUnknown();
    const credentials = state.credentials.map((credential) => ({
      procedures: [...credential.procedures],
      validFrom: credential.validFrom,
      validTo: credential.validTo,
      holds: holdsOn(credential, params.on),
    }));
    const held = credentials.filter(({ holds }) => holds).flatMap(({ procedures }) => procedures);
    return {
      practitioner: person(id),
      role: state.role,
      on: params.on,
      procedures: [...new Set(held)].sort(),
      credentials,
      entries: history.flatMap(entryView),
    };
  }

  /**
   * Who was allowed to carry out a procedure on a day, in the order in which they were registered; with a site, who has
   * sessions of it there on that day, allowed or not.
   * With `knownAt`, by the credentials that were on record then; the sessions of a site are those that are on record now.
   * @throws NotFound `site.unknown`, Invalid `cursor.malformed`, `history.known-in-future`
   */
  async allowed(
    chain: Chain,
    params: Omit<AllowedParams, 'position'>,
  ): Promise<{ items: AllowedPractitioner[]; next: string | null }> {
    const site = params.site === undefined ? null : await this.references.resolve(chain, 'site', params.site);
    const after = params.cursor === undefined ? null : (decodeCursor(params.cursor, 1)[0] ?? null);
    const rows =
      params.knownAt === undefined
        ? await this.allowedNow(chain, params, site, after, params.limit + 1)
        : await this.allowedThen(chain, params, site, after);
    const page = pageOf(rows, params.limit, (row) => [row.id]);
    const person = await this.people.practitioners(
      chain,
      page.items.map(({ id }) => id),
    );
    const items = page.items.map((row) => ({
      practitioner: person(row.id),
      role: row.role,
      allowed: row.valid_from !== null,
      validFrom: row.valid_from,
      validTo: row.valid_to,
      sessions: row.sessions,
    }));
    return { items, next: page.next };
  }

  private async allowedNow(
    chain: Chain,
    { procedure, on: day }: Pick<AllowedParams, 'procedure' | 'on'>,
    site: Id | null,
    after: unknown,
    limit: number,
  ): Promise<AllowedRow[]> {
    const { rows } = await this.db.query<AllowedRow>(site === null ? ALLOWED : ALLOWED_AT_SITE, [
      ...[chain.no, procedure, day, limit, after],
      ...(site === null ? [] : [site]),
    ]);
    return rows;
  }

  /** One row more than the page has, each judged by the practitioner's own stream as it was known then. */
  private async allowedThen(
    chain: Chain,
    params: Omit<AllowedParams, 'position'>,
    site: Id | null,
    after: unknown,
  ): Promise<AllowedRow[]> {
    const { knownAt } = askedHistory({ knownAt: params.knownAt }, 'UTC', await this.chains.now(chain));
    const found: AllowedRow[] = [];
    for (let last = after; found.length <= params.limit; ) {
      const some =
        site === null
          ? (await this.db.query<AllowedRow>(PRACTITIONERS, [chain.no, last, AT_ONCE])).rows
          : await this.allowedNow(chain, params, site, last, AT_ONCE);
      const judged = await Promise.all(
        some.map(async (row): Promise<AllowedRow> => {
          const recorded = await this.runner.events<PractitionerEvent>(chain, practitionerStream(row.id));
          const state = effectiveHistory(recorded, { knownAt }).reduce(
            practitionerFold.evolve,
            practitionerFold.initial,
          );
          const holding = state.status === 'none' ? undefined : lastingLongest(state.credentials, params);
          return { ...row, valid_from: holding?.validFrom ?? null, valid_to: holding?.validTo ?? null };
        }),
      );
      found.push(...judged.filter((row) => site !== null || row.valid_from !== null));
      if (some.length < AT_ONCE) break;
      last = some.at(-1)?.id;
    }
    return found.slice(0, params.limit + 1);
  }
}

/** Practitioners whose streams are read at the same time. */
const AT_ONCE = 100;

/** The credential that holds on the day and lasts longest. */
const lastingLongest = (
  credentials: readonly Credential[],
  { procedure, on: day }: Pick<AllowedParams, 'procedure' | 'on'>,
): Credential | undefined =>
  credentials
    .filter((credential) => credential.procedures.includes(procedure) && holdsOn(credential, day))
    .sort((a, b) => compare(b.validTo ?? '~', a.validTo ?? '~') || compare(a.validFrom, b.validFrom))[0];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function entryView({ header, recordedAt, correctness, ...event }: Entry): PractitionerCredentials['entries'] {
  const correctedBy = correctness?.correctedBy.map(({ eventId }) => eventId) ?? [];
  const of = { event: header.id, recordedAt, correctedBy };
  switch (event.type) {
    case 'PractitionerRegistered':
      return [];
    case 'CredentialGranted': {
      const { procedures, validFrom, validTo } = event.data;
      return [{ ...of, type: event.type, procedures, from: validFrom, to: validTo, reason: null }];
    }
    case 'CredentialRevoked': {
      const { procedures, from, reason } = event.data;
      return [{ ...of, type: event.type, procedures, from, to: null, reason: isErased(reason) ? null : reason }];
    }
  }
}

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;

/** The credential of a practitioner that holds on the day and lasts longest. */
const HOLDING = `
  select c.valid_from, c.valid_to from ${SCHEMA}.credential c
  where c.chain = p.chain and c.practitioner_id = p.id and $2 = any(c.procedures)
    and c.valid_from <= $3::date and (c.valid_to is null or $3::date <= c.valid_to)
  order by c.valid_to desc nulls first, c.valid_from limit 1`;

const PRACTITIONERS = `
  select p.id, p.role, null::date as valid_from, null::date as valid_to, null::integer as sessions
  from ${SCHEMA}.practitioner p where p.chain = $1 and ($2::uuid is null or p.id > $2) order by p.id limit $3`;

const ALLOWED = `
  select p.id, p.role, h.valid_from, h.valid_to, null::integer as sessions
  from ${SCHEMA}.practitioner p cross join lateral (${HOLDING}) h
  where p.chain = $1 and ($5::uuid is null or p.id > $5)
  order by p.id limit $4`;

const ALLOWED_AT_SITE = `
  select p.id, p.role, h.valid_from, h.valid_to, s.sessions
  from (
    select s.practitioner_id, count(*)::integer as sessions
    from "${schemaOf(SITE_DAY)}".session s
    join "${schemaOf(SITE_DAY)}".course c on c.chain = s.chain and c.id = s.course_id
    where s.chain = $1 and s.site_id = $6 and s.local_date = $3::date and c.protocol = $2
      and s.status in ('booked', 'performed')
    group by s.practitioner_id
  ) s
  join ${SCHEMA}.practitioner p on p.chain = $1 and p.id = s.practitioner_id
  left join lateral (${HOLDING}) h on true
  where $5::uuid is null or p.id > $5
  order by p.id limit $4`;
