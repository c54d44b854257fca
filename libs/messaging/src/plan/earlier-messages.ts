import type { Id } from '#libs/kernel/src/ids.js';
import type { MessageState } from '../message/message.state.js';
import { isAboutTheFuture } from './cause-gone.js';
import { type DesiredMessage, keyOf, messageIdOf } from './desired-message.js';

/**
 * The same message under its earlier generations, where it must not be told twice: what follows from a session is told
 * again only as long as it has not gone, for what was sent stays sent. What is ahead of a session, or around a window, is
 * news each time.
 */
export function earlierMessageIds(
  desired: Pick<DesiredMessage, 'kind' | 'cause' | 'generation' | 'precaution'>,
  courseId: Id,
  patientId: Id,
): Id[] {
  if (isAboutTheFuture(desired.kind)) return [];
  return Array.from({ length: desired.generation }, (_, generation) =>
    messageIdOf(courseId, keyOf({ ...desired, generation }, patientId)),
  );
}

/** The patient has it, or may have it. */
export const hasGone = ({ status }: MessageState): boolean => status === 'sent' || status === 'unknown';
