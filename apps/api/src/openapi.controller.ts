import { Controller, Get, Injectable, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The document of this application, made when it is first asked for: it takes longer than all the rest of a start. */
@Injectable()
export class OpenApiText {
  /** Set by whoever has put the application together: it is made from all of its routes. */
  make: () => object = () => {
    throw new Error('The application was not put together.');
  };
  private text: string | undefined;

  get(): string {
    return (this.text ??= JSON.stringify(this.make()));
  }
}

/** The OpenAPI document, which does not describe itself. It tells how everything works: whoever may use nothing has no use for it. */
@ApiExcludeController()
@Controller('openapi.json')
export class OpenApiController {
  constructor(private readonly document: OpenApiText) {}

  @Get()
  @QueryEndpoint({
    id: 'getOpenApi',
    may: 'signed-in',
    summary: 'The OpenAPI document',
    produces: 'application/json',
    discloses: 'nobody',
  })
  async show(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(JSON_TYPE).send(this.document.get());
  }
}
