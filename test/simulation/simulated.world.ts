import moment from 'moment-timezone';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { ProtocolService } from '#libs/treatment/src/protocol/protocol.service.js';
import type { DeskProcess } from './simulated.process.js';
import type { Random } from './random.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './virtual-clock.js';

/** Does something at an instant of the simulation; refusals are part of it. */
export type Act = () => Promise<void>;

/** What the world needs of the simulation that it takes place in. */
export interface WorldSurroundings {
  readonly random: Random;
  readonly start: number;
  readonly days: number;
  now(): number;
  /** Puts something on the agenda. */
  at(ms: number, act: Act): void;
  /** Gives a command to the front desk until it is certain what became of it. @returns the id; undefined where refused */
  command(label: string, give: (desk: DeskProcess, meta: CommandMeta) => Promise<{ id: Id }>): Promise<Id | undefined>;
  /** Lets it be impossible to write messages of a course. */
  poison(courseId: Id): void;
  /** Names a thing for the trace. */
  name(id: Id, label: string): void;
  /** The entry on record that a session was performed. */
  performance(session: Id): Promise<Id | undefined>;
}

interface Site {
  readonly id: Id;
  readonly zone: string;
}

interface Patient {
  readonly id: Id;
  readonly label: string;
  readonly site: Site;
  readonly phone: string;
  sms: boolean;
  courses: number;
}

interface Course {
  readonly id: Id;
  readonly label: string;
  readonly patient: Patient;
  readonly consultation: Id;
  readonly planned: number;
  sessions: number;
  performed: number;
  /** When the interval since the last session has passed; ms. */
  earliest: number;
  /** Sessions that are booked and not over. */
  readonly open: Map<Id, { readonly label: string; start: number }>;
}

/** With and without daylight saving, by an hour and by half an hour, in both halves of the world. */
const ZONES = ['Europe/Istanbul', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'America/Vancouver'];
const PROTOCOL = 'facial';
const PRODUCT = 'GlowMeso HA';
const LOT = 'L1';
/** Of the protocol. */
const INTERVAL_DAYS = 14;
const HANDS = { device: 'needle', depthMm: 2, durationMinutes: 45 } as const;

/** Sites, patients and staff, and what they do from day to day. All of it goes through the commands that people have. */
export class World {
  private readonly sites: Site[] = [];
  private readonly patients: Patient[] = [];
  private readonly courses: Course[] = [];
  private physician = '';
  private readonly random: Random;

  constructor(private readonly around: WorldSurroundings) {
    this.random = around.random;
  }

  /** What a site begins with: protocols, practitioners, lots. Patients come one after the other from the first day on. */
  async begin(publish: () => Promise<ProtocolService>, patients: number): Promise<void> {
    await publish();
    const { random, around } = this;
    const today = new Date(around.now()).toISOString().slice(0, 10);
    const zones = [...ZONES].sort((a, b) => random.fork(`zone ${a}`).fraction() - random.fork(`zone ${b}`).fraction());
    for (const [n, zone] of zones.slice(0, random.int(2, 3)).entries()) {
      const label = `s${n + 1}`;
      const quietHours = random.pick([
        { from: '20:00', to: '09:00' },
        { from: '21:30', to: '08:00' },
        { from: '13:00', to: '15:00' },
      ]);
      const site = { name: `Site ${n + 1}`, timeZone: zone, language: 'en', quietHours };
      const id = await this.give(label, (desk, meta) => desk.sites.register(meta, site));
      if (id === undefined) throw new Error('A site was refused');
      this.sites.push({ id, zone });
      const lot = {
        product: PRODUCT,
        lotNumber: LOT,
        expiresOn: '2035-01-01',
        receivedOn: addDays(today, -30),
        ingredients: ['hyaluronic acid'],
      };
      await this.give(`${label} lot`, (desk, meta) => desk.lots.receive(meta, { site: id, ...lot }));
    }
    const credentials = [{ procedures: [PROTOCOL], validFrom: '2020-01-01', validTo: null }];
    const physician = { name: 'Zoë García', role: 'physician' as const, credentials };
    this.physician = (await this.give('physician', (desk, meta) => desk.practitioners.register(meta, physician))) ?? '';
    for (let n = 1; n <= patients; n += 1) {
      const comes = around.start + random.fraction() * around.days * 0.6 * DAY_MS;
      const site = random.pick(this.sites);
      around.at(inOfficeHours(comes, site.zone, random), () => this.comes(`p${n}`, site));
    }
    if (random.chance(0.3)) around.at(this.sometime(), () => this.setQuietHours());
    if (random.chance(0.3)) around.at(this.sometime(), () => this.recall());
  }

