import { createHash } from 'node:crypto';
import type { CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import type { NamesOf, Principal } from '#libs/http/src/principal.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { SignatureView, SignEntryData } from './signature.commands.js';
import { decideSignature, type SignEntry } from './signature.decider.js';
import { EntryUnknown } from './signature.errors.js';
import { signatureStream } from './signature.events.js';
import { type Signature, signaturesFold } from './signature.state.js';

/** Whose record a stream is part of; undefined where it is in nobody's. */
export type PatientOfStream = (chain: Chain, stream: string) => Promise<Id | undefined>;
/** Whether somebody is a physician where the patient is treated. */
export type IsPhysician = (chain: Chain, principal: Principal, patientId: Id) => Promise<boolean>;

export interface SignatureDependencies {
  readonly runner: CommandRunner;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly references: References;
  readonly patientOf: PatientOfStream;
  readonly isPhysician: IsPhysician;
  readonly namesOf: NamesOf;
}

/** Signatures under entries of the record. */
export class SignatureService {
  constructor(private readonly deps: SignatureDependencies) {}

  /**
   * Signs an entry as it stands in the log.
   * @throws NotFound `patient.unknown`; EntryUnknown; SignatureRefused
   */
  async sign(
    meta: CommandMeta,
    patient: string,
    { position, meaning }: SignEntryData,
    principal: Principal,
  ): Promise<CommandAnswer> {
    const { runner, references, isPhysician } = this.deps;
    const { chain } = meta;
    const patientId = await references.resolve(chain, 'patient', patient);
    const entry = entryOf(await this.entryAt(chain, patientId, position));
    const signer = {
      principal: principal.id,
      isPerson: principal.kind !== 'machine',
      isPhysician: await isPhysician(chain, principal, patientId),
      authenticatedAt: principal.authenticatedAt,
    };
    const signatureId = derivedId(meta.commandId, 'signature');
    const askedAt = new Date().toISOString();
    const stream = signatureStream(patientId);
    const result = await runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, signaturesFold);
      const command: SignEntry = { signatureId, patientId, meaning, entry, signer, askedAt };
      return [{ stream, events: decideSignature(command, state, reads.now) }];
    });
    return { id: signatureId, ...result };
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
    const before = cursor === undefined ? state.length : Number(decodeCursor(cursor, 1)[0]);
    // Numbered as they were given: what is signed meanwhile moves none of them.
    const numbered = state.map((signature, n) => ({ signature, n })).slice(0, before);
    const page = pageOf(numbered.reverse().slice(0, limit + 1), limit, ({ n }) => [n]);
    const names = await namesOf(chain, [...new Set(page.items.map(({ signature }) => signature.signer))]);
    const items = await Promise.all(
      page.items.map(async ({ signature }): Promise<SignatureView> => {
        const { signatureId, position, entry, meaning, signer, signedAt, authenticatedAt } = signature;
        const name = names.get(signer) ?? null;
        const intact = await this.isIntact(chain, signature);
        return { signatureId, position, entry, meaning, signer, name, signedAt, authenticatedAt, intact };
      }),
    );
    return { items, next: page.next };
  }

  private async isIntact(chain: Chain, { position, stream, revision, headerHash, dataHash }: Signature) {
    const [event] = await this.deps.store.readAll(chain.id, { from: position, limit: 1 });
    if (event?.position !== position || event.stream !== stream || event.revision !== revision) return false;
    const now = entryOf(event);
    return now.headerHash === headerHash && now.dataHash === dataHash;
  }

  private async entryAt(chain: Chain, patientId: Id, position: number): Promise<StoredEvent> {
    const [event] = await this.deps.store.readAll(chain.id, { from: position, limit: 1 });
    if (event?.position !== position) throw new EntryUnknown();
    if ((await this.deps.patientOf(chain, event.stream)) !== patientId) throw new EntryUnknown();
    return event;
  }
}

function entryOf(event: StoredEvent): SignEntry['entry'] {
  const { position, stream, revision, header, data } = event;
  const { open = {} } = JSON.parse(data) as { open?: { overrides?: unknown } };
  return {
    ...{ position, stream, revision, type: header.type },
    headerHash: sha256(event.headerText ?? JSON.stringify(header)),
    dataHash: sha256(data),
    overrides: Array.isArray(open.overrides) && open.overrides.length > 0,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
