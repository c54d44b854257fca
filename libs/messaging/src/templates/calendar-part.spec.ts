import fc from 'fast-check';
import ICAL from 'ical.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import { MATTER_SESSION, messageMatter } from '#test/support/message-matter.js';
import { type MessageKind, messageKindSchema } from '../message/message.events.js';
import { type MessageMatter, oneLine } from './message-content.js';
import { renderMessage } from './render-message.js';

const INVITING = { organizer: { email: 'desk@clinic.example' }, recipient: 'ipek@mail.example' };

const calendarOf = async (kind: MessageKind, changes: Partial<MessageMatter> = {}, language = 'en') =>
  (await renderMessage(messageMatter(kind, { ...INVITING, ...changes }), 'email', language)).calendar;

/** What a calendar program makes of it. */
async function read(kind: MessageKind, changes: Partial<MessageMatter> = {}, language = 'en') {
  const part = await calendarOf(kind, changes, language);
  if (!part) throw new Error(`${kind} has no calendar part`);
  const calendar = new ICAL.Component(ICAL.parse(part.text) as unknown[]);
  const events = calendar.getAllSubcomponents('vevent');
  expect(events).toHaveLength(1);
  const component = events[0] as InstanceType<typeof ICAL.Component>;
  return { part, calendar, component, event: new ICAL.Event(component) };
}

const generation = (n: number, kind: MessageKind) => ({ planned: { ...messageMatter(kind).planned, generation: n } });

