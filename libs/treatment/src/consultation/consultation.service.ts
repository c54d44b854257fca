import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { localDateAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { requirePatient } from '../patient/patient.service.js';
import { requireProtocol } from '../protocol/protocol.service.js';
import { References } from '#libs/cqrs/src/references.js';
import { requireSite } from '../site/site.service.js';
import { wallTimeAt } from '../wall-time.js';
import type {
  concludeConsultationSchema,
  holdConsultationSchema,
  signConsentSchema,
  withdrawConsentSchema,
} from './consultation.commands.js';
import {
  ConsentSigned,
  ConsentWithdrawn,
  ConsultationConcluded,
  type ConsultationEvent,
  ConsultationHeld,
  consultationStream,
} from './consultation.events.js';
import { consultationFold, type ConsultationState } from './consultation.state.js';

type HeldConsultation = Exclude<ConsultationState, { status: 'none' }>;

@Injectable()
export class ConsultationService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  async hold(meta: CommandMeta, data: z.infer<typeof holdConsultationSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const consultationId = derivedId(meta.commandId, 'consultation');
    const patientId = await this.references.resolve(chain, 'patient', data.patient);
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.references.resolve(chain, 'practitioner', data.practitioner);
    const stream = consultationStream(consultationId);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const [{ timeZone }] = await Promise.all([
          requireSite(reads, siteId),
          requirePatient(reads, patientId),
          requireProtocol(reads, data.procedure, 'procedure'),
        ]);
        const at = wallTimeAt(data.at, timeZone, reads.now);
        if (at.instant > reads.now) {
          throw new Refused('consultation.in-future', `${at.wall} is still to come.`, {
            fields: [{ field: 'at', message: 'Give the time at which it was held.' }],
          });
        }
        const { procedure, notes } = data;
        const held = { consultationId, patientId, siteId, practitionerId, procedure, notes };
        return [{ stream, expectedRevision: 'no-stream', events: [ConsultationHeld(occurredAt(at), held)] }];
      },
      { site: siteId },
    );
    return { id: consultationId, ...result };
  }

  async conclude(
    meta: CommandMeta,
    id: string,
    data: z.infer<typeof concludeConsultationSchema>,
  ): Promise<CommandAnswer> {
    const practitionerId = await this.references.resolve(meta.chain, 'practitioner', data.practitioner);
    return this.change(meta, id, ({ status, patientId }, reads) => {
      if (status === 'concluded') throw new Refused('consultation.concluded', 'The consultation is concluded already.');
      const { conclusion, reason } = data;
      const at = occurredNow(reads.now);
      return [ConsultationConcluded(at, { consultationId: id, patientId, practitionerId, conclusion, reason })];
    });
  }

  async signConsent(meta: CommandMeta, id: string, data: z.infer<typeof signConsentSchema>): Promise<CommandAnswer> {
    return this.change(meta, id, async ({ patientId, siteId }, reads) => {
      const { timeZone } = await requireSite(reads, siteId);
      const today = localDateAt(reads.now, timeZone);
      if (data.signedOn > today) {
        throw new Refused('consent.in-future', `A consent cannot be signed after today, ${today}.`, {
          fields: [{ field: 'signedOn', message: 'Give the day on which it was signed.' }],
        });
      }
      const at = occurredAt(wallToInstant(`${data.signedOn}T00:00`, timeZone), 'day');
      return [ConsentSigned(at, { consultationId: id, patientId, ...data })];
    });
  }

  async withdrawConsent(
    meta: CommandMeta,
    id: string,
    data: z.infer<typeof withdrawConsentSchema>,
  ): Promise<CommandAnswer> {
    return this.change(meta, id, ({ patientId, consents }, reads) => {
      if (!consents.some(({ procedure }) => procedure === data.procedure)) return [];
      return [ConsentWithdrawn(occurredNow(reads.now), { consultationId: id, patientId, procedure: data.procedure })];
    });
  }

  private async change(
    meta: CommandMeta,
    id: string,
    decide: (state: HeldConsultation, reads: Reads) => ConsultationEvent[] | Promise<ConsultationEvent[]>,
  ): Promise<CommandAnswer> {
    const stream = consultationStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, consultationFold);
      if (state.status === 'none') throw new NotFound('consultation.unknown', 'There is no such consultation.');
      return [{ stream, events: await decide(state, reads) }];
    });
    return { id, ...result };
  }
}