  /** Somebody whose treatment ends while the days are still calm: what follows of it falls into the others. */
  veteran(label: string, at: number): void {
    const site = this.random.pick(this.sites);
    this.around.at(inOfficeHours(at, site.zone, this.random), () => this.comes(label, site));
  }

  /** Something about the patient or the session of a message, at the very moment at which it is dispatched. */
  async raceAgainst(courseId: Id, random: Random): Promise<void> {
    const course = this.courses.find(({ id }) => id === courseId);
    if (!course) return;
    const { patient } = course;
    const [session] = [...course.open.keys()];
    switch (random.int(1, 9)) {
      case 8:
        return this.optOut(patient);
      case 9:
        return this.answer(patient, 'STOP');
      case 1:
        return this.prefer(patient, 'none');
      case 2:
        return this.withdraw(course);
      case 3:
        return session === undefined ? undefined : this.cancel(course, session);
      case 4:
        return session === undefined ? undefined : this.reschedule(course, session);
      case 5:
        return this.stop(course);
      case 6:
        return this.dies(patient);
      case 7:
        return this.linkWith(patient, random);
    }
  }

  /** Somebody comes for the first time, is consulted and given the first dates. */
  private async comes(label: string, site: Site): Promise<void> {
    const { random } = this;
    const sms = random.chance(0.4);
    const preference = {
      language: random.pick(['en', 'tr', 'fr']),
      channel: sms ? ('sms' as const) : ('email' as const),
    };
    const identity = { familyName: 'Doe', givenName: 'Jane', birthDate: '1985-05-05', sex: 'female' as const };
    const phone = `+90555${String(1_000_000 + Number(label.slice(1)))}`;
    const reached = { phone, email: `${label}@example.org` };
    const health = { allergies: [], conditions: [], medications: [] };
    const data = {
      identity: { ...identity, ...reached },
      preference: { ...preference, contactConsent: !random.chance(0.05) },
      health,
    };
    const id = await this.give(label, (desk, meta) => desk.patients.register(meta, data));
    if (id === undefined) return;
    this.around.name(id, label);
    const patient: Patient = { id, label, site, phone, sms, courses: 0 };
    this.patients.push(patient);
    await this.consult(patient);
    this.planTheirDays(patient);
  }

  /** What happens to patients beside their treatment. */
  private planTheirDays(patient: Patient): void {
    const { random, around } = this;
    const sometimes = (probability: number, act: Act) => {
      if (random.chance(probability)) around.at(this.sometime(), act);
    };
    sometimes(0.12, () => this.prefer(patient, 'none'));
    sometimes(0.12, () => this.prefer(patient, patient.sms ? 'email' : 'sms'));
    sometimes(0.1, () => this.prefer(patient, patient.sms ? 'sms' : 'email'));
    sometimes(0.2, () => this.choose(patient));
    sometimes(0.08, () => this.optOut(patient));
    sometimes(0.1, () => this.answer(patient, 'STOP'));
    sometimes(0.1, () => this.answer(patient, '1'));
    sometimes(0.04, () => this.dies(patient));
    sometimes(0.06, () => this.moves(patient));
    sometimes(0.08, () => this.linkWith(patient, random));
    sometimes(0.1, () => this.isPregnant(patient));
  }

