import { RoleGranted } from '#libs/access/src/user/user.contract.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import { PatientErased } from '#libs/treatment/src/erasure.contract.js';
import type { ErasureFinisher } from './erasure-finisher.js';

/** Name and version of the reactor's checkpoints. */
export const ERASURE_FINISHER = { name: 'erasure_finisher', version: 1 } as const;

/**
 * Has every erasure on the log its effect, whatever became of the process that decided it; and every role that somebody is
 * given for a registration that is erased, since that opens nothing.
 */
export class ErasureReactor implements Reactor {
  readonly name = ERASURE_FINISHER.name;
  readonly version = ERASURE_FINISHER.version;
  readonly types: ReadonlySet<string> = new Set([PatientErased.type, RoleGranted.type]);

  constructor(
    private readonly finisher: ErasureFinisher,
    /** Something is left to be made final. */
    private readonly onErased: () => void,
  ) {}

  async react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    const erased = events
      .filter(({ type }) => type === PatientErased.type)
      .map(({ data }) => data as { patientId: Id; erasureId: Id });
    const done = await this.finisher.areUnreadable(
      chain,
      erased.map(({ patientId }) => patientId),
    );
    for (const { patientId, erasureId } of erased)
      if (!done.has(patientId)) await this.finisher.makeUnreadable(chain, [patientId], erasureId);
    let isLate = false;
    for (const { type, data } of events) {
      if (type !== RoleGranted.type) continue;
      const { userId, patientId } = data as { userId: Id; patientId: Id | null };
      if (patientId !== null && (await this.finisher.closeAccountOf(chain, userId, patientId))) isLate = true;
    }
    if (erased.length > 0 || isLate) this.onErased();
  }
}
