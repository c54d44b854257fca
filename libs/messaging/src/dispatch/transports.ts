import type { Chain } from '#libs/event-store/src/chains.js';
import type { Channel, Transport } from '../channel.contract.js';

/** Who carries what: one way for e-mail, one for text messages, and the outbox for what has none of its own. */
export class Transports {
  private readonly byTransport: ReadonlyMap<Transport, Channel>;

  /**
   * @param configured what this deployment was given providers for
   * @param sandboxSends whether a sandbox calls them, too: its clock is advanced by months, and real people are called
   */
  constructor(
    private readonly outbox: Channel,
    private readonly configured: { readonly email?: Channel | undefined; readonly sms?: Channel | undefined } = {},
    private readonly sandboxSends = false,
  ) {
    const all = [outbox, configured.email, configured.sms].filter((channel) => channel !== undefined);
    this.byTransport = new Map(all.map((channel) => [channel.transport, channel]));
  }

  /** Who carries a message on the channel that the patient chose. */
  for({ sandbox }: Pick<Chain, 'sandbox'>, channel: 'email' | 'sms'): Channel {
    if (sandbox && !this.sandboxSends) return this.outbox;
    return this.configured[channel] ?? this.outbox;
  }

  /** Who was called in an attempt; undefined where this process is configured without them by now. */
  called(transport: Transport): Channel | undefined {
    return this.byTransport.get(transport);
  }

  async close(): Promise<void> {
    for (const channel of this.byTransport.values()) await channel.close?.();
  }
}