describe('the calendar part', () => {
  it('invites to the session at its instant, for as long as it may take, at its place', async () => {
    const { part, calendar, event, component } = await read('session-reminder');
    expect(calendar.getFirstPropertyValue('method')).toBe('REQUEST');
    expect(part.method).toBe('REQUEST');
    expect(component.getFirstProperty('dtstart')?.toICALString()).toBe('DTSTART:20260520T110000Z');
    const minutes = (event.endDate.toUnixTime() - event.startDate.toUnixTime()) / 60;
    expect(minutes).toBe(messageMatter('session-reminder').protocol.durationMinutes.max);
    expect([event.summary, event.location]).toEqual(['Appointment at Nişantaşı', 'Kadıköy']);
    expect(component.getFirstPropertyValue('status')).toBe('CONFIRMED');
  });

  it('names who invites and who is invited', async () => {
    const { component } = await read('session-reminder');
    expect(component.getFirstPropertyValue('organizer')).toBe('mailto:desk@clinic.example');
    expect(component.getFirstProperty('organizer')?.getParameter('cn')).toBe('Nişantaşı');
    expect(String(component.getFirstPropertyValue('attendee')).toLowerCase()).toBe('mailto:ipek@mail.example');
  });

  it('takes the entry back when the session is called off', async () => {
    const { part, calendar, component } = await read('session-called-off');
    expect([part.method, calendar.getFirstPropertyValue('method')]).toEqual(['CANCEL', 'CANCEL']);
    expect(component.getFirstPropertyValue('status')).toBe('CANCELLED');
  });

  it('is about the same entry in every message about the session, and in none about another', async () => {
    const uids = await Promise.all(
      (['session-reminder', 'session-moved', 'session-called-off'] as const).map(
        async (kind) => (await read(kind)).event.uid,
      ),
    );
    expect(new Set(uids).size).toBe(1);
    const other = '0199a000-0000-7000-8000-0000000000ff';
    const { course } = messageMatter('session-reminder');
    const sessions = course.sessions.map((session) =>
      session.sessionId === MATTER_SESSION ? { ...session, sessionId: other } : session,
    );
    const planned = {
      ...messageMatter('session-reminder').planned,
      cause: { kind: 'session' as const, sessionId: other },
    };
    expect((await read('session-reminder', { planned, course: { ...course, sessions } })).event.uid).not.toBe(uids[0]);
  });

  it('counts on with every booking, and a cancellation comes after the booking that it cancels', async () => {
    const told = [
      await read('session-reminder', generation(0, 'session-reminder')),
      await read('session-called-off', generation(0, 'session-called-off')),
      await read('session-moved', generation(1, 'session-moved')),
      await read('session-called-off', generation(1, 'session-called-off')),
    ].map(({ part, event }) => [part.sequence, event.sequence]);
    expect(told.every(([ours, theirs]) => ours === theirs)).toBe(true);
    const sequences = told.map(([sequence]) => sequence as number);
    expect(sequences.every((each, n) => n === 0 || each > (sequences[n - 1] as number))).toBe(true);
  });

  it('gives the same bytes for the same message, whatever the clock of the machine shows', async () => {
    const [one, two] = [await calendarOf('session-reminder'), await calendarOf('session-reminder')];
    expect(one?.text).toBe(two?.text);
    expect(one?.text).toContain('DTSTAMP:20260512T114500Z');
  });

  it('says times in UTC, so that no calendar asks its own zone rules', async () => {
    const { part } = await read('session-reminder');
    expect(part.text).not.toMatch(/VTIMEZONE|TZID/);
  });

  it('ends every line as calendars need it, and none is too long', async () => {
    const { part } = await read('session-reminder', { siteName: 'Ş'.repeat(200) });
    expect(part.text.endsWith('END:VCALENDAR\r\n')).toBe(true);
    expect(part.text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of part.text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  });

  it.each([
    ['en', 'Appointment at Nişantaşı'],
    ['fr', 'Rendez-vous : Nişantaşı'],
    ['tr', 'Randevu: Nişantaşı'],
  ])('is in the language of the patient: %s', async (language, summary) => {
    expect((await read('session-reminder', {}, language)).event.summary).toBe(summary);
  });

  it('[message.treatment-unnamed] names no treatment, by any protocol and in any language', async () => {
    for (const protocol of BUILT_IN_PROTOCOLS) {
      for (const language of ['en', 'fr', 'tr']) {
        const named = { protocol, siteName: 'Mezoterapi Merkezi', placeName: 'Centre de mésothérapie' };
        for (const changes of [{ protocol }, named]) {
          const { part } = await read('session-reminder', changes, language);
          const unfolded = part.text.replaceAll('\r\n ', '');
          expect(unfolded).not.toMatch(/meso|mezo|méso/i);
          for (const title of Object.values(protocol.title)) expect(unfolded).not.toContain(title);
        }
      }
    }
    expect((await read('session-reminder', { siteName: 'Mezoterapi Merkezi' })).event.summary).toBe('Appointment');
  });

  it('goes with messages about appointments by e-mail and with no others, and not where nobody invites', async () => {
    for (const kind of messageKindSchema.options) {
      const has = ['session-reminder', 'session-moved', 'session-called-off'].includes(kind);
      expect([kind, (await calendarOf(kind)) !== null]).toEqual([kind, has]);
      expect(await calendarOf(kind, { organizer: undefined })).toBeNull();
      expect((await renderMessage(messageMatter(kind, INVITING), 'sms', 'en')).calendar).toBeNull();
    }
  });

  it('is read back by a calendar as any names were', async () => {
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(name, name, async (siteName, placeName) => {
        // A name that tells the treatment is left out, and one that says nothing says nothing.
        fc.pre(!/m[eé][sz]o/i.test(siteName + placeName));
        const { event, component } = await read('session-reminder', { siteName, placeName });
        const clinic = oneLine(siteName);
        expect(event.summary).toBe(clinic === '' ? 'Appointment' : `Appointment at ${clinic}`);
        expect(event.location ?? '').toBe(oneLine(placeName));
        expect(component.getFirstPropertyValue('organizer')).toBe('mailto:desk@clinic.example');
        expect(component.getAllProperties()).toHaveLength(
          component.getAllProperties().filter(({ name: of }) => KNOWN.has(of)).length,
        );
      }),
      { numRuns: 200 },
    );
  });
});

const KNOWN = new Set([
  ...['uid', 'sequence', 'dtstamp', 'dtstart', 'dtend', 'summary', 'location', 'organizer', 'attendee', 'status'],
  'class',
]);
