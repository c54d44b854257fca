import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { localDateAt, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import type { Random } from '../simulation/random.js';
import { clearConsultation } from '../support/cleared-consultation.js';
import { REPLIES_PATH } from '#libs/channels/src/twilio.form.js';
import { toldAgain } from './chaos.provider.js';

const PRODUCT = 'GlowMeso HA';
const DAY_MS = 24 * 3_600_000;
const GIVE_UP_MS = 120_000;
/** However many come to an end, so many are left to work on. */
const COURSES_MIN = 4;
const CALL_MS_MAX = 20_000;

interface Site {
  readonly id: string;
  readonly zone: string;
}

interface Course {
  readonly id: string;
  readonly patient: string;
  readonly phone: string | undefined;
  readonly site: Site;
  readonly consultation: string;
  /** Sessions that are booked, with the instant at which their reminder falls due. */
  readonly booked: Map<string, number>;
  isPerformed: boolean;
}

/** A zone in which it is that hour now. The signs of these zones are the other way round. */
export function zoneWhereItIs(hour: number, now = new Date()): string {
  const ahead = ((hour - now.getUTCHours() + 36) % 24) - 12;
  return ahead === 0 ? 'Etc/GMT' : ahead > 0 ? `Etc/GMT-${ahead}` : `Etc/GMT+${-ahead}`;
}

/** What was said, by code, and the first rule that stood against it. */
function refusal(text: string): string {
  const { code = '', fields = [] } = JSON.parse(text) as { code?: string; fields?: { rule?: string }[] };
  return fields[0]?.rule === undefined ? code : `${code} by ${fields[0].rule}`;
}

const clock = (wall: string): string => wall.slice(11, 16);

/** Front desks that work on, whatever happens to the machines: by HTTP, each command until it is certain what came of it. */
export class ChaosDesk {
  readonly answers = new Map<string, number>();
  private readonly courses: Course[] = [];
  private physician = '';

  constructor(
    private readonly url: string,
    private readonly random: Random,
    private readonly twilioToken: string,
  ) {}

  /** Sites at noon, in the evening (quiet within the run) and in the night, patients, and a course for each. */
  async begin(patients: number, eveningInMs: number): Promise<void> {
    const zones = { noon: zoneWhereItIs(12), evening: zoneWhereItIs(12), night: zoneWhereItIs(1) };
    const evening = clock(zonedTime(new Date(Date.now() + eveningInMs).toISOString(), zones.evening).wall);
    const credentials = [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }];
    this.physician = await this.must('/v1/practitioners', { name: 'Dr Aydın', role: 'physician', credentials });
    const sites: Site[] = [];
    for (const [name, zone] of Object.entries(zones)) {
      const quietHours = name === 'evening' ? { from: evening, to: '09:00' } : { from: '21:00', to: '09:00' };
      const id = await this.must('/v1/sites', { name, timeZone: zone, language: 'en', quietHours });
      const lot = { site: id, product: PRODUCT, lotNumber: 'L1', ingredients: ['hyaluronic acid'] };
      const today = localDateAt(new Date().toISOString(), zone);
      await this.must('/v1/lots', { ...lot, expiresOn: addDays(today, 300), receivedOn: addDays(today, -10) });
      sites.push({ id, zone });
    }
    const comes = async (n: number) => {
      // Most at noon, where messages go.
      const site = sites[n % 8 === 6 ? 1 : n % 8 === 7 ? 2 : 0] as Site;
      const sms = n % 2 === 0;
      const phone = `+1415555${String(1_000 + n)}`;
      const patient = await this.must('/v1/patients', {
        identity: {
          ...{ familyName: 'Yılmaz', givenName: 'Ayşe', birthDate: '1985-04-12', sex: 'female' },
          ...{ email: `p${n}@example.org`, phone },
        },
        preference: { language: 'en', channel: sms ? 'sms' : 'email', contactConsent: true },
        health: { allergies: [], conditions: [], medications: [] },
      });
      const on = addDays(localDateAt(new Date().toISOString(), site.zone), -1);
      const who = { patient, site: site.id, practitioner: this.physician, procedure: 'facial', on };
      const consultation = await clearConsultation((path, body) => this.must(path, body), who);
      const plan = {
        ...{ consultation, site: site.id, practitioner: this.physician, protocol: 'facial' },
        ...{ plannedSessions: 900, countReason: 'as many as it takes' },
      };
      const id = await this.must('/v1/courses', plan);
      this.courses.push({
        ...{ id, patient, site, consultation, booked: new Map(), isPerformed: false },
        phone: sms ? phone : undefined,
      });
    };
    for (let n = 0; n < patients; n += 4) {
      await Promise.all([n, n + 1, n + 2, n + 3].filter((each) => each < patients).map(comes));
    }
  }

  /** Does one thing that front desks do, or several to the same patient at once. */
  async act(): Promise<void> {
    const { random } = this;
    const course = random.pick(this.courses);
    switch (
      random.weighted({
        ...{ book: 60, cancel: 5, reschedule: 6, perform: 4, silence: 2, speak: 8, race: 8 },
        ...{ optOut: 1, optIn: 6, stopWord: 1, startWord: 4, withdraw: 0.5, stop: 0.3, die: 0.3 },
      })
    ) {
      case 'book':
        return this.book(course);
      case 'cancel':
        return this.cancel(course);
      case 'reschedule':
        return this.reschedule(course);
      case 'perform':
        return this.perform(course);
      case 'silence':
        return this.prefer(course, false);
      case 'speak':
        return this.prefer(course, true);
      case 'race':
        return this.race();
      case 'optOut':
        return this.give(`/v1/patients/${course.patient}/opt-out`, { categories: ['appointment'] });
      case 'optIn':
        return this.give(`/v1/patients/${course.patient}/opt-in`, { categories: ['appointment'] });
      case 'stopWord':
        return this.reply(course, 'STOP');
      case 'startWord':
        return this.reply(course, 'START');
      case 'withdraw':
        return this.give(`/v1/consultations/${course.consultation}/consents/withdraw`, { procedure: 'facial' });
      case 'stop':
        return this.give(`/v1/courses/${course.id}/stop`, { reason: 'moved away' });
      case 'die':
        return this.give(`/v1/patients/${course.patient}/died`, {
          on: localDateAt(new Date().toISOString(), course.site.zone),
        });
    }
  }

  /** What ends a message, in the very second at which it falls due. */
  private async race(): Promise<void> {
    const soon = Date.now() + 3_000;
    const course = this.courses.find(({ booked }) =>
      [...booked.values()].some((due) => due > Date.now() && due < soon),
    );
    if (!course) return;
    const [session, due] = [...course.booked].find(([, at]) => at > Date.now() && at < soon) ?? [];
    if (session === undefined || due === undefined) return;
    await sleep(Math.max(0, due - Date.now() + this.random.int(-50, 400)));
    if (this.random.chance(0.4)) return this.cancel(course, session);
    if (this.random.chance(0.6)) return this.reschedule(course, session);
    return this.prefer(course, false);
  }

  /** A session whose reminder falls due in seconds. */
  private async book(course: Course): Promise<void> {
    const { at, due } = this.soon(course);
    const body = { kind: 'course', site: course.site.id, practitioner: this.physician, at };
    const id = await this.command('POST', `/v1/courses/${course.id}/sessions`, body);
    if (id !== undefined) course.booked.set(id, due);
    // Nothing more comes of it: the patient has died, the course is over, a consent was withdrawn.
    else if (this.courses.length > COURSES_MIN) this.courses.splice(this.courses.indexOf(course) >>> 0, 1);
  }

  private async cancel(course: Course, session = [...course.booked.keys()].at(-1)): Promise<void> {
    if (session === undefined) return;
    course.booked.delete(session);
    await this.give(`/v1/courses/${course.id}/sessions/${session}/cancel`, { reason: 'ill' });
  }

  private async reschedule(course: Course, session = [...course.booked.keys()].at(-1)): Promise<void> {
    if (session === undefined) return;
    const { at, due } = this.soon(course);
    course.booked.set(session, due);
    await this.give(`/v1/courses/${course.id}/sessions/${session}/reschedule`, {
      ...{ at, site: course.site.id, practitioner: this.physician },
    });
  }

  /** Earlier than it was booked for: its reminder is of no use any more. */
  private async perform(course: Course): Promise<void> {
    const session = [...course.booked.keys()].at(0);
    if (session === undefined || course.isPerformed) return;
    course.isPerformed = true;
    course.booked.delete(session);
    await this.give(`/v1/courses/${course.id}/sessions/${session}/perform`, {
      ...{ orderedBy: this.physician, areas: ['face'], device: 'needle', depthMm: 2, durationMinutes: 45 },
      products: [{ product: PRODUCT, lotNumber: 'L1', volumeMl: 1.5, area: 'face' }],
      identifiers: ['name', 'birth-date'],
      check: Object.fromEntries(facial.preSession.checks.map(({ code }) => [code, 'no'])),
      steps: facial.steps.map(({ code }) => ({ code })),
      painScore: 2,
    });
  }

  private prefer({ patient, phone }: Course, contactConsent: boolean): Promise<void> {
    const channel = phone === undefined ? 'email' : 'sms';
    return this.give(`/v1/patients/${patient}/contact-preference`, { language: 'en', channel, contactConsent }, 'PUT');
  }

  private async reply({ phone }: Course, text: string): Promise<void> {
    if (phone === undefined) return;
    const sid = `SM${newId().replaceAll('-', '')}`;
    const form = { MessageSid: sid, From: phone, To: '+14155550100', Body: text };
    await toldAgain(`${this.url}${REPLIES_PATH}`, this.twilioToken, form);
  }

  private soon({ site }: Course): { at: string; due: number } {
    const due = Math.floor(Date.now() / 1_000) * 1_000 + this.random.int(2, 15) * 1_000;
    return { due, at: zonedTime(new Date(due + DAY_MS).toISOString(), site.zone).wall };
  }

  private async give(path: string, body: object, method: 'POST' | 'PUT' = 'POST'): Promise<void> {
    await this.command(method, path, body);
  }

  /** @throws Error when it is refused */
  private async must(path: string, body: object): Promise<string> {
    let problem = '';
    const id = await this.command('POST', path, body, (said) => (problem = said));
    if (id === undefined) throw new Error(`${path} was refused: ${problem}`);
    return id;
  }

  /** Asks under one key until there is an answer. @returns the id; undefined where it was refused */
  private async command(
    method: 'POST' | 'PUT',
    path: string,
    body: object,
    onRefused: (said: string) => void = () => {},
  ): Promise<string | undefined> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': newId() };
    for (const deadline = Date.now() + GIVE_UP_MS; ; ) {
      try {
        const signal = AbortSignal.timeout(CALL_MS_MAX);
        const answer = await fetch(`${this.url}${path}`, { method, headers, body: JSON.stringify(body), signal });
        const text = await answer.text();
        if (answer.status < 500 && answer.status !== 429) {
          const said = answer.ok ? 'done' : refusal(text);
          this.answers.set(said, (this.answers.get(said) ?? 0) + 1);
          if (answer.ok) return (JSON.parse(text) as { id: string }).id;
          onRefused(text);
          return undefined;
        }
      } catch {
        // Nobody is there, or the answer was cut off: the key makes asking again harmless.
      }
      if (Date.now() > deadline) throw new Error(`${path} got no answer for ${GIVE_UP_MS} ms.`);
      await sleep(200);
    }
  }
}
