import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { type Chain, Chains } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { Conflict, NotFound } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import type { registerSiteSchema } from './site.commands.js';
import {
  type LegalRules,
  type OpeningHours,
  QUIET_HOURS_DEFAULT,
  type QuietHours,
  type RecallRules,
  type RetentionRules,
  SiteImportedMaintenanceReleased,
  SiteLegalRulesSet,
  SiteOpeningHoursSet,
  SiteQuietHoursSet,
  SiteRecallRulesSet,
  SiteRetentionRulesSet,
  SiteRegistered,
  siteStream,
} from './site.events.js';
import { sameData } from '../same-data.js';
import { legalRulesOf, siteFold, type SiteState } from './site.state.js';

type RegisteredSite = Extract<SiteState, { status: 'registered' }>;

/** Loads a site for a decision, which is thereby guarded. @throws NotFound `site.unknown` */
export async function requireSite(reads: Reads, siteId: string): Promise<RegisteredSite> {
  const { state } = await reads.load(siteStream(siteId), siteFold);
  if (state.status === 'none') throw siteUnknown();
  return state;
}

const siteUnknown = () =>
  new NotFound('site.unknown', 'There is no such site.', {
    fields: [{ field: 'site', message: 'Name a site that exists.' }],
  });

@Injectable()
export class SiteService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
    private readonly chains: Chains,
  ) {}

  async register(meta: CommandMeta, data: z.infer<typeof registerSiteSchema>): Promise<CommandAnswer> {
    const { code, quietHours = QUIET_HOURS_DEFAULT, ...site } = data;
    const id = await this.codes.idFor(meta.chain, 'site', code, derivedId(meta.commandId, 'site'));
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(siteStream(id), siteFold);
      if (state.status !== 'none') throw new Conflict('site.exists', `There is a site ${code ?? id} already.`);
      return [
        {
          stream: siteStream(id),
          events: [SiteRegistered(occurredNow(reads.now), { siteId: id, ...site, quietHours })],
        },
      ];
    });
    return { id, ...result };
  }

  async setQuietHours(meta: CommandMeta, site: string, quietHours: QuietHours): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      const { quietHours: before } = await requireSite(reads, id);
      const same = before.from === quietHours.from && before.to === quietHours.to;
      const events = same ? [] : [SiteQuietHoursSet(occurredNow(reads.now), { siteId: id, quietHours })];
      return [{ stream: siteStream(id), events }];
    });
    return { id, ...result };
  }

  /** When somebody is there; nothing where it is so already. */
  async setOpeningHours(meta: CommandMeta, site: string, openingHours: OpeningHours): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      const isSame = sameData((await requireSite(reads, id)).openingHours, openingHours);
      const events = isSame ? [] : [SiteOpeningHoursSet(occurredNow(reads.now), { siteId: id, openingHours })];
      return [{ stream: siteStream(id), events }];
    });
    return { id, ...result };
  }

  /** How patients are invited to come again; nothing where it is so already. */
  async setRecallRules(meta: CommandMeta, site: string, rules: RecallRules): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      const isSame = sameData((await requireSite(reads, id)).recallRules, rules);
      const events = isSame ? [] : [SiteRecallRulesSet(occurredNow(reads.now), { siteId: id, rules })];
      return [{ stream: siteStream(id), events }];
    });
    return { id, ...result };
  }

  /** How messages are told, as it is in force now. @throws NotFound `site.unknown` */
  async messageRules(chain: Chain, site: string): Promise<{ openingHours: OpeningHours | null; recall: RecallRules }> {
    const id = await this.references.resolve(chain, 'site', site);
    const { state } = await this.runner.read(chain, siteStream(id), siteFold);
    if (state.status === 'none') throw siteUnknown();
    return { openingHours: state.openingHours, recall: state.recallRules };
  }

  /** What the law of the site's country asks for from now on; nothing where it is so already. */
  async setLegalRules(meta: CommandMeta, site: string, rules: LegalRules): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      const isSame = sameData(legalRulesOf(await requireSite(reads, id), reads.now), rules);
      const events = isSame ? [] : [SiteLegalRulesSet(occurredNow(reads.now), { siteId: id, rules })];
      return [{ stream: siteStream(id), events }];
    });
    return { id, ...result };
  }

  /** For how long the law of the site's country wants records kept; nothing where it is so already. */
  async setRetentionRules(meta: CommandMeta, site: string, rules: RetentionRules): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      const isSame = sameData((await requireSite(reads, id)).retentionRules, rules);
      const events = isSame ? [] : [SiteRetentionRulesSet(occurredNow(reads.now), { siteId: id, rules })];
      return [{ stream: siteStream(id), events }];
    });
    return { id, ...result };
  }

  /** For how long records are kept, the default where the site set nothing. @throws NotFound `site.unknown` */
  async retentionRules(chain: Chain, site: string): Promise<RetentionRules> {
    const id = await this.references.resolve(chain, 'site', site);
    const { state } = await this.runner.read(chain, siteStream(id), siteFold);
    if (state.status === 'none') throw siteUnknown();
    return state.retentionRules;
  }

  /** The legal rules of a site as they are in force now, the defaults where it set none. @throws NotFound `site.unknown` */
  async legalRules(chain: Chain, site: string): Promise<LegalRules> {
    const id = await this.references.resolve(chain, 'site', site);
    const [{ state }, now] = await Promise.all([
      this.runner.read(chain, siteStream(id), siteFold),
      this.chains.now(chain),
    ]);
    if (state.status === 'none') throw siteUnknown();
    return legalRulesOf(state, now);
  }

  /**
   * Lets the first messages of maintenance that imports until now left overdue go. Recorded each time it is said: what a
   * later import brings waits for a release of its own.
   */
  async releaseImportedMaintenance(meta: CommandMeta, site: string): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'site', site);
    const result = await this.runner.run(meta, async (reads) => {
      await requireSite(reads, id);
      return [
        { stream: siteStream(id), events: [SiteImportedMaintenanceReleased(occurredNow(reads.now), { siteId: id })] },
      ];
    });
    return { id, ...result };
  }
}
