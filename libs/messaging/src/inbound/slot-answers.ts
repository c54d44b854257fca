import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';

/** What a patient may say to a time that is held for them. */
export type SlotAnswer = 'confirm' | 'cancel' | 'stop';

/** Whoever holds times for patients and hears what they answer. */
export interface SlotAnswers {
  /**
   * Takes the answer to a proposed time at once. Said twice it is taken once.
   * @returns `gone` where the patient said yes to a time that is not held for them any more
   */
  answer(chain: Chain, slotId: Id, answer: SlotAnswer): Promise<'taken' | 'gone'>;
}