  private async consult(patient: Patient): Promise<void> {
    const { random, around } = this;
    const label = `${patient.label} c${(patient.courses += 1)}`;
    const who = { site: patient.site.id, practitioner: this.physician };
    const protocol = builtInProtocol(PROTOCOL);
    if (!protocol) throw new Error('The protocol is not built in');
    const notes = Object.fromEntries(protocol.consultation.map(({ code }) => [code, `noted: ${code}`]));
    const held = { patient: patient.id, ...who, procedure: PROTOCOL, notes };
    const consultation = await this.give(`${label} consultation`, (desk, meta) => desk.consultations.hold(meta, held));
    if (consultation === undefined) return;
    const answers = protocol.screening.contraindications.map(({ code }) => ({ code, answer: 'no' as const }));
    await this.give(`${label} answers`, (desk, meta) => desk.consultations.answer(meta, consultation, { answers }));
    const conclusion = { practitioner: this.physician, conclusion: { outcome: 'cleared' as const }, reason: '' };
    await this.give(`${label} conclusion`, (desk, meta) => desk.consultations.conclude(meta, consultation, conclusion));
    await this.sign(label, patient, consultation);
    const plan = { consultation, ...who, protocol: PROTOCOL, plannedSessions: random.int(4, 5) };
    const id = await this.give(`${label} plan`, (desk, meta) => desk.courses.plan(meta, plan));
    if (id === undefined) return;
    around.name(id, label);
    const course: Course = {
      ...{ id, label, patient, consultation, planned: plan.plannedSessions, sessions: 0, performed: 0, earliest: 0 },
      open: new Map(),
    };
    this.courses.push(course);
    if (random.chance(0.06)) around.poison(id);
    await this.book(course, around.now() + (0.5 + random.fraction() * 11) * DAY_MS);
    if (random.chance(0.08)) around.at(this.sometime(), () => this.stop(course));
    if (random.chance(0.1)) around.at(this.sometime(), () => this.withdraw(course));
  }

  private async book(course: Course, from: number): Promise<void> {
    const { random, around } = this;
    const { zone, id: site } = course.patient.site;
    const start = inOfficeHours(Math.max(from, course.earliest), zone, random, 15);
    const label = `${course.label} n${(course.sessions += 1)}`;
    const kind = course.performed < course.planned ? ('course' as const) : ('maintenance' as const);
    const products = random.chance(0.5) ? { products: [{ product: PRODUCT, lotNumber: LOT }] } : {};
    const data = { kind, site, practitioner: this.physician, at: wallOf(start, zone), ...products };
    const id = await this.give(`${label} book`, (desk, meta) => desk.courses.book(meta, course.id, data));
    if (id === undefined) return;
    around.name(id, label);
    course.open.set(id, { label, start });
    this.decideFate(course, id, start);
  }

  private decideFate(course: Course, session: Id, start: number): void {
    const { random, around } = this;
    const before = () => around.now() + random.fraction() * Math.max(start - around.now() - MINUTE_MS, 0);
    const fate = random.weighted({ performed: 68, cancelled: 10, rescheduled: 16, missed: 6 });
    if (fate === 'cancelled') return around.at(before(), () => this.cancel(course, session));
    if (fate === 'rescheduled') return around.at(before(), () => this.reschedule(course, session));
    if (fate === 'missed') return around.at(start + HOUR_MS, () => this.miss(course, session));
    around.at(start + (50 + random.int(0, 90)) * MINUTE_MS, () => this.perform(course, session));
  }

