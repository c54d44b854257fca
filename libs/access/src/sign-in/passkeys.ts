import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Users } from '../user/users.service.js';
import type { Challenges } from './challenges.js';

/** Loaded when somebody signs in: most starts never need it. */
const webauthn = () => import('@simplewebauthn/server');

export interface PasskeysDependencies {
  readonly db: Database;
  readonly challenges: Challenges;
  readonly users: Users;
}

interface PasskeyRow {
  readonly user_id: Id;
  readonly public_key: string;
  readonly counter: string;
  readonly transports: string[];
}

interface Kept {
  readonly challenge: string;
  readonly origin: string;
}

/**
 * Passkeys (WebAuthn) for chains without a provider: bound to the address, verified by the device of the person, so
 * that they are two factors in one, and nobody can type them into a foreign page.
 */
export class Passkeys {
  constructor(private readonly deps: PasskeysDependencies) {}

  /**
   * What a browser needs to make a passkey, for somebody with a code.
   * @returns undefined where the code was used, has run out, or never was
   */
  async registrationOptions(
    chain: Chain,
    code: string,
    origin: string,
  ): Promise<{ options: object; secret: string } | undefined> {
    const { db, challenges, users } = this.deps;
    const userId = await users.invited(chain, code);
    if (userId === undefined) return undefined;
    const { rows } = await db.query<{ credential_id: string }>(
      'select credential_id from access_passkey where chain = $1 and user_id = $2',
      [chain.no, userId],
    );
    const { generateRegistrationOptions } = await webauthn();
    const options = await generateRegistrationOptions({
      rpName: 'Pistor',
      rpID: new URL(origin).hostname,
      // What a device shows is kept on the device and copied to its maker: no name belongs there.
      userName: `pistor-${userId.slice(-6)}`,
      userID: handleOf(userId),
      attestationType: 'none',
      excludeCredentials: rows.map(({ credential_id }) => ({ id: credential_id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    const secret = await challenges.keep(chain, 'passkey-registration', {
      challenge: options.challenge,
      origin,
      code,
    });
    return { options, secret };
  }

  /**
   * Takes a passkey that was made, and uses up the code.
   * @returns whose it is
   * @throws HttpProblem 403 `sign-in.refused`
   */
  async register(meta: CommandMeta, secret: string | undefined, response: RegistrationResponseJSON): Promise<Id> {
    const { db, challenges, users } = this.deps;
    const { chain } = meta;
    const kept = await challenges.take<Kept & { code: string }>(chain, 'passkey-registration', secret);
    if (!kept) throw refused();
    const { verifyRegistrationResponse } = await webauthn();
    const verified = await verifyRegistrationResponse({
      response,
      expectedChallenge: kept.challenge,
      expectedOrigin: kept.origin,
      expectedRPID: new URL(kept.origin).hostname,
      requireUserVerification: true,
    }).catch(() => undefined);
    if (!verified?.verified) throw refused();
    // Not before the passkey is proved to be good: a code is not lost by a slip.
    const userId = await users.useInvitation(chain, kept.code);
    if (userId === undefined) throw refused();
    const { credential } = verified.registrationInfo;
    const { rowCount } = await db.query(
      `insert into access_passkey (chain, credential_id, user_id, public_key, counter, transports, made_at)
       values ($1, $2, $3, $4, $5, $6::text[], clock_timestamp()) on conflict do nothing`,
      [
        ...[chain.no, credential.id, userId, Buffer.from(credential.publicKey).toString('base64url')],
        ...[credential.counter, credential.transports ?? []],
      ],
    );
    if (rowCount !== 1) throw refused();
    await users.signInAdded(meta, userId, 'passkey');
    return userId;
  }

  /** What a browser needs to use a passkey. Nobody is named, so that nobody learns who has one. */
  async options(chain: Chain, origin: string): Promise<{ options: object; secret: string }> {
    const { generateAuthenticationOptions } = await webauthn();
    const options = await generateAuthenticationOptions({
      rpID: new URL(origin).hostname,
      userVerification: 'required',
    });
    const secret = await this.deps.challenges.keep(chain, 'passkey', { challenge: options.challenge, origin });
    return { options, secret };
  }

  /** The account that an answer claims, for counting what fails: nothing is proved by it. */
  accountOf({ id }: Pick<AuthenticationResponseJSON, 'id'>): string {
    return `passkey ${id}`;
  }

  /** @returns whose passkey signed; undefined where it did not */
  async verify(
    chain: Chain,
    secret: string | undefined,
    response: AuthenticationResponseJSON,
  ): Promise<Id | undefined> {
    const kept = await this.deps.challenges.take<Kept>(chain, 'passkey', secret);
    if (!kept) return undefined;
    return (await this.answered(chain, kept, response))?.user_id;
  }

  /**
   * Asks the passkeys of one user to sign a challenge of our choice.
   * @param kept is given back with the answer, once; its `origin` is the address of the page that asks
   * @returns what the browser needs, and the secret that brings back what was kept
   */
  async beginSigning(
    chain: Chain,
    userId: Id,
    challenge: string,
    kept: { readonly origin: string },
  ): Promise<{ options: object; begun: string }> {
    const { db, challenges } = this.deps;
    const { rows } = await db.query<{ credential_id: string; transports: string[] }>(
      'select credential_id, transports from access_passkey where chain = $1 and user_id = $2',
      [chain.no, userId],
    );
    const { generateAuthenticationOptions } = await webauthn();
    const options = await generateAuthenticationOptions({
      rpID: new URL(kept.origin).hostname,
      challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
      allowCredentials: rows.map(({ credential_id, transports }) => ({
        id: credential_id,
        transports: transports as never,
      })),
      userVerification: 'required',
    });
    return { options, begun: await challenges.keep(chain, 'signature', { userId, kept }) };
  }

  /**
   * Takes the answer of a passkey that was asked to sign.
   * @param challengeOf the challenge that was given, from what was kept
   * @returns what shows it to anybody; undefined where nothing was begun, or no passkey of this user signed the challenge
   */
  async finishSigning<Kept extends { readonly origin: string }>(
    chain: Chain,
    userId: Id,
    begun: string,
    response: AuthenticationResponseJSON,
    challengeOf: (kept: Kept) => string,
  ): Promise<{ kept: Kept; proof: SigningProof } | undefined> {
    const taken = await this.deps.challenges.take<{ userId: Id; kept: Kept }>(chain, 'signature', begun);
    if (taken?.userId !== userId) return undefined;
    const { kept } = taken;
    const row = await this.answered(chain, { challenge: challengeOf(kept), origin: kept.origin }, response);
    if (row?.user_id !== userId) return undefined;
    const { clientDataJSON: clientData, authenticatorData, signature } = response.response;
    const proof = { origin: kept.origin, ...(await publicKeyOf(row)), clientData, authenticatorData, signature };
    return { kept, proof };
  }

  /** The passkey that answered a challenge rightly, whose use is noted; undefined where none did. */
  private async answered(
    chain: Chain,
    { challenge, origin }: Kept,
    response: AuthenticationResponseJSON,
  ): Promise<PasskeyRow | undefined> {
    const { db } = this.deps;
    const { rows } = await db.query<PasskeyRow>(
      'select user_id, public_key, counter, transports from access_passkey where chain = $1 and credential_id = $2',
      [chain.no, response.id],
    );
    const [row] = rows;
    if (!row) return undefined;
    const { verifyAuthenticationResponse } = await webauthn();
    const verified = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      credential: {
        id: response.id,
        publicKey: coseOf(row),
        counter: Number(row.counter),
        transports: row.transports as never,
      },
      requireUserVerification: true,
      // A signature that does not verify, a counter that went back: all the same from outside.
    }).catch(() => undefined);
    if (!verified?.verified) return undefined;
    await db.query(
      `update access_passkey set counter = greatest(counter, $3), used_at = clock_timestamp()
       where chain = $1 and credential_id = $2`,
      [chain.no, response.id, verified.authenticationInfo.newCounter],
    );
    return row;
  }
}

/** Shows to whoever has it that a passkey signed a challenge. Bytes as base64url. */
export interface SigningProof {
  readonly origin: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: string;
  /** As COSE numbers it: ES256, EdDSA, RS256, which are those that registration asks for. */
  readonly algorithm: -7 | -8 | -257;
  readonly clientData: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

const coseOf = ({ public_key }: PasskeyRow): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(public_key, 'base64url'));

/** Numbers by which COSE (RFC 9053) names the parts of a key. */
const [KTY, ALG, FIRST, SECOND, THIRD] = [1, 3, -1, -2, -3];
const [OKP, EC2, RSA] = [1, 2, 3];

/** The key of a passkey in a form that needs no CBOR to be read. */
async function publicKeyOf(row: PasskeyRow): Promise<Pick<SigningProof, 'publicKey' | 'algorithm'>> {
  const { decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  const cose = decodeCredentialPublicKey(coseOf(row)) as unknown as ReadonlyMap<number, number | Uint8Array>;
  const part = (n: number): string => Buffer.from(cose.get(n) as Uint8Array).toString('base64url');
  const jwks: Readonly<Record<number, () => JsonWebKey>> = {
    [OKP]: () => ({ kty: 'OKP', crv: 'Ed25519', x: part(SECOND) }),
    [EC2]: () => ({ kty: 'EC', crv: 'P-256', x: part(SECOND), y: part(THIRD) }),
    [RSA]: () => ({ kty: 'RSA', n: part(FIRST), e: part(SECOND) }),
  };
  const jwk = jwks[cose.get(KTY) as number]?.();
  if (jwk === undefined) throw new Error('a passkey of a kind that is never registered');
  const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  return { publicKey: der.toString('base64url'), algorithm: cose.get(ALG) as SigningProof['algorithm'] };
}

/** What a device keeps a passkey under: it says nothing to whoever reads it. */
const handleOf = (userId: Id): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update('pistor passkey').update(userId).digest());

/** One answer for whatever was wrong. */
export const refused = (): HttpProblem =>
  new HttpProblem(403, 'sign-in.refused', 'This did not sign you in. Begin again.');
