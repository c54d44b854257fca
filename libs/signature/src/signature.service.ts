import { createHash, randomBytes } from 'node:crypto';
import type { CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { decodeNumber, pageOf } from '#libs/http/src/cursor.js';
import type { NamesOf, Principal } from '#libs/http/src/principal.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { challengeOf, provesPasskey, type SignedMatter } from './passkey-proof.js';
import type { BeginSignatureData, BegunSignature, SignatureView, SignEntryData } from './signature.commands.js';
import {
  decideSignature,
  entryFindings,
  FRESH_MS,
  isSigned,
  signatureOf,
  type SignEntry,
} from './signature.decider.js';
import { EntryUnknown, SignatureRefused } from './signature.errors.js';
import { type PasskeyProof, signatureStream, type SignInBy } from './signature.events.js';
import { type Signature, signaturesFold } from './signature.state.js';

/** Whose record a stream is part of; undefined where it is in nobody's. */
export type PatientOfStream = (chain: Chain, stream: string) => Promise<Id | undefined>;
/** Whether somebody is a physician where the patient is treated. */
export type IsPhysician = (chain: Chain, principal: Principal, patientId: Id) => Promise<boolean>;

/** What is kept while a passkey is asked. */
export interface BegunSigning extends SignedMatter {
  readonly origin: string;
}

/** The answer of a passkey, as a browser gives it. */
export type PasskeyAnswer = NonNullable<SignEntryData['passkey']>;

/** Asks the passkeys of one person to sign a challenge; none are asked in a chain where people sign in otherwise. */
export interface PasskeySigner {
  /** @returns what the browser needs, and the secret under which what is kept is found again, once */
  begin(
    chain: Chain,
    principal: string,
    challenge: string,
    kept: BegunSigning,
  ): Promise<{ options: object; begun: string }>;
  /** What was kept, and the proof; undefined where nothing was, or no passkey of theirs signed this challenge. */
  finish(
    chain: Chain,
    principal: string,
    answer: PasskeyAnswer,
    challengeOf: (kept: BegunSigning) => string,
  ): Promise<{ kept: BegunSigning; proof: Omit<PasskeyProof, 'nonce'> } | undefined>;
}

/** The leaf of an event in the tree over all events, as hexadecimal digits, and that of any one before in its stream. */
export type LeafOf = (chain: Chain, stream: string, revision: number) => Promise<string | undefined>;

export interface SignatureDependencies {
  readonly runner: CommandRunner;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly references: References;
  readonly patientOf: PatientOfStream;
  readonly isPhysician: IsPhysician;
  readonly namesOf: NamesOf;
  readonly leafOf: LeafOf;
  /** What the log of a chain is called in its checkpoints. */
  readonly logOf: (chain: Chain) => string;
  readonly signInBy: SignInBy;
  readonly passkeys: PasskeySigner;
}

/** Signatures under entries of the record. */
export class SignatureService {
  constructor(private readonly deps: SignatureDependencies) {}

  /**
   * Looks whether an entry may be signed so, and says how whoever signs proves who they are. For a passkey it makes the
   * challenge, of the entry's leaf, the meaning, who signs and a nonce: what the passkey signs then stands under nothing
   * else.
   * @param origin the address of the page that asks
   * @throws NotFound `patient.unknown`; EntryUnknown; SignatureRefused with what stands against it already
   */
  async begin(
    chain: Chain,
    patient: string,
    { position, meaning }: BeginSignatureData,
    principal: Principal,
    origin: string,
  ): Promise<BegunSignature> {
    const { runner, references, signInBy, passkeys, logOf } = this.deps;
    const patientId = await references.resolve(chain, 'patient', patient);
    const { entry, signer } = await this.signing(chain, patientId, position, principal);
    const { state } = await runner.read(chain, signatureStream(patientId), signaturesFold);
    const findings = isSigned({ meaning, entry, signer }, state) ? [] : entryFindings({ meaning, entry, signer });
    if (findings.length > 0) throw new SignatureRefused(findings);
    if (signInBy !== 'passkeys') {
      const fresh = Date.now() - Date.parse(principal.authenticatedAt) <= FRESH_MS;
      return { signInBy, fresh, begun: null, options: null };
    }
    const matter = { log: logOf(chain), leafHash: entry.leafHash, meaning, signer: principal.id };
    const kept = { ...matter, nonce: randomBytes(32).toString('base64url'), origin };
    const { begun, options } = await passkeys.begin(chain, principal.id, challengeOf(kept), kept);
    return { signInBy, fresh: false, begun, options: options as Record<string, unknown> };
  }

  /**
   * Signs an entry as it stands in the log.
   * @throws NotFound `patient.unknown`; EntryUnknown; SignatureRefused
   */
  async sign(
    meta: CommandMeta,
    patient: string,
    { position, meaning, passkey }: SignEntryData,
    principal: Principal,
  ): Promise<CommandAnswer> {
    const { runner, references, signInBy, logOf } = this.deps;
    const { chain } = meta;
    const patientId = await references.resolve(chain, 'patient', patient);
    const { entry, signer } = await this.signing(chain, patientId, position, principal);
    const askedAt = new Date().toISOString();
    const matter = { log: logOf(chain), leafHash: entry.leafHash, meaning, signer: principal.id };
    const proof = passkey && signInBy === 'passkeys' ? await this.proofOf(chain, passkey, matter) : null;
    const signatureId = derivedId(meta.commandId, 'signature');
    const stream = signatureStream(patientId);
    let signed = signatureId;
    const result = await runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, signaturesFold);
      signed = signatureOf({ meaning, entry, signer }, state)?.signatureId ?? signatureId;
      const command: SignEntry = {
        ...{ signatureId, patientId, meaning, entry, askedAt },
        // A passkey has just been used.
        signer: {
          ...{ ...signer, signInBy, passkey: proof },
          authenticatedAt: proof ? askedAt : principal.authenticatedAt,
        },
      };
      return [{ stream, events: decideSignature(command, state, reads.now) }];
    });
    return { id: signed, ...result };
  }

  /** The signatures under a patient's record, newest first. @throws NotFound `patient.unknown`; Invalid `cursor.malformed` */
  async list(
    chain: Chain,
    patient: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<{ items: SignatureView[]; next: string | null }> {
    const { runner, references, namesOf } = this.deps;
    const patientId = await references.resolve(chain, 'patient', patient);
    const { state } = await runner.read(chain, signatureStream(patientId), signaturesFold);
    const before = cursor === undefined ? state.length : decodeNumber(cursor);
    // Numbered as they were given: what is signed meanwhile moves none of them.
    const numbered = state.map((signature, n) => ({ signature, n })).slice(0, before);
    const page = pageOf(numbered.reverse().slice(0, limit + 1), limit, ({ n }) => [n]);
    const names = await namesOf(chain, [...new Set(page.items.map(({ signature }) => signature.signer))]);
    const items = await Promise.all(
      page.items.map(async ({ signature }): Promise<SignatureView> => {
        const { signatureId, position, entry, meaning, signer, signedAt, authenticatedAt, signInBy, passkey } =
          signature;
        return {
          ...{ signatureId, position, entry, meaning, signer, name: names.get(signer) ?? null },
          ...{ signedAt, authenticatedAt, signInBy, byPasskey: passkey !== null && this.isProved(chain, signature) },
          intact: await this.isIntact(chain, signature),
        };
      }),
    );
    return { items, next: page.next };
  }

  private async isIntact(chain: Chain, signature: Signature): Promise<boolean> {
    const { position, stream, revision, headerHash, dataHash, leafHash, passkey } = signature;
    const { store, leafOf } = this.deps;
    const [event] = await store.readAll(chain.id, { from: position, limit: 1 });
    if (event?.position !== position || event.stream !== stream || event.revision !== revision) return false;
    if (hashesOf(event).headerHash !== headerHash || hashesOf(event).dataHash !== dataHash) return false;
    if (leafHash !== null && (await leafOf(chain, stream, revision)) !== leafHash) return false;
    return passkey === null || this.isProved(chain, signature);
  }

  /** Whether a passkey has signed this leaf. Without a leaf there is nothing that it could have signed. */
  private isProved(chain: Chain, { leafHash, passkey, meaning, signer }: Signature): boolean {
    if (leafHash === null || passkey === null) return false;
    return provesPasskey(passkey, { log: this.deps.logOf(chain), leafHash, meaning, signer });
  }

  /** What a passkey signed, where it was asked for exactly this. */
  private async proofOf(
    chain: Chain,
    answer: PasskeyAnswer,
    matter: Omit<SignedMatter, 'nonce'>,
  ): Promise<PasskeyProof | null> {
    const signed = await this.deps.passkeys.finish(chain, matter.signer, answer, challengeOf);
    if (!signed) return null;
    const proof = { ...signed.proof, nonce: signed.kept.nonce };
    return provesPasskey(proof, matter) ? proof : null;
  }

  private async signing(
    chain: Chain,
    patientId: Id,
    position: number,
    principal: Principal,
  ): Promise<{
    entry: SignEntry['entry'];
    signer: Pick<SignEntry['signer'], 'principal' | 'isPerson' | 'isPhysician'>;
  }> {
    const event = await this.entryAt(chain, patientId, position);
    const leafHash = await this.deps.leafOf(chain, event.stream, event.revision);
    if (leafHash === undefined) throw new EntryUnknown();
    const { stream, revision, header, data } = event;
    const { open = {} } = JSON.parse(data) as { open?: { overridden?: unknown } };
    const overrides = Array.isArray(open.overridden) && open.overridden.length > 0;
    return {
      entry: { position, stream, revision, type: header.type, ...hashesOf(event), leafHash, overrides },
      signer: {
        principal: principal.id,
        isPerson: principal.kind !== 'machine',
        isPhysician: await this.deps.isPhysician(chain, principal, patientId),
      },
    };
  }

  private async entryAt(chain: Chain, patientId: Id, position: number): Promise<StoredEvent> {
    const [event] = await this.deps.store.readAll(chain.id, { from: position, limit: 1 });
    if (event?.position !== position) throw new EntryUnknown();
    if ((await this.deps.patientOf(chain, event.stream)) !== patientId) throw new EntryUnknown();
    return event;
  }
}

const hashesOf = ({ header, headerText, data }: StoredEvent) => ({
  headerHash: sha256(headerText ?? JSON.stringify(header)),
  dataHash: sha256(data),
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
