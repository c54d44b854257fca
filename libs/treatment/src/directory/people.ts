import type { Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { Identity } from '../patient/patient.events.js';
import type { CourseRef, Person, SiteRef } from '../shared.contract.js';
import { DIRECTORY } from './directory.projection.js';

/** A site as answers need it. */
export interface NamedSite extends SiteRef {
  readonly timeZone: string;
}

/** What a site is until its registration is applied: nothing depends on it but a name on a screen. */
const UNKNOWN_ZONE = 'UTC';

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;

/**
 * Names and codes for answers, many at a time. They are opened here and nowhere stored.
 */
export class People {
  constructor(
    private readonly db: Queryable,
    private readonly codes: ExternalCodes,
    private readonly boxes: Boxes,
  ) {}

  async patients(chain: Chain, ids: Iterable<Id>): Promise<(id: Id) => Person> {
    return this.persons<{ identity?: Identity }>(chain, 'patient', 'identity', ids, ({ identity }) =>
      identity ? fullName(identity) : null,
    );
  }

  async practitioners(chain: Chain, ids: Iterable<Id>): Promise<(id: Id) => Person> {
    return this.persons<{ name?: string }>(chain, 'practitioner', 'name', ids, ({ name }) => name ?? null);
  }

  /** All sites of a chain; there are some hundreds at the most. */
  async sites(chain: Chain): Promise<ReadonlyMap<Id, NamedSite>> {
    const { rows } = await this.db.query<{ id: Id; code: string | null; name: string; time_zone: string }>({
      name: `${schemaOf(DIRECTORY)} sites`,
      text: `select id, code, name, time_zone from ${SCHEMA}.site where chain = $1`,
      values: [chain.no],
    });
    return new Map(
      rows.map((row) => [row.id, { id: row.id, code: row.code, name: row.name, timeZone: row.time_zone }]),
    );
  }

  /** The codes of courses, for references to them. */
  async courses(chain: Chain, ids: Iterable<Id>): Promise<(id: Id, protocol: string) => CourseRef> {
    const codes = await this.codes.codesOf(chain, 'course', [...new Set(ids)]);
    return (id, protocol) => ({ id, code: codes.get(id) ?? null, protocol });
  }

  private async persons<Content>(
    chain: Chain,
    table: 'patient' | 'practitioner',
    column: 'identity' | 'name',
    ids: Iterable<Id>,
    nameOf: (content: Content) => string | null,
  ): Promise<(id: Id) => Person> {
    const asked = [...new Set(ids)];
    const [contents, codes] = await Promise.all([
      this.open<Content>(chain, table, column, asked),
      this.codes.codesOf(chain, table, asked),
    ]);
    return (id) => {
      const content = contents.get(id);
      return { id, code: codes.get(id) ?? null, name: content ? nameOf(content) : null };
    };
  }

  private async open<Content>(
    chain: Chain,
    table: 'patient' | 'practitioner',
    column: 'identity' | 'name',
    ids: readonly Id[],
  ): Promise<Map<Id, Content>> {
    const { rows } = await this.db.query<{ id: Id; box: SealedBox | null }>({
      name: `${schemaOf(DIRECTORY)} ${table} ${column}`,
      text: `select id, ${column} as box from ${SCHEMA}.${table} where chain = $1 and id = any($2::uuid[])`,
      values: [chain.no, ids],
    });
    return openAll<Content>(this.boxes, chain, rows);
  }
}

export const fullName = ({ givenName, familyName }: Pick<Identity, 'givenName' | 'familyName'>): string =>
  `${givenName} ${familyName}`;

/** Opens the boxes of rows; what was erased, or never written, is missing from the result. */
export async function openAll<Content>(
  boxes: Boxes,
  chain: Chain,
  rows: readonly { id: Id; box: SealedBox | null }[],
): Promise<Map<Id, Content>> {
  const closed = rows.flatMap(({ id, box }) => (box ? [{ id, box }] : []));
  const opened = await boxes.open<Content>(
    chain,
    closed.map(({ box }) => box),
  );
  const contents = new Map<Id, Content>();
  closed.forEach(({ id }, n) => {
    const content = opened[n];
    if (content !== undefined && !isErased(content)) contents.set(id, content);
  });
  return contents;
}

/** The site of an id; one that is not registered (yet) has neither code nor name. */
export const siteIn = (sites: ReadonlyMap<Id, NamedSite>, id: Id): NamedSite =>
  sites.get(id) ?? { id, code: null, name: null, timeZone: UNKNOWN_ZONE };

/** What an answer says of a site. */
export const siteRef = ({ id, code, name }: NamedSite): SiteRef => ({ id, code, name });
