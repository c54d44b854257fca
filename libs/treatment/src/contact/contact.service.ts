import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import { patientStream } from '../patient/patient.events.js';
import { requirePatient } from '../patient/patient.service.js';
import { loadPerson } from '../patient/person.js';
import { type ContactCommand, decideContact } from './contact.decider.js';
import type { ContactChoices } from './contact.events.js';

/** What patients want to be told, and how. In force at once for everything that has not left yet. */
@Injectable()
export class ContactService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /** @throws NotFound `patient.unknown` */
  setChoices(meta: CommandMeta, patient: string, choices: ContactChoices): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'SetContactChoices', choices });
  }

  /** As the patient told somebody of the staff. @throws NotFound `patient.unknown` */
  optOut(meta: CommandMeta, patient: string, categories: readonly ContactCategory[]): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'OptOut', categories, by: 'staff', messageId: null });
  }

  /**
   * As the patient told somebody of the staff. For every registration of the person: what was opted out under any of them
   * does not go.
   * @throws NotFound `patient.unknown`
   */
  async optIn(meta: CommandMeta, patient: string, categories: readonly ContactCategory[]): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const command: ContactCommand = { type: 'OptIn', categories, by: 'staff', messageId: null };
    const result = await this.runner.run(meta, async (reads) => {
      await requirePatient(reads, id);
      const { patients } = await loadPerson(reads, id);
      return patients.map((state) => ({
        stream: patientStream(state.patientId),
        events: decideContact(command, state, reads.now),
      }));
    });
    return { id, ...result };
  }

  private async change(meta: CommandMeta, patient: string, command: ContactCommand): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => {
      const state = await requirePatient(reads, id);
      return [{ stream: patientStream(id), events: decideContact(command, state, reads.now) }];
    });
    return { id, ...result };
  }
}