  private async perform(course: Course, session: Id): Promise<void> {
    const { random, around } = this;
    const booked = course.open.get(session);
    if (!booked) return;
    const at = wallOf(booked.start, course.patient.site.zone);
    const check = Object.fromEntries(
      (builtInProtocol(PROTOCOL)?.preSession.checks ?? []).map(({ code }) => [code, 'no' as const]),
    );
    const products = [{ product: PRODUCT, lotNumber: LOT }];
    const data = {
      at,
      ...HANDS,
      areas: ['face'],
      products,
      identifiers: ['name' as const, 'birth-date' as const],
      check,
    };
    const isLate = course.earliest > 0 && booked.start > course.earliest + DAY_MS;
    const late = { deviation: 'interval-long' as const, reason: 'the patient had no time before' };
    const id = await this.give(`${booked.label} perform`, (desk, meta) =>
      desk.courses.perform(meta, course.id, session, { ...data, reactions: [], overrides: isLate ? [late] : [] }),
    );
    // Whatever stands against it, it does not take place later.
    if (id === undefined) return this.cancel(course, session);
    course.open.delete(session);
    if (random.chance(0.5)) around.at(around.now() + 3 * DAY_MS, () => this.followUp(course));
    if (random.chance(0.06)) around.at(around.now() + random.int(1, 90) * MINUTE_MS, () => this.stop(course));
    this.decideMistake(course, session, booked);
    course.performed += 1;
    course.earliest = booked.start + INTERVAL_DAYS * DAY_MS;
    if (course.performed === course.planned) return this.complete(course);
    const days =
      course.performed < course.planned ? INTERVAL_DAYS + random.fraction() * 4 : 70 + random.fraction() * 60;
    await this.book(course, booked.start + days * DAY_MS);
  }

  /** What was entered turns out to be wrong: the hour, or that it took place at all. */
  private decideMistake(course: Course, session: Id, { label, start }: { label: string; start: number }): void {
    const { random, around } = this;
    const mistake = random.weighted({ none: 84, hour: 10, all: 6 });
    if (mistake === 'none') return;
    around.at(around.now() + random.int(5, 4_000) * MINUTE_MS, async () => {
      const entry = await around.performance(session);
      if (entry === undefined) return;
      if (mistake === 'all') {
        await this.give(`${label} retract`, (desk, meta) =>
          desk.corrections.retractEntry(meta, course.id, entry, 'it was another patient'),
        );
        return;
      }
      const at = wallOf(start - random.int(1, 300) * MINUTE_MS, course.patient.site.zone);
      await this.give(`${label} correct`, (desk, meta) =>
        desk.corrections.correctEntry(meta, course.id, entry, {
          data: { type: 'SessionPerformed', at },
          reason: 'it was earlier',
        }),
      );
    });
  }

  /** From here on it is maintained, unless the patient does not want that. */
  private async complete(course: Course): Promise<void> {
    const { random, around } = this;
    await this.give(`${course.label} complete`, (desk, meta) =>
      desk.courses.simple(meta, course.id, { type: 'CompleteCourse' }),
    );
    if (random.chance(0.2)) around.at(this.sometime(), () => this.decline(course));
    if (!random.chance(0.6)) return;
    around.at(around.now() + random.int(60, 130) * DAY_MS, () =>
      this.book(course, around.now() + random.int(2, 20) * DAY_MS),
    );
  }

  private async decline(course: Course): Promise<void> {
    await this.give(`${course.label} decline`, (desk, meta) =>
      desk.courses.simple(meta, course.id, { type: 'DeclineMaintenance' }),
    );
  }

  private async followUp(course: Course): Promise<void> {
    const { site } = course.patient;
    const data = {
      site: site.id,
      practitioner: this.physician,
      kind: 'remote' as const,
      at: wallOf(this.around.now() - MINUTE_MS, site.zone),
      reactions: [],
    };
    await this.give(`${course.label} follow-up`, (desk, meta) => desk.courses.holdFollowUp(meta, course.id, data));
  }

  private async cancel(course: Course, session: Id): Promise<void> {
    const label = course.open.get(session)?.label;
    if (label === undefined) return;
    const command = { type: 'CancelSession' as const, sessionId: session, reason: 'no time' };
    const id = await this.give(`${label} cancel`, (desk, meta) => desk.courses.simple(meta, course.id, command));
    if (id === undefined) return;
    course.open.delete(session);
    if (this.random.chance(0.7))
      await this.book(course, this.around.now() + (1 + this.random.fraction() * 10) * DAY_MS);
  }

  private async miss(course: Course, session: Id): Promise<void> {
    const label = course.open.get(session)?.label;
    if (label === undefined) return;
    const command = { type: 'MissSession' as const, sessionId: session };
    const id = await this.give(`${label} miss`, (desk, meta) => desk.courses.simple(meta, course.id, command));
    if (id !== undefined) course.open.delete(session);
  }

