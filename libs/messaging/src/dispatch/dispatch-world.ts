import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import {
  consultationStream,
  type CourseStreamEvent,
  courseStream,
  type Finding,
  patientFold,
  patientStream,
  siteFold,
  siteStream,
} from '#libs/treatment/src/streams.contract.js';
import { invitationStream } from '../message/invitation.events.js';
import { type Invitation, invitationFold } from '../message/invitation.state.js';
import { categoryOf, messageStream } from '../message/message.events.js';
import { type KnownMessage, messageFold, type MessageState } from '../message/message.state.js';
import { isPlanned, type PlannedTimeline, timelineOf } from '../plan/course-timeline.js';
import { earlierMessageIds } from '../plan/earlier-messages.js';
import { type Rhythm, rhythmOf } from '../plan/later-course.js';
import { everLinkedWith, type PersonStanding, personStanding, readPerson } from '../plan/person-standing.js';
import { NEVER } from '../plan/told.js';
import type { PlannerNotes } from '../reactor/planner-notes.js';
import type { RecordReader } from '../reactor/record-reader.js';
import { consultationWithdrawals } from './consent-withdrawals.js';
import { type DispatchMatter, isReplacedByProposal } from './dispatch.decision.js';
import type { HeldTimes } from './held-times.js';

const GOES_ON: Rhythm = { rhythmEnded: false, rhythmBack: NEVER };

/** Everything but what the patient was told before, and what stands against the session. */
export type DispatchWorld = Omit<DispatchMatter, 'wasTold'>;

export interface DispatchWorldDependencies {
  readonly reader: Pick<RecordReader, 'protocol'>;
  readonly notes: Pick<PlannerNotes, 'messagesOfCourse' | 'coursesOf'>;
  readonly times: HeldTimes;
}

/** Reads what decides whether a message may go. All of it goes through `reads`, and so is guarded until the attempt commits. */
export class DispatchWorldReader {
  constructor(private readonly deps: DispatchWorldDependencies) {}

  /**
   * What does not hang on one another is read at the same time: it goes to the database together.
   * @throws Error for a message about a course or a site that is not on record
   */
  async world(reads: Reads, message: KnownMessage): Promise<DispatchWorld> {
    const { courseId, patientId, siteId, cause } = message.planned;
    const [timeline, { state: patient }, events, { state: site }] = await Promise.all([
      reads.events<CourseStreamEvent>(courseStream(courseId)).then(timelineOf),
      reads.load(patientStream(patientId), patientFold),
      readPerson((stream) => reads.events(stream), patientId),
      reads.load(siteStream(siteId), siteFold),
    ]);
    if (!isPlanned(timeline))
      throw new Error(`Message ${message.planned.messageId} is about a course that was never planned`);
    if (site.status !== 'registered') throw new Error(`Course ${courseId} is at a site that was never registered`);
    const { consultationId, protocol } = timeline.course;
    const person = personStanding(events, patientId, site.timeZone);
    const registrations = registrationsOf(patientId, person);
    const [rules, { state: consultation }, rhythm, invitations, wishes, proposed] = await Promise.all([
      // Versions of protocols never change: nothing about them needs to be guarded.
      this.deps.reader.protocol(reads.chain, protocol.code, protocol.version),
      reads.load(consultationStream(consultationId), consultationWithdrawals),
      cause.kind === 'session' ? GOES_ON : this.rhythm(reads, timeline, person),
      this.invitations(reads, message, registrations),
      this.wishes(reads, registrations),
      this.proposed(reads, message, site),
    ]);
    const standing: readonly Finding[] = [];
    const world = {
      protocol: rules,
      ...rhythm,
      patient,
      person,
      site,
      consultation,
      invitations,
      ...wishes,
      ...proposed,
    };
    return { message, timeline, ...world, standing, now: reads.now };
  }

  /** The messages by which the patient may have been told the same. */
  async earlier(
    reads: Reads,
    { planned }: KnownMessage,
    { timeline, ...world }: DispatchWorld,
  ): Promise<MessageState[]> {
    const noted = await this.deps.notes.messagesOfCourse(reads.chain, planned.courseId);
    const ids = earlierMessageIds({ ...planned, precaution: planned.precaution }, planned, timeline, world, noted);
    return Promise.all(ids.map(async (id) => (await reads.load(messageStream(id), messageFold)).state));
  }

  /** The time that a proposal is about; of an invitation whether times are proposed in its window. */
  private async proposed(
    reads: Reads,
    { planned: { kind, cause, courseId } }: KnownMessage,
    { recallRules, openingHours }: DispatchMatter['site'],
  ): Promise<Pick<DispatchMatter, 'slot' | 'timesProposed'>> {
    if (cause.kind === 'maintenance-slot') return { slot: await this.deps.times.time(reads, cause.slotId) };
    const mayPropose = recallRules.proposals !== null && openingHours !== null;
    if (cause.kind !== 'maintenance-window' || !isReplacedByProposal(kind) || !mayPropose) return {};
    return { timesProposed: await this.deps.times.isProposing(reads, courseId, cause.ordinal) };
  }

  /** What the person was invited to, by any registration: guarded, so that of two invitations one sees the other. */
  private async invitations(
    reads: Reads,
    { planned: { kind } }: KnownMessage,
    registrations: readonly Id[],
  ): Promise<readonly Invitation[]> {
    if (categoryOf(kind) !== 'recall') return [];
    const of = (id: Id) => reads.load(invitationStream(id), invitationFold);
    return (await Promise.all(registrations.map(of))).flatMap(({ state }) => state);
  }

  /** What the person does not want to hear of any more, and whether by SMS anything, by any registration. */
  private async wishes(
    reads: Reads,
    registrations: readonly Id[],
  ): Promise<Pick<DispatchMatter, 'optedOut' | 'smsStopped'>> {
    const of = (id: Id) => reads.load(patientStream(id), patientFold);
    const contacts = (await Promise.all(registrations.map(of))).flatMap(({ state }) =>
      state.status === 'none' ? [] : [state.contact],
    );
    return {
      optedOut: new Set(contacts.flatMap(({ optedOut }) => optedOut)),
      smsStopped: contacts.some(({ smsStopped }) => smsStopped),
    };
  }

  private async rhythm(reads: Reads, timeline: PlannedTimeline, person: PersonStanding): Promise<Rhythm> {
    const { courseId, patientId, protocol } = timeline.course;
    const registrations = everLinkedWith(patientId, person);
    const pairs = registrations.map((id) => ({ patientId: id, protocol: protocol.code }));
    const ids = await this.deps.notes.coursesOf(reads.chain, pairs);
    const others: PlannedTimeline[] = [];
    for (const id of ids.filter((each) => each !== courseId)) {
      const other = timelineOf(await reads.events<CourseStreamEvent>(courseStream(id)));
      if (isPlanned(other)) others.push(other);
    }
    return rhythmOf(timeline, others, person);
  }
}

/** The person's registrations, as they are linked now. */
const registrationsOf = (patientId: Id, { linked }: PersonStanding): Id[] => [
  ...new Set([patientId, ...(linked.at(-1)?.registrations ?? [])]),
];
