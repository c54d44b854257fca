import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { derivedId, type Id, isId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { type Validation, validateProtocol } from '#libs/protocols/src/validate.js';
import type { z } from 'zod';
import { draftFold, type ProtocolDraftState } from './protocol-draft.state.js';
import type { changeDraftSchema, draftProtocolSchema } from './protocol.commands.js';
import type { ProtocolValidation } from './protocol.contract.js';
import {
  copyOf,
  decideDraft,
  decidePublication,
  decideRetirement,
  type DraftCommand,
  judgeDraft,
} from './protocol.decider.js';
import { DraftUnknown, ProtocolIsRetired, ProtocolNotPublishedThen, ProtocolUnknown } from './protocol.errors.js';
import { type DraftContent, draftStream, protocolId, ProtocolPublished, protocolStream } from './protocol.events.js';
import { BUILT_IN_ACTOR, latestVersion, protocolFold, publishedAfter, versionAt, versionOf } from './protocol.state.js';

/**
 * Loads a protocol for a decision. With a version, that one, retired or not: a course keeps the version that it was
 * planned with. Without one, the newest version that is not retired: what is planned now is planned with it. The
 * protocol is guarded, so a version that is published or retired meanwhile is not missed.
 * @throws NotFound `protocol.unknown`, Refused `protocol.retired` where no version is left for new courses
 */
export async function requireProtocol(reads: Reads, code: string, field: string, version?: number): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(reads.chain.id, code), protocolFold);
  const protocol = version === undefined ? latestVersion(state) : versionOf(state, version);
  if (protocol) return protocol;
  if (version === undefined && state.versions.length > 0) throw new ProtocolIsRetired(code, field);
  throw new ProtocolUnknown(code, version, field);
}

/**
 * The version with which courses were planned at a time that has passed, for one that is entered late: the newest that was
 * published by then and not retired by then, whatever has been published or retired since.
 * @throws NotFound `protocol.unknown`, Refused `protocol.retired`, `protocol.not-published-then`
 */
export async function requireProtocolThen(reads: Reads, code: string, field: string, at: ZonedTime): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(reads.chain.id, code), protocolFold);
  const protocol = versionAt(state, at.instant);
  if (protocol) return protocol;
  if (state.versions.length === 0) throw new ProtocolUnknown(code, undefined, field);
  const from = publishedAfter(state, at.instant);
  if (from === undefined) throw new ProtocolIsRetired(code, field);
  throw new ProtocolNotPublishedThen({ code, field, at, from: zonedTime(from, at.zone) });
}

/**
 * As `requireProtocol` without a version, for what goes on under a protocol that is retired (a screening for a course
 * that is under way): the newest version that is not retired, else the newest.
 * @throws NotFound `protocol.unknown`
 */
export async function requireAnyProtocol(reads: Reads, code: string, field: string): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(reads.chain.id, code), protocolFold);
  const protocol = latestVersion(state) ?? state.versions.at(-1);
  if (protocol) return protocol;
  throw new ProtocolUnknown(code, undefined, field);
}

/**
 * Protocols are data: a chain copies one, built-in or its own, changes the copy and publishes it, under a code of its
 * own or as the next version of the code it was copied from. That may be a built-in code: its version 1 stays as it is
 * published, and the chain's version 2 is what new courses are planned with.
 */
@Injectable()
export class ProtocolService {
  constructor(private readonly runner: CommandRunner) {}

  /**
   * Publishes the built-in protocols of a chain, each once, as version 1 of its own protocol. A number that the chain
   * has given to a version of its own stays the chain's.
   */
  async publishBuiltIns(chain: Chain): Promise<void> {
    // Together: each start asks, and is told seven times that it is done.
    await Promise.all(BUILT_IN_PROTOCOLS.map((protocol) => this.publishBuiltIn(chain, protocol)));
  }

  /** @returns the id of the draft as `id` */
  async draft(meta: CommandMeta, data: z.infer<typeof draftProtocolSchema>): Promise<CommandAnswer> {
    const { code, copyOf: original } = data;
    const draftId = derivedId(meta.commandId, 'protocol draft');
    return this.change(meta, draftId, async (reads) => {
      const source = original && (await sourceOf(reads, original.code, original.version));
      const draft = source ? copyOf(source, code) : (data.draft ?? {});
      const basedOn = source ? { code: source.code, version: source.version } : null;
      return { type: 'DraftProtocol', draftId, code, draft, basedOn };
    });
  }