  private async reschedule(course: Course, session: Id): Promise<void> {
    const { random } = this;
    const booked = course.open.get(session);
    if (!booked) return;
    const { zone } = course.patient.site;
    const start = inOfficeHours(booked.start + random.int(1, 8) * DAY_MS, zone, random, 15);
    const data = { at: wallOf(start, zone) };
    const id = await this.give(`${booked.label} reschedule`, (desk, meta) =>
      desk.courses.reschedule(meta, course.id, session, data),
    );
    if (id === undefined) return;
    booked.start = start;
    this.decideFate(course, session, start);
  }

  private async stop(course: Course): Promise<void> {
    const command = { type: 'StopCourse' as const, reason: 'moved on' };
    const id = await this.give(`${course.label} stop`, (desk, meta) => desk.courses.simple(meta, course.id, command));
    if (id !== undefined) course.open.clear();
  }

  private async withdraw(course: Course): Promise<void> {
    const { label, patient, consultation } = course;
    const data = { procedure: PROTOCOL };
    const id = await this.give(`${label} withdraw`, (desk, meta) =>
      desk.consultations.withdrawConsent(meta, consultation, data),
    );
    // Who is still unsure signs again some days later.
    const again = this.around.now() + 2 * DAY_MS + this.random.int(0, 2_000) * MINUTE_MS;
    if (id !== undefined && this.random.chance(0.4))
      this.around.at(again, () => this.sign(label, patient, consultation));
  }

  private async sign(label: string, { site }: Patient, consultation: Id): Promise<void> {
    const signedOn = wallOf(this.around.now(), site.zone).slice(0, 10);
    const form = { formHash: 'ab'.repeat(32), signedBy: 'patient' as const, validUntil: null };
    await this.give(`${label} consent`, (desk, meta) =>
      desk.consultations.signConsent(meta, consultation, { procedure: PROTOCOL, signedOn, ...form }),
    );
  }

  private async prefer(patient: Patient, channel: 'email' | 'sms' | 'none'): Promise<void> {
    const preference = { language: 'en', channel, contactConsent: channel !== 'none' || this.random.chance(0.5) };
    await this.give(`${patient.label} prefers ${channel}`, (desk, meta) =>
      desk.patients.changeContactPreference(meta, patient.id, preference),
    );
  }

  /** Lives elsewhere than the clinic stands, or wants to hear of appointments in another way. */
  private async choose(patient: Patient): Promise<void> {
    const { random } = this;
    const channels = random.chance(0.4) ? { appointment: random.pick(['sms', 'email', 'none'] as const) } : {};
    const choices = { channels, timeZone: random.chance(0.8) ? random.pick(ZONES) : null };
    await this.give(`${patient.label} chooses`, (desk, meta) => desk.contacts.setChoices(meta, patient.id, choices));
  }

  private async optOut(patient: Patient): Promise<void> {
    const { random, around } = this;
    const categories = [random.pick(['clinical', 'appointment', 'recall'] as const)];
    await this.give(`${patient.label} opts out`, (desk, meta) => desk.contacts.optOut(meta, patient.id, categories));
    if (!random.chance(0.5)) return;
    around.at(around.now() + random.int(1, 72) * HOUR_MS, async () => {
      await this.give(`${patient.label} opts in`, (desk, meta) => desk.contacts.optIn(meta, patient.id, categories));
    });
  }

  /** By a text message, which the provider may tell twice. */
  private async answer(patient: Patient, text: string): Promise<void> {
    for (let n = this.random.int(1, 2); n > 0; n -= 1) {
      await this.give(`${patient.label} answers ${text}`, async (desk, { chain, commandId }) => {
        await desk.inbound.reply(chain, { from: patient.phone, text, reference: `${patient.label} ${text}` });
        return { id: commandId };
      });
    }
  }

  private async dies(patient: Patient): Promise<void> {
    const on = wallOf(this.around.now(), patient.site.zone).slice(0, 10);
    await this.give(`${patient.label} dies`, (desk, meta) => desk.patients.recordDeath(meta, patient.id, on));
  }

