import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { CourseUnknown, SessionUnknown } from '../course/course.errors.js';
import { courseStream } from '../course/course.events.js';
import { courseFold } from '../course/course.state.js';
import { decidePatient } from '../patient/patient.decider.js';
import { type PatientEvent, patientStream } from '../patient/patient.events.js';
import { requirePatient } from '../patient/patient.service.js';
import type { RegisteredPatient } from '../patient/patient.state.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import { LEGAL_RULES_DEFAULT, type LegalRules, siteStream } from '../site/site.events.js';
import { requireSite } from '../site/site.service.js';
import { legalRulesOf, siteFold } from '../site/site.state.js';
import type {
  assessAdverseEventSchema,
  closeAdverseEventSchema,
  reopenAdverseEventSchema,
  reportAdverseEventSchema,
  reportToAuthoritySchema,
} from './adverse-event.commands.js';
import {
  type AdverseEventCommand,
  decideAdverseEvent,
  decideReport,
  type RegisteredPractitioner,
} from './adverse-event.decider.js';
import { AdverseEventUnknown } from './adverse-event.errors.js';
import { wallTimeAt } from '../wall-time.js';
import type { AdverseEventState } from './adverse-event.state.js';
import { adverseEventOfFollowUp, uniteAdverseEvent } from './follow-up-adverse-event.js';

/**
 * Loads a practitioner, named by id or code, who is thereby guarded.
 * @throws PractitionerUnknown, naming the field
 */
export async function practitionerOf(
  reads: Reads,
  references: References,
  practitioner: string,
  field: string,
): Promise<RegisteredPractitioner> {
  const id = await references.resolve(reads.chain, 'practitioner', practitioner, field);
  return requirePractitioner(reads, id, field);
}

/** An adverse event of a patient, and the command about it, once its people are known. */
type Prepare = (reads: Reads, about: AdverseEventState) => Promise<AdverseEventCommand>;

