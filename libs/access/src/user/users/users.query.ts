import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import type { Scope, Scopes } from '../../scopes.port.js';
import { UserUnknown } from '../user.errors.js';
import type { UserRole } from '../user.events.js';
import type { ApiKeyView, OpeningView, UserView } from './users.contract.js';
import { type UserRow, USERS, USERS_SCHEMA } from './users.projection.js';

const SCHEMA = `"${USERS_SCHEMA}"`;

export const usersParamsSchema = listQueryOf({});
export type UsersParams = z.output<typeof usersParamsSchema>;
export const openingsParamsSchema = listQueryOf({
  state: z.enum(['waiting', 'reviewed']).optional().describe('`waiting`: nobody has looked at it yet.'),
  site: z.string().min(1).max(200).optional().describe('Id or code: of patients who belong to this site.'),
});
export type OpeningsParams = z.output<typeof openingsParamsSchema>;

interface GrantRow {
  readonly id: Id;
  readonly user_id: Id;
  readonly role: UserRole;
  readonly site_id: Id | null;
  readonly patient_id: Id | null;
  readonly valid_from: LocalDate | null;
  readonly valid_to: LocalDate | null;
}

const iso = (time: Date | null): string | null => time && time.toISOString();

/** Where an opening belongs: to the sites of its patient when it was opened. Undefined where there is no such opening. */
export async function scopeOfOpening(db: Queryable, chain: Chain, opening: string): Promise<Scope | undefined> {
  if (!isId(opening)) return undefined;
  const { rows } = await db.query<{ site_ids: Id[] }>(
    `select site_ids from ${SCHEMA}.opening where chain = $1 and id = $2`,
    [chain.no, opening],
  );
  const [row] = rows;
  return row && { sites: row.site_ids, own: row.site_ids, patient: null };
}

/** Who may do what. Names are opened here, and nowhere before. */
export class UsersQuery {
  static readonly reads = [USERS.name] as const;

  constructor(
    private readonly db: Database,
    private readonly boxes: Boxes,
    private readonly chains: Pick<Chains, 'now'>,
    private readonly scopes: Pick<Scopes, 'of'>,
  ) {}

  /** In the order in which they were invited. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, { limit, cursor }: UsersParams): Promise<{ items: UserView[]; next: string | null }> {
    const [after] = cursor === undefined ? [null] : decodeCursor(cursor, 1);
    const { rows } = await this.db.query<UserRow>(
      `select * from ${SCHEMA}.app_user where chain = $1 and ($2::uuid is null or id > $2) order by id limit $3`,
      [chain.no, after, limit + 1],
    );
    const page = pageOf(rows, limit, ({ id }) => [id]);
    return { items: await this.views(chain, page.items), next: page.next };
  }

  /** @throws UserUnknown */
  async detail(chain: Chain, userId: string): Promise<UserView> {
    const { rows } = isId(userId)
      ? await this.db.query<UserRow>(`select * from ${SCHEMA}.app_user where chain = $1 and id = $2`, [
          chain.no,
          userId,
        ])
      : { rows: [] };
    const [view] = await this.views(chain, rows);
    if (!view) throw new UserUnknown();
    return view;
  }

  /** The newest first. @throws Invalid `cursor.malformed` */
  async keys(chain: Chain, { limit, cursor }: UsersParams): Promise<{ items: ApiKeyView[]; next: string | null }> {
    const [after] = cursor === undefined ? [null] : decodeCursor(cursor, 1);
    const { rows } = await this.db.query<{
      id: Id;
      name: string;
      scopes: string[];
      site_ids: Id[] | null;
      created_at: Date;
      created_by: string;
      expires_at: Date;
      revoked_at: Date | null;
      used_at: Date | null;
    }>(
      `select k.*, s.used_at from ${SCHEMA}.api_key k
       left join access_api_key s on s.chain = k.chain and s.id = k.id
       where k.chain = $1 and ($2::uuid is null or k.id < $2) order by k.id desc limit $3`,
      [chain.no, after, limit + 1],
    );
    const now = await this.chains.now(chain);
    const page = pageOf(rows, limit, ({ id }) => [id]);
    const items = page.items.map((row): ApiKeyView => {
      const expiresAt = row.expires_at.toISOString();
      return {
        ...{ id: row.id, name: row.name, prefix: `pk_${row.id.replaceAll('-', '').slice(0, 8)}` },
        ...{ scopes: row.scopes, sites: row.site_ids, createdAt: row.created_at.toISOString() },
        ...{ createdBy: row.created_by, expiresAt, usedAt: iso(row.used_at) },
        state: row.revoked_at !== null ? 'revoked' : expiresAt <= now ? 'expired' : 'valid',
      };
    });
    return { items, next: page.next };
  }

  /**
   * Records that were opened by breaking the glass, the newest first; of one site those of its patients.
   * @throws Invalid `cursor.malformed`, NotFound `site.unknown`
   */
  async openings(
    chain: Chain,
    { site, ...params }: OpeningsParams,
  ): Promise<{ items: OpeningView[]; next: string | null }> {
    if (site === undefined) return this.openingsWhere(chain, params, {});
    const [siteId] = (await this.scopes.of(chain, 'site', site))?.own ?? [];
    if (siteId === undefined) throw new NotFound('site.unknown', `There is no site ${site}.`);
    return this.openingsWhere(chain, params, { siteId });
  }

  /** What is open now to one principal by breaking the glass. @throws Invalid `cursor.malformed` */
  async openTo(
    chain: Chain,
    principal: string,
    params: UsersParams,
  ): Promise<{ items: OpeningView[]; next: string | null }> {
    const [userId] = idsOf([principal], 'user:');
    if (userId === undefined) return { items: [], next: null };
    return this.openingsWhere(chain, params, { userId, openAt: await this.chains.now(chain) });
  }

