import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { queryOf } from '#libs/http/src/validation.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { type People, siteIn, siteRef } from '../directory/people.js';
import type { LotStock } from '../recall/lot-trace/lot-trace.contract.js';
import { LOT_TRACE } from '../recall/lot-trace/lot-trace.projection.js';
import type { LotTraceQuery } from '../recall/lot-trace/lot-trace.query.js';
import { recallOf } from '../recall/recall-of-lot.js';
import { isRecalledOn } from '../recall/recall.state.js';
import { LotUnknown } from './lot.errors.js';
import { lotStream } from './lot.events.js';
import { usedOf } from './lot-used.js';
import { isUsableOn, lotFold, stockOf, vialUsableAt, volumeLeft } from './lot.state.js';

export const lotParamsSchema = queryOf({});

/** What is on record of a lot at a site: receipt, vials and waste from its own stream, use from performed sessions. */
export class LotStockQuery {
  static readonly reads = [LOT_TRACE.name, DIRECTORY.name] as const;

  constructor(
    private readonly runner: CommandRunner,
    private readonly chains: Chains,
    private readonly trace: LotTraceQuery,
    private readonly people: People,
  ) {}

  /** @throws NotFound `lot.unknown` */
  async stock(chain: Chain, lotId: Id): Promise<LotStock> {
    if (!isId(lotId)) throw new LotUnknown();
    const { state: lot, revision } = await this.runner.read(chain, lotStream(lotId), lotFold);
    if (lot.status === 'none') throw new LotUnknown();
    const reads: Pick<Reads, 'load'> = { load: (stream, fold) => this.runner.read(chain, stream, fold) };
    const [recall, { usedMl, volumeUnknown }, sites, now] = await Promise.all([
      recallOf(reads, chain.id, lot),
      usedOf(reads, this.trace, chain, lot),
      this.people.sites(chain),
      this.chains.now(chain),
    ]);
    const site = siteIn(sites, lot.siteId);
    const today = localDateAt(now, site.timeZone);
    return {
      id: lotId,
      revision,
      site: siteRef(site),
      product: lot.product,
      lotNumber: lot.lotNumber,
      gtin: lot.gtin,
      serial: lot.serial,
      receivedOn: lot.receivedOn,
      expiresOn: lot.expiresOn,
      ingredients: [...lot.ingredients],
      entryId: lot.entryId,
      units: lot.units,
      receivedMl: lot.volumeMl,
      usedMl,
      wastedMl: lot.wastedMl,
      ...stockOf(volumeLeft(lot, usedMl)),
      volumeUnknown,
      status: isRecalledOn(recall, today) ? 'recalled' : isUsableOn(lot, today) ? 'usable' : 'expired',
      vials: lot.vials.map(({ vialId, entryId, openedAt, usableUntil }) => ({
        vialId,
        entryId,
        openedAt: openedAt.wall,
        usableUntil: usableUntil.wall,
        isUsable: vialUsableAt(lot, vialId, now),
      })),
      wastes: lot.wastes.map((waste) => ({ ...waste })),
    };
  }
}
