import { type DeviationKind, deviationKindSchema } from '#libs/treatment/src/what-if.contract.js';
import type { CourseDifference, MessageDifference, ReplayedCourse } from './course-difference.js';
import type { WhatIfSummary } from './what-if.contract.js';

type MessageSum = 'messagesAdded' | 'messagesDropped' | 'messagesMoved' | 'messagesReworded';

/** Counts as courses go by, so that none has to be kept. */
export class WhatIfSums {
  private readonly sums: Record<keyof Omit<WhatIfSummary, 'blocked' | 'freed'>, number> = {
    courses: 0,
    differing: 0,
    plansBlocked: 0,
    plansFreed: 0,
    sessions: 0,
    sessionsBlocked: 0,
    sessionsFreed: 0,
    dueDatesMoved: 0,
    messagesAdded: 0,
    messagesDropped: 0,
    messagesMoved: 0,
    messagesReworded: 0,
  };
  private readonly blocked = new Map<DeviationKind, number>();
  private readonly freed = new Map<DeviationKind, number>();

  add({ sessions, difference }: ReplayedCourse): void {
    this.sums.courses += 1;
    this.sums.sessions += sessions;
    if (difference) this.addDifference(difference);
  }

  private addDifference({ plan, sessions, due, messages }: CourseDifference): void {
    this.sums.differing += 1;
    this.sums.plansBlocked += plan && plan.blocked.length > 0 ? 1 : 0;
    this.sums.plansFreed += plan && plan.freed.length > 0 ? 1 : 0;
    for (const { blocked, freed } of sessions) {
      this.sums.sessionsBlocked += blocked.length > 0 ? 1 : 0;
      this.sums.sessionsFreed += freed.length > 0 ? 1 : 0;
      for (const kind of blocked) this.blocked.set(kind, (this.blocked.get(kind) ?? 0) + 1);
      for (const kind of freed) this.freed.set(kind, (this.freed.get(kind) ?? 0) + 1);
    }
    this.sums.dueDatesMoved += due.length;
    for (const message of messages) this.sums[sumOf(message)] += 1;
  }

  get summary(): WhatIfSummary {
    const { courses, differing, plansBlocked, plansFreed, sessions, sessionsBlocked, sessionsFreed, ...others } =
      this.sums;
    return {
      ...{ courses, differing, plansBlocked, plansFreed, sessions },
      sessionsBlocked,
      blocked: inOrder(this.blocked),
      sessionsFreed,
      freed: inOrder(this.freed),
      ...others,
    };
  }
}

function sumOf({ before, after }: MessageDifference): MessageSum {
  if (before === null) return 'messagesAdded';
  if (after === null) return 'messagesDropped';
  return before === after ? 'messagesReworded' : 'messagesMoved';
}

/** In the order in which the kinds are defined. */
const inOrder = (counts: ReadonlyMap<DeviationKind, number>): WhatIfSummary['blocked'] =>
  Object.fromEntries(
    deviationKindSchema.options.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)]] : [])),
  );
