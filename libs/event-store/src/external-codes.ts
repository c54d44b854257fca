import type { Database } from '#libs/database/src/database.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Boxes, SealedBox } from './boxes.js';
import type { Chain } from './chains.js';
import type { MasterKey } from './master-key.js';
import { isErased } from './personal-data.js';

/** `lot` codes are `siteId/product/lotNumber`. */
export type CodeKind = 'site' | 'practitioner' | 'patient' | 'lot' | 'course';

/** Kinds whose codes say who somebody is. */
const PERSONAL: ReadonlySet<CodeKind> = new Set(['patient', 'practitioner']);

/** The table between codes from outside and ids. */
export class ExternalCodes {
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
    const rows = missing.map((code) => ({ code, id: newIdFor(code), index: this.index(chain, kind, code) }));
    const sealed = PERSONAL.has(kind)
      ? await this.boxes.close(chain, rows.map(({ code, id }) => ({ subject: id, class: 'contact', of: id, value: code })))
      : undefined;
    await this.db.query(
      `insert into external_code (chain, kind, code_index, id, code, box)
       select $1, $2, * from unnest($3::text[], $4::uuid[], $5::text[], $6::jsonb[]) on conflict do nothing`,
      [
        chain.no,
        kind,
        rows.map((row) => row.index),
        rows.map((row) => row.id),
        rows.map((row) => (sealed ? null : row.code)),
        rows.map((_, n) => (sealed ? JSON.stringify(sealed[n]) : null)),
      ],
    );
    // Read back: another process may have reserved some of them meanwhile.
    return new Map([...found, ...(await this.find(chain, kind, missing))]);
  }

  /** The ids of the codes that have one. */
  async find(chain: Chain, kind: CodeKind, codes: readonly string[]): Promise<Map<string, Id>> {
    if (codes.length === 0) return new Map();
    const byIndex = new Map(codes.map((code) => [this.index(chain, kind, code), code]));
    const { rows } = await this.db.query<{ code_index: string; id: Id }>(
      'select code_index, id from external_code where chain = $1 and kind = $2 and code_index = any($3)',
      [chain.no, kind, [...byIndex.keys()]],
    );
    return new Map(rows.map((row) => [byIndex.get(row.code_index) as string, row.id]));
  }

  /** The codes of ids, for answers; ids without a code, or whose owner was erased, are missing. */
  async codesOf(chain: Chain, kind: CodeKind, ids: readonly Id[]): Promise<Map<Id, string>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.db.query<{ id: Id; code: string | null; box: SealedBox | null }>(
      'select id, code, box from external_code where chain = $1 and kind = $2 and id = any($3)',
      [chain.no, kind, [...new Set(ids)]],
    );
    const boxed = rows.filter((row) => row.box !== null);
    const opened = await this.boxes.open<string>(chain, boxed.map((row) => row.box as SealedBox));
    const codes = new Map<Id, string>();
    for (const row of rows) if (row.code !== null) codes.set(row.id, row.code);
    boxed.forEach((row, n) => {
      const code = opened[n];
      if (typeof code === 'string' && !isErased(code)) codes.set(row.id, code);
    });
    return codes;
  }

  private index(chain: Chain, kind: CodeKind, code: string): string {
    return this.master.blindIndex(`${chain.id} code ${kind}`, code);
  }
}
