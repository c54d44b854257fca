import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { ProtocolPublished, protocolStream } from './protocol.events.js';
import { latestVersion, protocolFold, versionOf } from './protocol.state.js';

/**
 * Loads a published protocol for a decision; the newest version where none is named. It is guarded, so a version that
 * is published meanwhile is not missed.
 * @throws NotFound `protocol.unknown`
 */
export async function requireProtocol(reads: Reads, code: string, field: string, version?: number): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(reads.chain.id, code), protocolFold);
  const protocol = version === undefined ? latestVersion(state) : versionOf(state, version);
  if (protocol) return protocol;
  const named = version === undefined ? code : `${code} version ${version}`;
  throw new NotFound('protocol.unknown', `There is no published protocol ${named}.`, {
    fields: [{ field, message: 'Name a published protocol by its code.' }],
  });
}

@Injectable()
export class ProtocolService {
  constructor(private readonly runner: CommandRunner) {}

  /** Publishes the built-in protocols of a chain, each once, as version 1 of its own protocol. */
  async publishBuiltIns(chain: Chain): Promise<void> {
    // Together: each start asks, and is told seven times that it is done.
    await Promise.all(BUILT_IN_PROTOCOLS.map((protocol) => this.publishBuiltIn(chain, protocol)));
  }

  private async publishBuiltIn(chain: Chain, protocol: Protocol): Promise<void> {
    const stream = protocolStream(chain.id, protocol.code);
    const meta: CommandMeta = {
      chain,
      commandId: derivedId(chain.id, `publish ${protocol.code} ${protocol.version}`),
      actor: 'system:built-in',
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