  private async openingsWhere(
    chain: Chain,
    { state, limit, cursor }: Omit<OpeningsParams, 'site'>,
    of: { readonly userId?: Id; readonly openAt?: string; readonly siteId?: Id },
  ): Promise<{ items: OpeningView[]; next: string | null }> {
    const [after] = cursor === undefined ? [null] : decodeCursor(cursor, 1);
    const { rows } = await this.db.query<{
      id: Id;
      user_id: Id;
      patient_id: Id;
      name: SealedBox | null;
      reason: SealedBox | null;
      opened_at: Date;
      until: Date;
      mended_at: Date | null;
      outcome: 'justified' | 'not-justified' | null;
      reviewed_by: string | null;
      reviewed_at: Date | null;
    }>(
      `select o.*, u.name from ${SCHEMA}.opening o
       left join ${SCHEMA}.app_user u on u.chain = o.chain and u.id = o.user_id
       where o.chain = $1 and ($2::uuid is null or o.id < $2)
         and ($4::boolean is null or (o.outcome is null) = $4)
         and ($5::uuid is null or o.user_id = $5)
         and ($6::timestamptz is null or (o.until > $6 and o.mended_at is null))
         and ($7::uuid is null or $7 = any(o.site_ids))
       order by o.id desc limit $3`,
      [
        ...[chain.no, after, limit + 1, state === undefined ? null : state === 'waiting'],
        ...[of.userId ?? null, of.openAt ?? null, of.siteId ?? null],
      ],
    );
    const page = pageOf(rows, limit, ({ id }) => [id]);
    const names = await this.open<{ name?: string }>(chain, page.items, ({ name }) => name);
    const reasons = await this.open<{ reason?: string }>(chain, page.items, ({ reason }) => reason);
    const items = page.items.map(
      (row): OpeningView => ({
        ...{
          id: row.id,
          user: { id: row.user_id, name: names.get(row.id)?.name ?? null },
          patient: { id: row.patient_id },
        },
        ...{ reason: reasons.get(row.id)?.reason ?? null, openedAt: row.opened_at.toISOString() },
        ...{ until: row.until.toISOString(), endedAt: iso(row.mended_at) },
        review:
          row.outcome === null
            ? null
            : { outcome: row.outcome, by: row.reviewed_by as string, at: (row.reviewed_at as Date).toISOString() },
      }),
    );
    return { items, next: page.next };
  }

  /** Names of people and keys by the principal that events and reads name; who is unknown is left out. */
  async namesOf(chain: Chain, principals: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const people = idsOf(principals, 'user:');
    const keys = idsOf(principals, 'key:');
    const named = new Map<string, string>();
    if (people.length > 0) {
      const { rows } = await this.db.query<UserRow>(
        `select * from ${SCHEMA}.app_user where chain = $1 and id = any($2::uuid[])`,
        [chain.no, people],
      );
      const names = await this.open<{ name?: string }>(chain, rows, ({ name }) => name);
      for (const [id, { name }] of names) if (name !== undefined) named.set(`user:${id}`, name);
    }
    if (keys.length > 0) {
      const { rows } = await this.db.query<{ id: Id; name: string }>(
        `select id, name from ${SCHEMA}.api_key where chain = $1 and id = any($2::uuid[])`,
        [chain.no, keys],
      );
      for (const { id, name } of rows) named.set(`key:${id}`, name);
    }
    return named;
  }

  private async views(chain: Chain, rows: readonly UserRow[]): Promise<UserView[]> {
    if (rows.length === 0) return [];
    const [names, { rows: grants }] = await Promise.all([
      this.open<{ name?: string }>(chain, rows, ({ name }) => name),
      this.db.query<GrantRow>(
        `select id, user_id, role, site_id, patient_id, valid_from, valid_to from ${SCHEMA}.role_grant
         where chain = $1 and user_id = any($2::uuid[]) order by role, id`,
        [chain.no, rows.map(({ id }) => id)],
      ),
    ]);
    return rows.map(
      (row): UserView => ({
        ...{ id: row.id, name: names.get(row.id)?.name ?? null, revision: row.revision },
        status: row.disabled ? 'disabled' : row.signs_in_by.length === 0 ? 'invited' : 'enabled',
        signsInBy: [...row.signs_in_by] as UserView['signsInBy'],
        grants: grants
          .filter(({ user_id }) => user_id === row.id)
          .map(({ id, role, site_id, patient_id, valid_from, valid_to }) => ({
            ...{ id, role, site: site_id, patient: patient_id, validFrom: valid_from, validTo: valid_to },
          })),
      }),
    );
  }

  private async open<Content>(
    chain: Chain,
    rows: readonly { readonly id: Id }[],
    boxOf: (row: any) => SealedBox | null,
  ): Promise<Map<Id, Content>> {
    const boxed = rows.flatMap((row) => {
      const box = boxOf(row);
      return box ? [{ id: row.id, box }] : [];
    });
    const opened = await this.boxes.open<Content>(
      chain,
      boxed.map(({ box }) => box),
    );
    return new Map(
      boxed.flatMap(({ id }, n) => {
        const content = opened[n];
        return content === undefined || isErased(content) ? [] : [[id, content as Content] as const];
      }),
    );
  }
}

/** The ids of those principals that begin so; what else they may be called names nobody. */
const idsOf = (principals: readonly string[], kind: 'user:' | 'key:'): Id[] =>
  principals.flatMap((each) =>
    each.startsWith(kind) && isId(each.slice(kind.length)) ? [each.slice(kind.length)] : [],
  );
