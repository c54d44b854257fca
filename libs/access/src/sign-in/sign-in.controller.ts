import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Access } from '../access.js';
import { ACCESS } from '../access.token.js';
import type { Authenticated } from '../session/sessions.js';
import { clearCookie, cookieOf, setCookie } from '../session/session-cookie.js';
import { tooManyAttempts } from './attempts.js';
import { CHALLENGE_MINUTES } from './challenges.js';
import type { OpenIdConnect, ProviderVisitor } from './openid-connect.js';
import { refused } from './passkeys.js';
import {
  beginOpenIdConnectSchema,
  callbackParamsSchema,
  passkeyRegistrationOptionsSchema,
  registerPasskeySchema,
  signedInSchema,
  signInViewSchema,
  usePasskeySchema,
  webauthnOptionsSchema,
} from './sign-in.commands.js';

/** How people come in. All of it is public, and each step proves by itself what it has to. */
@ApiTags('sign-in')
@Controller('v1/sign-in')
export class SignInController {
  constructor(@Inject(ACCESS) private readonly access: Access) {}

  @Get()
  @QueryEndpoint({
    id: 'getSignIn',
    may: 'public',
    summary: 'How people sign in here',
    answer: signInViewSchema,
  })
  show(@InChain() { slug }: Chain): z.infer<typeof signInViewSchema> {
    return { by: this.access.signIn.by, chain: slug };
  }

