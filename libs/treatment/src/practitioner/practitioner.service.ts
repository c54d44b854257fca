import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type {
  CorrectCredentialEntryData,
  GrantCredentialData,
  RegisterPractitionerData,
  RetractCredentialEntryData,
  RevokeCredentialData,
} from './practitioner.commands.js';
import {
  decidePractitioner,
  type GrantedOrRevoked,
  type PractitionerCommand,
  practitionerHistoryFold,
} from './practitioner.decider.js';
import { practitionerStream } from './practitioner.events.js';

@Injectable()
export class PractitionerService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

  async register(meta: CommandMeta, data: RegisterPractitionerData): Promise<CommandAnswer> {
    const { code, ...practitioner } = data;
    const id = await this.codes.idFor(meta.chain, 'practitioner', code, derivedId(meta.commandId, 'practitioner'));
    return this.decide(meta, id, { type: 'Register', practitionerId: id, ...practitioner });
  }

  /** What the practitioner may carry out, and when (S2-Q1). */
  async grantCredential(meta: CommandMeta, of: string, credential: GrantCredentialData): Promise<CommandAnswer> {
    return this.decide(meta, await this.idOf(meta, of), { type: 'Grant', credential });
  }

  async revokeCredential(meta: CommandMeta, of: string, data: RevokeCredentialData): Promise<CommandAnswer> {
    return this.decide(meta, await this.idOf(meta, of), { type: 'Revoke', ...data });
  }

  async correctEntry(
    meta: CommandMeta,
    of: string,
    event: Id,
    { data, reason }: CorrectCredentialEntryData,
  ): Promise<CommandAnswer> {
    const says = saidAnew(data);
    return this.decide(meta, await this.idOf(meta, of), { type: 'CorrectEntry', event, says, reason });
  }

  async retractEntry(
    meta: CommandMeta,
    of: string,
    event: Id,
    { reason }: RetractCredentialEntryData,
  ): Promise<CommandAnswer> {
    return this.decide(meta, await this.idOf(meta, of), { type: 'RetractEntry', event, reason });
  }

  private idOf(meta: CommandMeta, practitioner: string): Promise<Id> {
    return this.references.resolve(meta.chain, 'practitioner', practitioner);
  }

  private async decide(meta: CommandMeta, id: Id, command: PractitionerCommand): Promise<CommandAnswer> {
    const stream = practitionerStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, practitionerHistoryFold);
      return [{ stream, events: decidePractitioner(command, state, reads.now) }];
    });
    return { id, ...result };
  }
}

function saidAnew(data: CorrectCredentialEntryData['data']): GrantedOrRevoked {
  if (data.type === 'CredentialRevoked') return data;
  const { type, ...credential } = data;
  return { type, credential };
}
