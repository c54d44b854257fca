import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { Principal } from '#libs/http/src/principal.js';
import { AskedBy, InChain } from '#libs/http/src/request-context.js';
import { listQueryOf, pageSchemaOf } from '#libs/http/src/validation.js';
import type { z } from 'zod';
import {
  type BeginSignatureData,
  beginSignatureSchema,
  type BegunSignature,
  begunSignatureSchema,
  type SignatureView,
  signatureViewSchema,
  type SignEntryData,
  signEntrySchema,
} from './signature.commands.js';
import { SignatureService } from './signature.service.js';

/** The address of our own pages that a request came from. */
export type OriginOf = (request: FastifyRequest) => string;
export const ORIGIN_OF = Symbol('origin of a request');

const listParamsSchema = listQueryOf({});

/** Signatures under the entries of a patient's record. */
@ApiTags('signatures')
@Controller('v1/patients')
export class SignatureController {
  constructor(
    @Inject(SignatureService) private readonly signatures: SignatureService,
    @Inject(ORIGIN_OF) private readonly originOf: OriginOf,
  ) {}

  @Post(':patient/signatures/begin')
  @ActionEndpoint({
    id: 'beginSignature',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Whether an entry may be signed so, and what a passkey is asked for it',
    description:
      'Writes nothing. The challenge for the passkey is SHA-256 over the log, the entry’s leaf in the ledger, the meaning, ' +
      'who signs and a nonce: what is answered to it signs nothing else.',
    answer: begunSignatureSchema,
    discloses: 'nobody',
  })
  begin(
    @InChain() chain: Chain,
    @Req() request: FastifyRequest,
    @AskedBy() principal: Principal,
    @Param('patient') patient: string,
    @Body({ schema: beginSignatureSchema }) data: BeginSignatureData,
  ): Promise<BegunSignature> {
    return this.signatures.begin(chain, patient, data, principal, this.originOf(request));
  }

  @Post(':patient/signatures')
  @CommandEndpoint({
    id: 'signEntry',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Sign an entry of the record: who, when, and in which meaning',
    description:
      'Bound to the exact bytes of the entry at `position`. Where people sign in with passkeys, theirs signs the very entry ' +
      '(beginSignature); elsewhere whoever signs has signed in within the last five minutes. Overrides, reviews and the ' +
      'closure of an adverse event are signed by a physician.',
  })
  sign(
    @Meta() meta: CommandMeta,
    @AskedBy() principal: Principal,
    @Param('patient') patient: string,
    @Body({ schema: signEntrySchema }) data: SignEntryData,
  ): Promise<CommandAnswer> {
    return this.signatures.sign(meta, patient, data, principal);
  }

  @Get(':patient/signatures')
  @QueryEndpoint({
    id: 'listSignatures',
    may: 'record.read',
    at: 'path.patient',
    summary: 'The signatures under a patient’s record, newest first, and whether what was signed is intact',
    answer: pageSchemaOf(signatureViewSchema),
    discloses: 'address',
  })
  list(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: listParamsSchema }) params: z.output<typeof listParamsSchema>,
  ): Promise<{ items: SignatureView[]; next: string | null }> {
    return this.signatures.list(chain, patient, params);
  }
}