  async changeDraft(
    meta: CommandMeta,
    draftId: string,
    { draft }: z.infer<typeof changeDraftSchema>,
  ): Promise<CommandAnswer> {
    return this.change(meta, draftId, () => Promise.resolve({ type: 'ChangeDraft', draft }));
  }

  async discardDraft(meta: CommandMeta, draftId: string): Promise<CommandAnswer> {
    return this.change(meta, draftId, () => Promise.resolve({ type: 'DiscardDraft' }));
  }

  /** Draft and version are written together: either both say it or neither. */
  async publishDraft(meta: CommandMeta, draftId: string): Promise<CommandAnswer> {
    const result = await this.runner.run(meta, async (reads) => {
      const draft = await loadDraft(reads, draftId);
      // Of a draft that was never begun there is no protocol to load; the decider says so.
      const stream = draft.status === 'none' ? undefined : protocolStream(reads.chain.id, draft.code);
      const protocol = stream === undefined ? protocolFold.initial : (await reads.load(stream, protocolFold)).state;
      const events = decidePublication(draft, protocol, reads.now);
      return [
        { stream: draftStream(draftId), events: events.draft },
        ...(stream !== undefined && events.protocol.length > 0 ? [{ stream, events: events.protocol }] : []),
      ];
    });
    return { id: draftId, ...result };
  }

  /** @returns the id of the protocol as `id` */
  async retire(meta: CommandMeta, code: string, version: number): Promise<CommandAnswer> {
    const stream = protocolStream(meta.chain.id, code);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, protocolFold);
      return [{ stream, events: decideRetirement(code, version, state, reads.now) }];
    });
    return { id: protocolId(meta.chain.id, code), ...result };
  }

  /** What publishing a draft would find now. @throws DraftUnknown */
  async validateDraft(chain: Chain, draftId: string): Promise<ProtocolValidation> {
    if (!isId(draftId)) throw new DraftUnknown();
    const { state } = await this.runner.read(chain, draftStream(draftId), draftFold);
    if (state.status === 'none') throw new DraftUnknown();
    const protocol = await this.runner.read(chain, protocolStream(chain.id, state.code), protocolFold);
    return validationOf(judgeDraft(state, protocol.state));
  }

  /** What publishing this would find; nothing is stored. */
  validate(content: DraftContent): ProtocolValidation {
    return validationOf(validateProtocol({ version: 1, ...content }));
  }

  private async change(
    meta: CommandMeta,
    draftId: string,
    prepare: (reads: Reads) => Promise<DraftCommand>,
  ): Promise<CommandAnswer> {
    const result = await this.runner.run(meta, async (reads) => {
      const draft = await loadDraft(reads, draftId);
      return [{ stream: draftStream(draftId), events: decideDraft(await prepare(reads), draft, reads.now) }];
    });
    return { id: draftId, ...result };
  }

  private async publishBuiltIn(chain: Chain, protocol: Protocol): Promise<void> {
    const stream = protocolStream(chain.id, protocol.code);
    const meta: CommandMeta = {
      chain,
      commandId: derivedId(chain.id, `publish ${protocol.code} ${protocol.version}`),
      actor: BUILT_IN_ACTOR,
    };
    await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, protocolFold);
      const events = versionOf(state, protocol.version)
        ? []
        : [ProtocolPublished(occurredNow(reads.now), { protocol: structuredClone(protocol) })];
      return [{ stream, events }];
    });
  }
}

/** @throws DraftUnknown for what cannot be the id of a draft */
async function loadDraft(reads: Reads, draftId: Id): Promise<ProtocolDraftState> {
  if (!isId(draftId)) throw new DraftUnknown();
  return (await reads.load(draftStream(draftId), draftFold)).state;
}

/** The version to copy: a retired one where it is named, or where there is no other. */
async function sourceOf(reads: Reads, code: string, version: number | undefined): Promise<Protocol> {
  return version === undefined
    ? requireAnyProtocol(reads, code, 'copyOf.code')
    : requireProtocol(reads, code, 'copyOf.version', version);
}

const validationOf = (result: Validation): ProtocolValidation => ({
  valid: result.ok,
  findings: result.ok ? [] : result.findings.map(({ facts = [], ...found }) => ({ ...found, facts: [...facts] })),
});