  /** Late knowledge that stands against every session ahead, until it has an end. */
  private async isPregnant(patient: Patient): Promise<void> {
    const day = (days: number) => addDays(wallOf(this.around.now(), patient.site.zone).slice(0, 10), days);
    const fact = { kind: 'condition' as const, statement: 'pregnancy', since: null, until: null };
    const id = await this.give(`${patient.label} is pregnant`, (desk, meta) =>
      desk.patients.recordHealthFact(meta, patient.id, fact),
    );
    if (id === undefined || this.random.chance(0.3)) return;
    this.around.at(this.around.now() + this.random.int(1, 8 * 24) * HOUR_MS, async () => {
      await this.give(`${patient.label} is not pregnant`, (desk, meta) =>
        desk.patients.endHealthFact(meta, patient.id, id, { until: day(-1) }),
      );
    });
  }

  /** The lot that everybody is treated with is recalled, and most often that turns out to be for nothing. */
  private async recall(): Promise<void> {
    const { around, random } = this;
    const { zone } = this.sites[0] as Site;
    const today = () => wallOf(around.now(), zone).slice(0, 10);
    const notice = { recalledOn: today(), reference: 'N 1', cause: 'sterility' as const };
    const id = await this.give('recall', (desk, meta) =>
      desk.recalls.recall(meta, { product: PRODUCT, lotNumber: LOT, ...notice }),
    );
    if (id === undefined || random.chance(0.2)) return;
    around.at(around.now() + random.int(2, 6 * 24) * HOUR_MS, async () => {
      await this.give('recall is lifted', (desk, meta) =>
        desk.recalls.lift(meta, id, { liftedOn: today(), reference: 'N 2' }),
      );
    });
  }

  private async moves(patient: Patient): Promise<void> {
    const day = () => wallOf(this.around.now(), patient.site.zone).slice(0, 10);
    const id = await this.give(`${patient.label} moves away`, (desk, meta) =>
      desk.patients.recordMoveAway(meta, patient.id, day()),
    );
    if (id === undefined || !this.random.chance(0.5)) return;
    this.around.at(this.around.now() + this.random.int(1, 6) * DAY_MS, async () => {
      await this.give(`${patient.label} returns`, (desk, meta) => desk.patients.recordReturn(meta, patient.id, day()));
    });
  }

  /** It turns out that two registrations are of one person, or that they are not. */
  private async linkWith(patient: Patient, random: Random): Promise<void> {
    const others = this.patients.filter(({ id }) => id !== patient.id);
    if (others.length === 0) return;
    const other = random.pick(others);
    const data = { patient: other.id, reason: 'the same person' };
    await this.give(`${patient.label} is ${other.label}`, (desk, meta) => desk.patients.link(meta, patient.id, data));
  }

  private async setQuietHours(): Promise<void> {
    const { random } = this;
    const site = random.pick(this.sites);
    const hours = random.pick([
      { from: '19:00', to: '10:00' },
      { from: '00:00', to: '07:00' },
    ]);
    await this.give('quiet hours', (desk, meta) => desk.sites.setQuietHours(meta, site.id, hours));
  }

  private give: WorldSurroundings['command'] = (label, give) => this.around.command(label, give);

  private sometime(): number {
    const { start, days, now } = this.around;
    return now() + this.random.fraction() * Math.max(start + days * DAY_MS - now(), HOUR_MS);
  }
}

const wallOf = (ms: number, zone: string): string => moment.tz(ms, zone).format('YYYY-MM-DDTHH:mm');

/** From ten until six by the clock on the wall, on the day of an instant or the next one. */
function inOfficeHours(ms: number, zone: string, random: Random, everyMinutes = 1): number {
  const day = moment.tz(ms, zone).startOf('day');
  const minutes = 10 * 60 + Math.floor(random.int(0, 8 * 60) / everyMinutes) * everyMinutes;
  const at = day.clone().hour(0).minute(minutes);
  return at.valueOf() > ms ? at.valueOf() : at.add(1, 'day').valueOf();
}
