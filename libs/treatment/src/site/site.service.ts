import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { Conflict, NotFound } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import type { registerSiteSchema } from './site.commands.js';
import {
  QUIET_HOURS_DEFAULT,
  type QuietHours,
  SiteImportedMaintenanceReleased,
  SiteQuietHoursSet,
  SiteRegistered,
  siteStream,
} from './site.events.js';
import { siteFold, type SiteState } from './site.state.js';

type RegisteredSite = Extract<SiteState, { status: 'registered' }>;

/** Loads a site for a decision, which is thereby guarded. @throws NotFound `site.unknown` */
export async function requireSite(reads: Reads, siteId: string): Promise<RegisteredSite> {
  const { state } = await reads.load(siteStream(siteId), siteFold);
  if (state.status === 'none') {
    throw new NotFound('site.unknown', 'There is no such site.', {
      fields: [{ field: 'site', message: 'Name a site that exists.' }],
    });
  }
  return state;
}

@Injectable()
export class SiteService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
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
