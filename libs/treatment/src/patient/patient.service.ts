import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { People } from '../directory/people.js';
import { requireSite } from '../site/site.service.js';
import type {
  endHealthFactSchema,
  linkPatientSchema,
  recordHealthFactSchema,
  registerPatientSchema,
  undoLinkSchema,
} from './patient.commands.js';
import {
  decideLink,
  decidePatient,
  decideUnlink,
  type EventsOfPatient,
  type PatientCommand,
  repeatedFact,
} from './patient.decider.js';
import { PatientIsErased, PatientUnknown } from './patient.errors.js';
import { type ContactPreference, type Guardian, type Health, patientStream } from './patient.events.js';
import { patientFold, type RegisteredPatient } from './patient.state.js';
import { ageOfMajorityAtAll, loadPerson } from './person.js';

/** Loads a patient for a decision, who is thereby guarded. @throws NotFound `patient.unknown`; PatientIsErased */
export async function requirePatient(reads: Pick<Reads, 'load'>, patientId: string): Promise<RegisteredPatient> {
  const { state } = await reads.load(patientStream(patientId), patientFold);
  if (state.status === 'none') throw new PatientUnknown();
  if (state.erasureId !== null) throw new PatientIsErased();
  return state;
}

@Injectable()
export class PatientService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
    private readonly people: People,
  ) {}

  async register(meta: CommandMeta, data: z.infer<typeof registerPatientSchema>): Promise<CommandAnswer> {
    const { code, site, ...patient } = data;
    const siteId = site === undefined ? undefined : await this.references.resolve(meta.chain, 'site', site);
    const id = await this.codes.idFor(meta.chain, 'patient', code, derivedId(meta.commandId, 'patient'));
    const stream = patientStream(id);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        if (siteId !== undefined) await requireSite(reads, siteId);
        const { state } = await reads.load(stream, patientFold);
        const command: PatientCommand = { type: 'RegisterPatient', patientId: id, ...patient };
        return [{ stream, events: decidePatient(command, state, reads.now) }];
      },
      { site: siteId },
    );
    return { id, ...result };
  }

  /** Language, channel and consent, for everything that has not left yet. */
  async changeContactPreference(
    meta: CommandMeta,
    patient: string,
    preference: ContactPreference,
  ): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'ChangeContactPreference', preference });
  }

  /** What is known of the patient's health from now on. */
  async recordHealth(meta: CommandMeta, patient: string, health: Health): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'RecordHealth', health });
  }

  /**
   * One thing about the patient's health, whenever it was learned (S0-C1, S0-C7).
   * @returns the id of the fact, of the one on record where it is recorded already
   * @throws PatientRefused `health-fact.refused`
   */
  async recordHealthFact(
    meta: CommandMeta,
    patient: string,
    data: z.infer<typeof recordHealthFactSchema>,
  ): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    let factId = derivedId(meta.commandId, 'health-fact');
    const result = await this.runner.run(meta, async (reads) => {
      const state = await requirePatient(reads, id);
      factId = repeatedFact(data, state)?.factId ?? factId;
      const command: PatientCommand = { type: 'RecordHealthFact', factId, ...data };
      return [{ stream: patientStream(id), events: decidePatient(command, state, reads.now) }];
    });
    return { ...result, id: factId };
  }

  /** @throws NotFound `health-fact.unknown`; PatientRefused `health-fact.refused` */
  async endHealthFact(
    meta: CommandMeta,
    patient: string,
    factId: Id,
    { until }: z.infer<typeof endHealthFactSchema>,
  ): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'EndHealthFact', factId, until });
  }

  /** For whoever is under age by the law of any site of the chain. @throws PatientRefused `patient.guardian-refused` */
  async nameGuardian(meta: CommandMeta, patient: string, guardian: Guardian): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const sites = await this.people.sites(meta.chain);
    const result = await this.runner.run(meta, async (reads) => {
      const state = await requirePatient(reads, id);
      const ageOfMajorityYears = await ageOfMajorityAtAll(reads, sites.keys(), reads.now);
      const command: PatientCommand = { type: 'NameGuardian', guardian, ageOfMajorityYears };
      return [{ stream: patientStream(id), events: decidePatient(command, state, reads.now) }];
    });
    return { id, ...result };
  }

  async recordDeath(meta: CommandMeta, patient: string, on: LocalDate): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'RecordDeath', on });
  }

  async recordMoveAway(meta: CommandMeta, patient: string, on: LocalDate): Promise<CommandAnswer> {
    return this.change(meta, patient, { type: 'RecordMoveAway', on });
  }

  /** Whoever is back is back under every registration. */
  async recordReturn(meta: CommandMeta, patient: string, on: LocalDate): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => {
      const { patients } = await loadPerson(reads, id);
      return streamsOf(
        patients.map((state) => ({
          patientId: state.patientId,
          events: decidePatient({ type: 'RecordReturn', on }, state, reads.now),
        })),
      );
    });
    return { id, ...result };
  }

  /**
   * Two registrations are one person. Nothing of what either holds is rewritten.
   * @returns the id of the link
   * @throws NotFound `patient.unknown`; PatientRefused `patient-link.refused`
   */
  async link(meta: CommandMeta, patient: string, data: z.infer<typeof linkPatientSchema>): Promise<CommandAnswer> {
    const { chain } = meta;
    const [id, otherId] = [
      await this.references.resolve(chain, 'patient', patient),
      await this.references.resolve(chain, 'patient', data.patient, 'patient'),
    ];
    const linkId = derivedId(meta.commandId, 'link');
    const result = await this.runner.run(meta, async (reads) => {
      const [person, other] = await Promise.all([loadPerson(reads, id), loadPerson(reads, otherId)]);
      return streamsOf(decideLink({ linkId, reason: data.reason }, person, other, reads.now));
    });
    return { ...result, id: linkId };
  }

  /** @returns the id of the link @throws NotFound `patient-link.unknown` */
  async undoLink(
    meta: CommandMeta,
    patient: string,
    linkId: Id,
    { reason }: z.infer<typeof undoLinkSchema>,
  ): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => {
      const state = await requirePatient(reads, id);
      const decided = decideUnlink({ linkId, reason }, state, reads.now);
      // The other registration is written as well, at the revision that is seen now.
      await Promise.all(decided.map(({ patientId }) => requirePatient(reads, patientId)));
      return decided.length === 0 ? [{ stream: patientStream(id), events: [] }] : streamsOf(decided);
    });
    return { ...result, id: linkId };
  }

  private async change(meta: CommandMeta, patient: string, command: PatientCommand): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => [
      {
        stream: patientStream(id),
        events: decidePatient(command, await requirePatient(reads, id), reads.now),
      },
    ]);
    return { id, ...result };
  }
}

/** Of several registrations those that get something; the first where none does. */
function streamsOf(decided: readonly EventsOfPatient[]): StreamEvents[] {
  const written = decided.filter(({ events }) => events.length > 0);
  return (written.length > 0 ? written : decided.slice(0, 1)).map(({ patientId, events }) => ({
    stream: patientStream(patientId),
    events,
  }));
}
