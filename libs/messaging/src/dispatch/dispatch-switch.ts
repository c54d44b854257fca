import type { Chain } from '#libs/event-store/src/chains.js';
import { type DispatchDoubtDependencies, doubtDueSince } from './dispatch-doubt.js';
import type { DispatchGate, DispatchGateState } from './dispatch-gate.js';

/** What an operator does with the gate. */
export class DispatchSwitch {
  constructor(
    private readonly gate: DispatchGate,
    private readonly doubt: DispatchDoubtDependencies,
  ) {}

  state(chain: Chain): Promise<DispatchGateState> {
    return this.gate.state(chain);
  }

  close(chain: Chain, reason: string): Promise<void> {
    return this.gate.close(chain, reason);
  }

  /**
   * Opens the gate; before that, whatever a restored backup leaves in doubt becomes unknown. Interrupted, it stays closed
   * and goes on when it is asked again.
   * @returns how many messages became unknown
   */
  async open(chain: Chain): Promise<number> {
    const { doubtSince } = await this.gate.state(chain);
    const doubted = doubtSince === null ? 0 : await doubtDueSince(this.doubt, chain, doubtSince);
    await this.gate.open(chain);
    return doubted;
  }
}
