import type { Database, Queryable } from '#libs/database/src/database.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Boxes, SealedBox } from './boxes.js';
import type { Chain } from './chains.js';
import type { MasterKey } from './master-key.js';
import { isErased } from './personal-data.js';

/** `lot` codes are `siteId/product/lotNumber`. */
export type CodeKind = 'site' | 'practitioner' | 'patient' | 'lot' | 'course';

/** Kinds whose codes say who somebody is. */
const PERSONAL: ReadonlySet<CodeKind> = new Set(['patient', 'practitioner']);

/** Codes that go together in one statement. */
const CODES_MAX = 1_000;

interface WantedCode {
  readonly chain: Chain;
  readonly kind: CodeKind;
  readonly index: string;
}

/** Whose codes are asked for. */
interface CodesOf {
  readonly chain: Chain;
  readonly kind: CodeKind;
  readonly ids: ReadonlySet<Id>;
}

interface CodeRow {
  readonly id: Id;
  readonly code: string | null;
  readonly box: SealedBox | null;
}

interface NewCode extends WantedCode {
  readonly code: string;
  readonly id: Id;
}

/** The table between codes from outside and ids. */
export class ExternalCodes {
  private readonly finding = new Coalesce<WantedCode, Id | undefined>((wanted) => this.findAll(wanted), CODES_MAX);
  private readonly naming = new Coalesce<CodesOf, CodeRow[]>((asked) => this.codeRows(asked), CODES_MAX);
  private readonly making = new Coalesce<NewCode, Id>((wanted) => this.makeAll(wanted), CODES_MAX);

  constructor(
    private readonly db: Database,
    private readonly boxes: Boxes,
    private readonly master: MasterKey,
  ) {}

  /**
   * The id of each code; one that has none yet gets a fresh id (or the one `newIdFor` names). Reserving comes before
   * the first event of the thing, so that a repeat after a crash finds the same id.
   */
  async reserve(
    chain: Chain,
    kind: CodeKind,
    codes: readonly string[],
    newIdFor: (code: string) => Id = newId,
  ): Promise<Map<string, Id>> {
    const found = await this.find(chain, kind, codes);
    const missing = [...new Set(codes)].filter((code) => !found.has(code));
    if (missing.length === 0) return found;
    const made = await Promise.all(
      missing.map((code) =>
        this.making.get({ chain, kind, code, id: newIdFor(code), index: this.index(chain, kind, code) }),
      ),
    );
    missing.forEach((code, n) => found.set(code, made[n] as Id));
    return found;
  }

  /** The id of a new thing: the one its code is reserved for, or `fresh` where it has no code. */
  async idFor(chain: Chain, kind: CodeKind, code: string | undefined, fresh: Id): Promise<Id> {
    if (code === undefined) return fresh;
    return (await this.reserve(chain, kind, [code], () => fresh)).get(code) as Id;
  }

  /** The ids of the codes that have one. */
  async find(chain: Chain, kind: CodeKind, codes: readonly string[]): Promise<Map<string, Id>> {
    const found = new Map<string, Id>();
    const ids = await Promise.all(
      codes.map((code) => this.finding.get({ chain, kind, index: this.index(chain, kind, code) })),
    );
    codes.forEach((code, n) => {
      const id = ids[n];
      if (id !== undefined) found.set(code, id);
    });
    return found;
  }

  private async findAll(wanted: readonly WantedCode[]): Promise<(Id | undefined)[]> {
    const { rows } = await this.db.query<{ n: string; id: Id }>(
      `select w.n, c.id from unnest($1::int[], $2::text[], $3::text[]) with ordinality as w(chain, kind, code_index, n)
       -- One by one by the key, whatever the planner thinks of their number.
       cross join lateral (
         select e.id from external_code e
         where e.chain = w.chain and e.kind = w.kind and e.code_index = w.code_index limit 1
       ) c`,
      [wanted.map(({ chain }) => chain.no), wanted.map(({ kind }) => kind), wanted.map(({ index }) => index)],
    );
    const found = new Map(rows.map(({ n, id }) => [Number(n) - 1, id]));
    return wanted.map((_, n) => found.get(n));
  }

