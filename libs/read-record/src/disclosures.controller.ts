import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import {
  type Disclosure,
  type DisclosuresParams,
  disclosuresParamsSchema,
  DisclosuresQuery,
  disclosureSchema,
} from './disclosures.query.js';

/** Who has seen what of a patient. */
@ApiTags('patients')
@Controller('v1/patients')
export class DisclosuresController {
  constructor(
    private readonly references: References,
    @Inject(DisclosuresQuery) private readonly disclosures: DisclosuresQuery,
  ) {}

  @Get(':patient/disclosures')
  @QueryEndpoint({
    id: 'listDisclosures',
    may: 'disclosure.read',
    at: 'path.patient',
    summary: 'Who has seen what of the patient, when and why, newest first',
    description:
      'Every answer that held data of the patient, searches that found the patient and files that left the system; also ' +
      'what was about anybody of the chain. Asking for this list is on record as well.',
    answer: pageSchemaOf(disclosureSchema),
    discloses: 'address',
  })
  async list(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: disclosuresParamsSchema }) params: DisclosuresParams,
  ): Promise<{ items: Disclosure[]; next: string | null }> {
    const patientId = await this.references.resolve(chain, 'patient', patient);
    return this.disclosures.list(chain, [patientId], params);
  }
}
