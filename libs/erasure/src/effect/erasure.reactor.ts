import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import { PatientErased } from '#libs/treatment/src/erasure.contract.js';
import type { ErasureFinisher } from './erasure-finisher.js';

/** Name and version of the reactor's checkpoints. */
export const ERASURE_FINISHER = { name: 'erasure_finisher', version: 1 } as const;

/** Has every erasure on the log its effect, whatever became of the process that decided it. */
export class ErasureReactor implements Reactor {
  readonly name = ERASURE_FINISHER.name;
  readonly version = ERASURE_FINISHER.version;
  readonly types: ReadonlySet<string> = new Set([PatientErased.type]);

  constructor(
    private readonly finisher: ErasureFinisher,
    /** Something is left to be made final. */
    private readonly onErased: () => void,
  ) {}

  async react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    const erased = events.map(({ data }) => data as { patientId: Id; erasureId: Id });
    const done = await this.finisher.areUnreadable(
      chain,
      erased.map(({ patientId }) => patientId),
    );
    for (const { patientId, erasureId } of erased)
      if (!done.has(patientId)) await this.finisher.makeUnreadable(chain, [patientId], erasureId);
    if (erased.length > 0) this.onErased();
  }
}