  /** Writes codes that were not found; of two that want the same code the first gets its id into the table. */
  private async makeAll(wanted: readonly NewCode[]): Promise<Id[]> {
    const boxes = await this.closePersonal(wanted);
    const { rows } = await this.db.query<{ id: Id }>(
      `insert into external_code (chain, kind, code_index, id, code, box)
       select * from unnest($1::int[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::jsonb[])
       on conflict do nothing
       returning id`,
      [
        wanted.map(({ chain }) => chain.no),
        wanted.map(({ kind }) => kind),
        wanted.map(({ index }) => index),
        wanted.map(({ id }) => id),
        wanted.map((each) => (boxes.has(each) ? null : each.code)),
        wanted.map((each) => (boxes.has(each) ? JSON.stringify(boxes.get(each)) : null)),
      ],
    );
    const made = new Set(rows.map(({ id }) => id));
    if (wanted.every(({ id }) => made.has(id))) return wanted.map(({ id }) => id);
    // Another one has reserved some of them meanwhile.
    return (await this.findAll(wanted)) as Id[];
  }

  private async closePersonal(wanted: readonly NewCode[]): Promise<Map<NewCode, SealedBox>> {
    const boxes = new Map<NewCode, SealedBox>();
    const personal = wanted.filter(({ kind }) => PERSONAL.has(kind));
    for (const chain of new Set(personal.map((each) => each.chain))) {
      const own = personal.filter((each) => each.chain === chain);
      const closed = await this.boxes.close(
        chain,
        own.map(({ code, id }) => ({ subject: id, class: 'contact', of: id, value: code })),
      );
      // These keys were made for these fresh ids, so none of them can have been destroyed.
      own.forEach((each, n) => boxes.set(each, closed[n] as SealedBox));
    }
    return boxes;
  }

  /** Removes the codes of ids for good: nobody finds them by a code any more. */
  async forget(tx: Queryable, chain: Chain, kind: CodeKind, ids: readonly Id[]): Promise<void> {
    await tx.query('delete from external_code where id = any($3::uuid[]) and kind = $2 and chain + 0 = $1', [
      chain.no,
      kind,
      ids,
    ]);
  }

  /** The codes of ids, for answers; ids without a code, or whose owner was erased, are missing. */
  async codesOf(chain: Chain, kind: CodeKind, ids: readonly Id[]): Promise<Map<Id, string>> {
    if (ids.length === 0) return new Map();
    const rows = await this.naming.get({ chain, kind, ids: new Set(ids) });
    const boxed = rows.filter((row) => row.box !== null);
    const opened = await this.boxes.open<string>(
      chain,
      boxed.map((row) => row.box as SealedBox),
    );
    const codes = new Map<Id, string>();
    for (const row of rows) if (row.code !== null) codes.set(row.id, row.code);
    boxed.forEach((row, n) => {
      const code = opened[n];
      if (typeof code === 'string' && !isErased(code)) codes.set(row.id, code);
    });
    return codes;
  }

  /** An answer names patients, practitioners and courses: what is asked of each goes in one statement. */
  private async codeRows(asked: readonly CodesOf[]): Promise<CodeRow[][]> {
    const each = asked.flatMap(({ chain, kind, ids }, n) => [...ids].map((id) => ({ n, chain, kind, id })));
    const { rows } = await this.db.query<CodeRow & { n: number }>({
      name: 'codes_of',
      // One by one by the id, whatever the planner thinks of their number. `chain + 0` keeps a plan that is made while
      // the table is empty from reading the primary key's whole prefix.
      text: `select w.n, c.id, c.code, c.box
             from unnest($1::int[], $2::int[], $3::text[], $4::uuid[]) as w(n, chain, kind, id)
             cross join lateral (
               select e.id, e.code, e.box from external_code e
               where e.id = w.id and e.kind = w.kind and e.chain + 0 = w.chain limit 1
             ) c`,
      values: [
        each.map(({ n }) => n),
        each.map(({ chain }) => chain.no),
        each.map(({ kind }) => kind),
        each.map(({ id }) => id),
      ],
    });
    const found: CodeRow[][] = asked.map(() => []);
    for (const { n, ...row } of rows) found[n]?.push(row);
    return found;
  }

  private index(chain: Chain, kind: CodeKind, code: string): string {
    return this.master.blindIndex(`${chain.id} code ${kind}`, code);
  }
}
