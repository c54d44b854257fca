import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { Conflict, NotFound } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import type { grantCredentialSchema, registerPractitionerSchema } from './practitioner.commands.js';
import { CredentialGranted, PractitionerRegistered, practitionerStream } from './practitioner.events.js';
import { practitionerFold } from './practitioner.state.js';

@Injectable()
export class PractitionerService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

  async register(meta: CommandMeta, data: z.infer<typeof registerPractitionerSchema>): Promise<CommandAnswer> {
    const { code, name, role, credentials } = data;
    const id = await this.codes.idFor(meta.chain, 'practitioner', code, derivedId(meta.commandId, 'practitioner'));
    const stream = practitionerStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, practitionerFold);
      if (state.status !== 'none') throw new Conflict('practitioner.exists', 'There is such a practitioner already.');
      const at = occurredNow(reads.now);
      const granted = credentials.map((credential) => CredentialGranted(at, { practitionerId: id, ...credential }));
      return [{ stream, events: [PractitionerRegistered(at, { practitionerId: id, role, name }), ...granted] }];
    });
    return { id, ...result };
  }

  /** What the practitioner may carry out, and when (S2-Q1). Granting the same again adds nothing. */
  async grantCredential(
    meta: CommandMeta,
    practitioner: string,
    credential: z.infer<typeof grantCredentialSchema>,
  ): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'practitioner', practitioner);
    const stream = practitionerStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, practitionerFold);
      if (state.status === 'none') throw new NotFound('practitioner.unknown', 'There is no such practitioner.');
      const known = state.credentials.some((each) => JSON.stringify(each) === JSON.stringify(credential));
      const events = known ? [] : [CredentialGranted(occurredNow(reads.now), { practitionerId: id, ...credential })];
      return [{ stream, events }];
    });
    return { id, ...result };
  }
}
