import type { Id } from '#libs/kernel/src/ids.js';
import { dateOfWall } from '#libs/kernel/src/zoned-time.js';
import type { Person, SiteRef } from '../../shared.contract.js';
import type { CourseSession, PlannedCourse } from '../course.state.js';
import type { CourseDetail, CourseSessionView } from './course-progress.contract.js';
import type { CourseJudgement } from './course-progress.rules.js';

/** Sessions in the order of their times, performed and booked ones alike; those without a time last. */
export function sessionViews(
  course: PlannedCourse,
  judgement: CourseJudgement,
  site: (id: Id) => SiteRef,
  practitioner: (id: Id) => Person,
): CourseSessionView[] {
  return course.sessions
    .map((session) => sessionView(session, judgement, site, practitioner))
    .sort((a, b) => {
      const [first, second] = [a.instant ?? '~', b.instant ?? '~'];
      return first < second ? -1 : first > second ? 1 : a.number - b.number;
    });
}

function sessionView(
  session: CourseSession,
  judgement: CourseJudgement,
  site: (id: Id) => SiteRef,
  practitioner: (id: Id) => Person,
): CourseSessionView {
  const at = session.status === 'performed' ? session.at : session.bookedFor;
  const shown = {
    id: session.sessionId,
    kind: session.kind,
    number: session.number,
    status: session.status,
    at: at?.wall ?? null,
    zone: at?.zone ?? null,
    instant: at?.instant ?? null,
    localDate: at ? dateOfWall(at.wall) : null,
    site: site(session.siteId),
    practitioner: practitioner(session.practitionerId),
    deviations: [...(judgement.sessionDeviations[session.sessionId] ?? [])],
    plannedProducts: (session.plannedProducts ?? []).map(({ product, lotNumber }) => ({
      product,
      lotNumber: lotNumber ?? null,
    })),
    hold: session.hold && !session.hold.isAskedAnew ? (session.hold.decision ?? ('undecided' as const)) : null,
    needsReview: judgement.reviews.includes(session.sessionId),
  };
  if (session.status !== 'performed') return { ...shown, ...NOTHING_RECORDED };
  return {
    ...shown,
    durationMinutes: session.durationMinutes ?? null,
    areas: [...session.areas],
    device: session.device as CourseSessionView['device'],
    depthMm: session.depthMm ?? null,
    products: session.products.map(({ product, lotNumber, volumeMl, area, depthMm, vialId, purpose }) => ({
      product,
      lotNumber,
      volumeMl: volumeMl ?? null,
      area: area ?? null,
      depthMm: depthMm ?? null,
      vialId: vialId ?? null,
      purpose: purpose ?? 'treatment',
    })),
    endedAt: session.endedAt?.wall ?? null,
    orderedBy: session.orderedBy === undefined ? null : practitioner(session.orderedBy),
    steps:
      session.steps?.map(({ code, practitionerId, at: doneAt }) => ({
        code,
        practitioner: practitioner(practitionerId),
        at: doneAt?.wall ?? null,
      })) ?? null,
    reviewedAt: session.reviewedAt ?? null,
    checkUndecided: session.checkUndecided ?? false,
    painScore: session.painScore ?? null,
    reactions: [...session.reactions] as CourseSessionView['reactions'],
  };
}

const NOTHING_RECORDED = {
  durationMinutes: null,
  areas: [],
  device: null,
  depthMm: null,
  products: [],
  endedAt: null,
  orderedBy: null,
  steps: null,
  reviewedAt: null,
  checkUndecided: false,
  painScore: null,
  reactions: [],
};

/** In the order of their times. */
export function followUpViews(
  course: PlannedCourse,
  judgement: CourseJudgement,
  site: (id: Id) => SiteRef,
): CourseDetail['followUps'] {
  return course.followUps
    .toSorted((a, b) => (a.at.instant < b.at.instant ? -1 : a.at.instant > b.at.instant ? 1 : 0))
    .map((followUp) => ({
      id: followUp.followUpId,
      at: followUp.at.wall,
      kind: followUp.kind,
      site: site(followUp.siteId),
      reactions: [...followUp.reactions] as CourseDetail['followUps'][number]['reactions'],
      adverseEvent: (followUp.adverseEvent
        ? { kind: followUp.adverseEvent.kind, severity: followUp.adverseEvent.severity ?? null }
        : null) as CourseDetail['followUps'][number]['adverseEvent'],
      outcomeScore: followUp.outcomeScore ?? null,
      resolvedReactions: [...(followUp.resolvedReactions ?? [])] as CourseDetail['followUps'][number]['reactions'],
      lasting: judgement.lasting
        .filter(({ followUpId }) => followUpId === followUp.followUpId)
        .map(({ reaction, sessionId, days, withinDays }) => ({
          reaction: reaction as CourseDetail['followUps'][number]['reactions'][number],
          sessionId,
          days,
          withinDays,
        })),
    }));
}
