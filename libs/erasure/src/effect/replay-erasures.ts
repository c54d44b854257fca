import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { PatientErased, patientFold, patientStream } from '#libs/treatment/src/erasure.contract.js';
import type { ErasureFinisher } from './erasure-finisher.js';
import { type ErasureRegister, type RegisteredErasure, subjectOf } from './erasure-register.js';

const ACTOR = 'system:erasure-register';

export interface ReplayDependencies {
  readonly chains: Chains;
  readonly runner: CommandRunner;
  readonly register: ErasureRegister;
  readonly finisher: ErasureFinisher;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Brings a database up to what the register of erasures says, before anything is served: whoever stands in it and is
 * there again, since an older state was restored, is erased again. A register that is missing, or misses somebody whom
 * this database knows as erased, gets them.
 * @returns how many registrations were erased again
 * @throws RegisterUnreadable
 */
export async function replayErasures(deps: ReplayDependencies): Promise<number> {
  const { chains, register, finisher, log } = deps;
  const existed = register.exists;
  await register.make();
  const registered = await register.all();
  let again = 0;
  for (const chain of await chains.all()) {
    const own = registered.filter((each) => each.chain === chain.id);
    const done = await finisher.areUnreadable(chain, own.map(subjectOf));
    for (const each of own) if (!done.has(subjectOf(each))) again += await eraseAgain(deps, chain, each);
    const known = new Set(own.map(subjectOf));
    const missing = (await finisher.noted(chain)).filter((each) => !known.has(subjectOf(each)));
    if (missing.length === 0) continue;
    await register.add(missing);
    log.warn(
      { file: register.file, added: missing.length, existed },
      'the register of erasures missed persons who were erased; they were added from the database',
    );
  }
  if (again > 0)
    log.warn(
      { file: register.file, persons: again },
      'persons who were erased were there again, and were erased again',
    );
  return again;
}

async function eraseAgain(
  { runner, finisher }: ReplayDependencies,
  chain: Chain,
  erasure: RegisteredErasure,
): Promise<number> {
  const { erasureId } = erasure;
  if ('userId' in erasure) {
    // Nothing opens and nobody signs in from here on. What the log says of the account follows from the registration's
    // erasure, as soon as a worker knows whose accounts there are.
    await finisher.makeUnreadable(chain, [erasure.userId], erasureId, 'user');
    return 0;
  }
  const { patientId } = erasure;
  const stream = patientStream(patientId);
  const commandId: Id = derivedId(erasureId, `again ${patientId}`);
  let isThere = false;
  await runner.run({ chain, commandId, actor: ACTOR }, async (reads) => {
    const { state } = await reads.load(stream, patientFold);
    isThere = state.status !== 'none';
    const events =
      state.status === 'none' || state.erasureId !== null
        ? []
        : [PatientErased(occurredNow(reads.now), { patientId, erasureId })];
    return [{ stream, events }];
  });
  // A state of before the person was registered: their keys are destroyed all the same, before they could be made.
  await finisher.makeUnreadable(chain, [patientId], erasureId);
  return isThere ? 1 : 0;
}