@Injectable()
export class AdverseEventService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /**
   * @returns the id of the adverse event
   * @throws NotFound `patient.unknown`, `site.unknown`, `practitioner.unknown`, `course.unknown`, `session.unknown`;
   *   AdverseEventRefused
   */
  async report(
    meta: CommandMeta,
    patient: string,
    data: z.infer<typeof reportAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    const { chain } = meta;
    const { site: siteReference, course, session, owner, causality, reportBy, ...rest } = data;
    const patientId = await this.references.resolve(chain, 'patient', patient);
    const siteId = await this.references.resolve(chain, 'site', siteReference);
    const adverseEventId = derivedId(meta.commandId, 'adverse-event');
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const state = await requirePatient(reads, patientId);
        const site = await requireSite(reads, siteId);
        const { reportingDays } = legalRulesOf(site, reads.now);
        const { practitionerId: ownerId } = await practitionerOf(reads, this.references, owner, 'owner');
        const courseId = await this.courseOf(reads, patientId, course, session);
        const at = { siteId, siteZone: site.timeZone, reportingDays };
        const report = { ...rest, adverseEventId, courseId, ...at, ownerId, reportBy };
        const about = { sessionId: session ?? null, causality: causality ?? null };
        return [{ stream: patientStream(patientId), events: decideReport({ ...report, ...about }, state, reads.now) }];
      },
      { site: siteId },
    );
    return { ...result, id: adverseEventId };
  }

  async assess(
    meta: CommandMeta,
    target: OfAdverseEvent,
    data: z.infer<typeof assessAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    const { course, practitioner, owner, ...assessment } = data;
    return this.act(meta, target, course, async (reads, { siteId }) => {
      const { practitionerId } = await practitionerOf(reads, this.references, practitioner, 'practitioner');
      const { reportingDays } = await rulesAt(reads, siteId, reads.now);
      const ownerId = owner && (await practitionerOf(reads, this.references, owner, 'owner')).practitionerId;
      return { type: 'Assess', ...assessment, practitionerId, ownerId, reportBy: assessment.reportBy, reportingDays };
    });
  }

  async reportToAuthority(
    meta: CommandMeta,
    target: OfAdverseEvent,
    { course, ...report }: z.infer<typeof reportToAuthoritySchema>,
  ): Promise<CommandAnswer> {
    return this.act(meta, target, course, () => Promise.resolve({ type: 'ReportToAuthority', ...report }));
  }

  /** Sessions are possible again. @throws AdverseEventRefused where a nurse closes it (S4-R2) */
  async close(
    meta: CommandMeta,
    target: OfAdverseEvent,
    { course, physician, at, ...closure }: z.infer<typeof closeAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.act(meta, target, course, async (reads, { siteId }) => ({
      type: 'Close',
      ...closure,
      at: at === undefined ? undefined : wallTimeAt(at, await zoneOf(reads, siteId), reads.now),
      physician: await practitionerOf(reads, this.references, physician, 'physician'),
    }));
  }

  async reopen(
    meta: CommandMeta,
    target: OfAdverseEvent,
    { course, practitioner, reason }: z.infer<typeof reopenAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.act(meta, target, course, async (reads) => {
      const { practitionerId } = await practitionerOf(reads, this.references, practitioner, 'practitioner');
      return { type: 'Reopen', practitionerId, reason };
    });
  }

  private async act(
    meta: CommandMeta,
    { patient, adverseEvent }: OfAdverseEvent,
    course: string | undefined,
    prepare: Prepare,
  ): Promise<CommandAnswer> {
    const patientId = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => {
      const state = await requirePatient(reads, patientId);
      const about = await this.find(reads, state, adverseEvent, course);
      const events = decideAdverseEvent(await prepare(reads, about), about, patientId, reads.now);
      const entered = events.length > 0 ? entering(about, state, reads.now) : [];
      return [{ stream: patientStream(patientId), events: [...entered, ...events] }];
    });
    return { ...result, id: adverseEvent };
  }

  /**
   * The adverse event as it stands: reported in the patient's stream, or found by a follow-up of the course that is named
   * or of any that the patient's record names.
   */
  private async find(
    reads: Reads,
    { patientId, adverseEvents, courseIds }: RegisteredPatient,
    adverseEventId: Id,
    course: string | undefined,
  ): Promise<AdverseEventState> {
    const known = adverseEvents.find((each) => each.adverseEventId === adverseEventId);
    if (known?.source === 'report') return known;
    const named = known?.courseId ?? (course && (await this.references.resolve(reads.chain, 'course', course)));
    for (const courseId of named ? [named] : courseIds) {
      const { state } = await reads.load(courseStream(courseId), courseFold);
      if (state.status === 'none' || state.patientId !== patientId) continue;
      const followUp = state.followUps.find(({ followUpId }) => followUpId === adverseEventId);
      if (!followUp) continue;
      const { reportingDays } = await rulesAt(reads, followUp.siteId, followUp.at.instant);
      const found = uniteAdverseEvent(adverseEventOfFollowUp(state, followUp, reportingDays, followUp), known);
      if (found) return found;
    }
    throw new AdverseEventUnknown();
  }

  /** The course that a report names, which must be the patient's, and have the session. */
  private async courseOf(
    reads: Reads,
    patientId: Id,
    course: string | undefined,
    session: Id | undefined,
  ): Promise<Id | null> {
    if (course === undefined) {
      if (session !== undefined) throw new SessionUnknown(session);
      return null;
    }
    const courseId = await this.references.resolve(reads.chain, 'course', course);
    await requireSessionOf(reads, patientId, courseId, session);
    return courseId;
  }
}

/** The legal rules of a site at a moment; a follow-up of an old history may name one that is not registered. */
async function rulesAt(reads: Reads, siteId: string | null, at: Instant): Promise<LegalRules> {
  if (siteId === null) return LEGAL_RULES_DEFAULT;
  return legalRulesOf((await reads.load(siteStream(siteId), siteFold)).state, at);
}

/** The zone of a site; a follow-up of an old history may name one that is not registered. */
async function zoneOf(reads: Reads, siteId: string | null): Promise<string> {
  const { state } = await reads.load(siteStream(siteId ?? ''), siteFold);
  return state.status === 'registered' ? state.timeZone : 'UTC';
}

/**
 * Requires that a course is one of the patient's, and has the session where one is named.
 * @throws NotFound `course.unknown`, `session.unknown`
 */
export async function requireSessionOf(
  reads: Reads,
  patientId: Id,
  courseId: Id,
  session: Id | undefined,
): Promise<void> {
  const { state } = await reads.load(courseStream(courseId), courseFold);
  if (state.status === 'none' || state.patientId !== patientId) throw new CourseUnknown(courseId);
  if (session === undefined || state.sessions.some(({ sessionId }) => sessionId === session)) return;
  throw new SessionUnknown(session);
}

export interface OfAdverseEvent {
  readonly patient: string;
  readonly adverseEvent: Id;
}

/**
 * Whoever judges a person looks for what follow-ups found in the courses that the patient's record names: one that was
 * planned before courses were entered there is entered now.
 */
function entering({ source, courseId }: AdverseEventState, state: RegisteredPatient, now: Instant): PatientEvent[] {
  if (source === 'report' || courseId === null) return [];
  return decidePatient({ type: 'EnterCourse', courseId }, state, now);
}