  @Post('openid-connect')
  @ActionEndpoint({
    id: 'beginOpenIdConnect',
    may: 'public',
    summary: 'Begin to sign in by the provider',
    description: 'Answers the address of the provider to go to. With the code of an invitation for the first time.',
  })
  async begin(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: beginOpenIdConnectSchema }) body: z.infer<typeof beginOpenIdConnectSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ url: string }> {
    const { origin, cookies } = this.access.originOf(request);
    const { url, secret } = await this.provider().begin(chain, origin, body ?? {});
    setCookie(reply, 'sign-in', secret, cookies, CHALLENGE_MINUTES * 60);
    return { url };
  }

  /** Where the provider sends browsers back to. What it sends is in the address, which is nowhere written down. */
  @Get('openid-connect/callback')
  @ApiExcludeEndpoint()
  @QueryEndpoint({ id: 'finishOpenIdConnect', may: 'public', summary: 'Finish to sign in by the provider' })
  async finish(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Query({ schema: callbackParamsSchema }) _params: object,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { cookies } = this.access.originOf(request);
    const source = sourceOf(request);
    const query = request.url.slice(request.url.indexOf('?') + 1);
    const secret = cookieOf(request, 'sign-in', cookies);
    clearCookie(reply, 'sign-in', cookies);
    let visitor: ProviderVisitor;
    try {
      visitor = await this.provider().finish(metaOf(request, chain), secret, query);
      await this.signIn(request, reply, chain, visitor.userId, visitor.authenticatedAt);
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      await this.access.attempts.failed(chain, [source]);
      // A person looks at this: the page says what to do.
      return void (await reply.redirect('/sign-in?refused=1', 303));
    }
    await this.access.attempts.succeeded(chain, [source]);
    await reply.redirect(visitor.returnTo ?? '/', 303);
  }

  @Post('passkey/options')
  @ActionEndpoint({
    id: 'getPasskeyOptions',
    may: 'public',
    summary: 'Begin to sign in with a passkey',
    answer: webauthnOptionsSchema,
  })
  async passkeyOptions(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: emptyBodySchema }) _body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ options: object }> {
    this.assertPasskeys();
    const { origin, cookies } = this.access.originOf(request);
    const { options, secret } = await this.access.passkeys.options(chain, origin);
    setCookie(reply, 'sign-in', secret, cookies, CHALLENGE_MINUTES * 60);
    return { options };
  }

  /** Who holds the right passkey is let in, however often others have failed in their name or from their address. */
  @Post('passkey')
  @ActionEndpoint({
    id: 'usePasskey',
    may: 'public',
    summary: 'Sign in with a passkey',
    answer: signedInSchema,
  })
  async usePasskey(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: usePasskeySchema }) body: z.infer<typeof usePasskeySchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ signedIn: true }> {
    this.assertPasskeys();
    const { access } = this;
    const { cookies } = access.originOf(request);
    const response = body as unknown as AuthenticationResponseJSON;
    const subjects = [sourceOf(request), access.passkeys.accountOf(response)];
    const userId = await access.passkeys.verify(chain, cookieOf(request, 'sign-in', cookies), response);
    clearCookie(reply, 'sign-in', cookies);
    if (userId === undefined) await this.refuse(chain, subjects);
    await this.signIn(request, reply, chain, userId as Id);
    await access.attempts.succeeded(chain, subjects);
    return { signedIn: true };
  }

  @Post('passkey/registration/options')
  @ActionEndpoint({
    id: 'getPasskeyRegistrationOptions',
    may: 'public',
    summary: 'Begin to make a passkey, with the code of an invitation',
    answer: webauthnOptionsSchema,
  })
  async registrationOptions(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: passkeyRegistrationOptionsSchema }) body: z.infer<typeof passkeyRegistrationOptionsSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ options: object }> {
    this.assertPasskeys();
    const { access } = this;
    const { origin, cookies } = access.originOf(request);
    const made = await access.passkeys.registrationOptions(chain, body.invitation, origin);
    if (!made) return this.refuse(chain, [sourceOf(request)]);
    setCookie(reply, 'sign-in', made.secret, cookies, CHALLENGE_MINUTES * 60);
    return { options: made.options };
  }

  @Post('passkey/registration')
  @ActionEndpoint({
    id: 'registerPasskey',
    may: 'public',
    summary: 'Keep a passkey that was made, and sign in by it',
    answer: signedInSchema,
  })
  async registerPasskey(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: registerPasskeySchema }) body: z.infer<typeof registerPasskeySchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ signedIn: true }> {
    this.assertPasskeys();
    const { cookies } = this.access.originOf(request);
    const secret = cookieOf(request, 'sign-in', cookies);
    clearCookie(reply, 'sign-in', cookies);
    const response = body as unknown as RegistrationResponseJSON;
    const userId = await this.access.passkeys.register(metaOf(request, chain), secret, response);
    await this.signIn(request, reply, chain, userId);
    return { signedIn: true };
  }

  /**
   * @param authenticatedAt when they proved who they are
   * @throws HttpProblem 403 `sign-in.refused` for somebody who is disabled
   */
  private async signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    chain: Chain,
    userId: Id,
    authenticatedAt: Authenticated = 'now',
  ): Promise<void> {
    const { sessions, users } = this.access;
    const { cookies } = this.access.originOf(request);
    const now = { id: newId(), authenticatedAt: new Date().toISOString() };
    if (!(await users.principalOf(chain, userId, now))) throw refused();
    const secret = await sessions.begin(chain, userId, cookieOf(request, 'session', cookies), authenticatedAt);
    setCookie(reply, 'session', secret, cookies);
  }

  private async refuse(chain: Chain, subjects: readonly string[]): Promise<never> {
    const { attempts } = this.access;
    const blockedS = await attempts.blockedS(chain, subjects);
    await attempts.failed(chain, subjects);
    throw blockedS > 0 ? tooManyAttempts(blockedS) : refused();
  }

  private provider(): OpenIdConnect {
    const { openIdConnect } = this.access;
    if (openIdConnect) return openIdConnect;
    throw new HttpProblem(404, 'sign-in.no-provider', 'People do not sign in by a provider here.');
  }

  private assertPasskeys(): void {
    if (this.access.signIn.by === 'passkeys') return;
    throw new HttpProblem(404, 'sign-in.no-passkeys', 'People do not sign in with passkeys here.');
  }
}

/** Of the connection, or what a trusted proxy says: from anybody else the header is theirs to write. */
const sourceOf = ({ ip }: FastifyRequest): string => `source ${ip}`;

/** What somebody does before they are signed in is done by signing in. */
const metaOf = (request: FastifyRequest, chain: Chain): CommandMeta => ({
  chain,
  commandId: newId(),
  actor: 'system:sign-in',
  correlationId: request.pistor.correlationId,
});
