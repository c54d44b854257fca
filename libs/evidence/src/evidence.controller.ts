import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { HTTP_DEPENDENCIES, type HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import type { Principal } from '#libs/http/src/principal.js';
import { AskedBy, InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { SINCE_MAX } from './bundle-writer.js';
import type { Evidence } from './evidence.js';
import type { EvidenceScope } from './evidence.scope.js';
import { EVIDENCE_MEDIA_TYPE, sendBundle } from './send-bundle.js';
import { type LedgerState, ledgerState, ledgerStateSchema } from './ledger-state.js';
import { EVIDENCE } from './evidence.token.js';

const DESCRIPTION =
  'One JSON file: every event of the streams that belong to it, with its proof, the checkpoint and the public keys. ' +
  '`pistor verify` and libs/evidence/src/verify-bundle.mjs verify it without a network; docs/evidence.md has the format. ' +
  'What is personal is sealed, unless its keys are asked for.';

const SIZES = /^[1-9]\d{0,14}(?:,[1-9]\d{0,14})*$/;
const evidenceParamsSchema = z.strictObject({
  since: z
    .string()
    .regex(SIZES)
    .transform((text) => text.split(',').map(Number))
    .pipe(z.array(z.int()).max(SINCE_MAX))
    .optional()
    .describe('Sizes of older checkpoints, parted by commas: it is proved that the history goes on from each.'),
  personal: z
    .enum(['sealed', 'open'])
    .default('sealed')
    .describe('`open`: with the keys of the persons in it. Whoever has the file reads what is personal, for ever.'),
});
type EvidenceParams = z.output<typeof evidenceParamsSchema>;

@ApiTags('ledger')
@Controller('v1')
export class EvidenceController {
  constructor(
    @Inject(EVIDENCE) private readonly evidence: Evidence,
    @Inject(HTTP_DEPENDENCIES) private readonly http: HttpDependencies,
  ) {}

  /** @throws NotFound `patient.unknown`, `ledger.no-checkpoint`, `ledger.size-not-reached`; HttpProblem 403 `evidence.sealed` */
  @Get('patients/:patient/evidence')
  @QueryEndpoint({
    id: 'getPatientEvidence',
    may: 'evidence.export',
    at: 'path.patient',
    summary: 'An evidence bundle of a patient: the whole record with its proofs',
    description: DESCRIPTION,
    produces: EVIDENCE_MEDIA_TYPE,
    discloses: 'address',
    exports: true,
  })
  async patient(
    @InChain() chain: Chain,
    @AskedBy() principal: Principal,
    @Param('patient') patient: string,
    @Query({ schema: evidenceParamsSchema }) params: EvidenceParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.demandMayOpen(request, principal, params);
    await this.send(chain, await this.evidence.scopes.patient(chain, patient), params, request, reply);
  }

  /** @throws NotFound `course.unknown`, `ledger.no-checkpoint`, `ledger.size-not-reached`; HttpProblem 403 `evidence.sealed` */
  @Get('courses/:course/evidence')
  @QueryEndpoint({
    id: 'getCourseEvidence',
    may: 'evidence.export',
    at: 'path.course',
    summary: 'An evidence bundle of a course, its consultations and its messages',
    description: DESCRIPTION,
    produces: EVIDENCE_MEDIA_TYPE,
    discloses: 'address',
    exports: true,
  })
  async course(
    @InChain() chain: Chain,
    @AskedBy() principal: Principal,
    @Param('course') course: string,
    @Query({ schema: evidenceParamsSchema }) params: EvidenceParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.demandMayOpen(request, principal, params);
    await this.send(chain, await this.evidence.scopes.course(chain, course), params, request, reply);
  }

  @Get('ledger/state')
  @QueryEndpoint({
    id: 'getLedgerState',
    may: 'system.observe',
    at: 'chain',
    summary: 'How far the ledger has come, what it has signed last, and who has witnessed it',
    answer: ledgerStateSchema,
  })
  state(@InChain() chain: Chain, @Query({ schema: queryOf({}) }) _params: object): Promise<LedgerState> {
    return ledgerState(this.evidence.ledger, chain);
  }

  /** The key of a person opens all of one class, wherever it was recorded: one has to be allowed to read it everywhere. */
  private async demandMayOpen(
    request: FastifyRequest,
    principal: Principal,
    { personal }: EvidenceParams,
  ): Promise<void> {
    if (personal === 'sealed') return;
    if (await this.http.access.holds(request, principal, { may: 'record.read', at: 'chain' })) return;
    throw new HttpProblem(
      403,
      'evidence.sealed',
      'The keys of what is personal are for those who may read the record at every site. Ask for the bundle sealed.',
    );
  }

  private async send(
    chain: Chain,
    scope: EvidenceScope,
    { since, personal }: EvidenceParams,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const source = this.evidence.writer.write(chain, scope, { since, open: personal === 'open' });
    const [name = 'evidence'] = scope.streams;
    await sendBundle(source, reply, { name, log: this.evidence.log, request });
  }
}
