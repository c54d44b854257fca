import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { practitionerOf, requireSessionOf } from '../adverse-event/adverse-event.service.js';
import { SessionUnknown } from '../course/course.errors.js';
import { requireSite } from '../site/site.service.js';
import type {
  correctPatientEntrySchema,
  EntryCorrection,
  retractPatientEntrySchema,
} from './patient-entry.commands.js';
import { decideCorrection, decideRetraction, type ResolvedCorrection } from './patient-entry.decider.js';
import { entryOf, patientEntriesFold, type PatientEntries } from './patient-entry.state.js';
import { PatientUnknown } from './patient.errors.js';
import { patientStream } from './patient.events.js';

/** Corrects and takes back what was entered of a patient: entries are never edited. */
@Injectable()
export class PatientEntryService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /**
   * @param eventId of the entry, or of a correction of it
   * @returns the id of the patient
   * @throws NotFound `patient-entry.unknown`; PatientRefused, AdverseEventRefused
   */
  async correct(
    meta: CommandMeta,
    patient: string,
    eventId: Id,
    { data, reason }: z.infer<typeof correctPatientEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.change(meta, patient, async (entries, reads) => {
      const entry = entryOf(entries, eventId);
      const correction = await this.resolve(
        reads,
        data,
        entry?.type === 'AdverseEventReported' ? entry.data : undefined,
      );
      return decideCorrection({ eventId, correction, reason }, entries, reads.now);
    });
  }

  /**
   * @returns the id of the patient
   * @throws NotFound `patient-entry.unknown`, `practitioner.unknown`; PatientRefused, AdverseEventRefused
   */
  async retract(
    meta: CommandMeta,
    patient: string,
    eventId: Id,
    { reason, physician: named }: z.infer<typeof retractPatientEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.change(meta, patient, async (entries, reads) => {
      const physician = named && (await practitionerOf(reads, this.references, named, 'physician'));
      return decideRetraction({ eventId, reason, physician: physician || undefined }, entries, reads.now);
    });
  }

  private async change(
    meta: CommandMeta,
    patient: string,
    decide: (entries: PatientEntries, reads: Reads & { readonly now: Instant }) => NewEvent[] | Promise<NewEvent[]>,
  ): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const stream = patientStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, patientEntriesFold);
      if (state.patient.status === 'none') throw new PatientUnknown();
      return [{ stream, events: await decide(state, reads) }];
    });
    return { id, ...result };
  }

  /**
   * What a correction names by id or code; each is loaded, and so must exist.
   * @param reported the report as it reads now, where one is corrected: its course stays
   */
  private async resolve(
    reads: Reads,
    data: EntryCorrection,
    reported:
      | { readonly patientId: string; readonly courseId: string | null; readonly sessionId: string | null }
      | undefined,
  ): Promise<ResolvedCorrection> {
    switch (data.type) {
      case 'AdverseEventReported': {
        const { site, owner, session, ...rest } = data;
        const siteId = await this.references.resolve(reads.chain, 'site', site);
        const { timeZone: siteZone } = await requireSite(reads, siteId);
        const { practitionerId: ownerId } = await practitionerOf(reads, this.references, owner, 'data.owner');
        if (reported && session !== null && session !== reported.sessionId) {
          // Without a course there is no session that could be its.
          if (reported.courseId === null) throw new SessionUnknown(session);
          await requireSessionOf(reads, reported.patientId, reported.courseId, session);
        }
        return { ...rest, siteId, siteZone, ownerId, sessionId: session };
      }
      case 'AdverseEventAssessed': {
        const { practitioner, owner, ...rest } = data;
        const { practitionerId } = await practitionerOf(reads, this.references, practitioner, 'data.practitioner');
        const { practitionerId: ownerId } = await practitionerOf(reads, this.references, owner, 'data.owner');
        return { ...rest, practitionerId, ownerId };
      }
      case 'AdverseEventClosed': {
        const { physician, ...rest } = data;
        return { ...rest, physician: await practitionerOf(reads, this.references, physician, 'data.physician') };
      }
      default:
        return data;
    }
  }
}
