import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { RoleRevoked, UserDisabled, type UserEvent } from '../user.events.js';
import type { UserState } from '../user.state.js';

/** Is closed under the user's key, and goes with it. */
const REASON = 'The patient whose account this was has been erased.';

/** The registrations for which a user ever held the role of a patient. */
export const patientsOf = (history: readonly RecordedEvent<UserEvent>[]): readonly Id[] => [
  ...new Set(
    history.flatMap((event) =>
      event.type === 'RoleGranted' && event.data.patientId !== null ? [event.data.patientId] : [],
    ),
  ),
];

/**
 * What the erasure of registrations means to a user. What was done before adds nothing.
 * @param history every event of the user: a role that was taken away was one of theirs all the same
 * @param erased registrations that are erased
 * @returns `goes`: the account was of nothing but these; the name has to go with them
 */
export function decideAccount(
  history: readonly RecordedEvent<UserEvent>[],
  state: UserState,
  erased: ReadonlySet<Id>,
  now: Instant,
): { readonly goes: boolean; readonly events: readonly UserEvent[] } {
  if (state.status === 'none') return { goes: false, events: [] };
  const { userId } = state;
  const at = occurredNow(now);
  const isErased = (patientId: Id | null): boolean => patientId !== null && erased.has(patientId);
  const granted = history.flatMap((event) => (event.type === 'RoleGranted' ? [event.data] : []));
  const goes = granted.length > 0 && granted.every(({ patientId }) => isErased(patientId));
  const revoked = state.grants
    .filter(({ patientId }) => isErased(patientId))
    .map(({ grantId }) => RoleRevoked(at, { userId, grantId }));
  const disabled = goes && state.status === 'enabled' ? [UserDisabled(at, { userId, reason: REASON })] : [];
  return { goes, events: [...revoked, ...disabled] };
}
