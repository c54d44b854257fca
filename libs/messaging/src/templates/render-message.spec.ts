import { newId } from '#libs/kernel/src/ids.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import { CourseCompleted, MaintenanceProposed } from '#libs/treatment/src/course/course.events.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { COURSE, courseOf, PATIENT, planContext, SITE, timelineOf } from '#test/support/messaging-timeline.js';
import { zoned } from '#test/support/treatment-history.js';
import type { MessageKind } from '../message/message.events.js';
import type { MessageMatter } from './message-content.js';
import { renderMessage, TEMPLATES } from './render-message.js';

const facial = planContext().protocol;
const sessionId = newId();
const at = occurredNow('2026-05-01T00:00:00.000Z');

const KINDS: MessageKind[] = [
  ...(['aftercare', 'all-clear', 'check-in', 'session-reminder', 'aspirin-notice'] as const),
  ...(['precaution-notice', 'maintenance-due-soon', 'maintenance-due', 'maintenance-overdue'] as const),
];

function matter(kind: MessageKind, changes: Partial<MessageMatter> = {}): MessageMatter {
  const after = ['aftercare', 'all-clear', 'check-in'].includes(kind);
  const course = courseOf();
  if (after) course.performed('2026-05-12T14:00', { id: sessionId, minutes: 45 });
  else course.booked('2026-05-20T14:00', { id: sessionId });
  course.push(
    CourseCompleted(at, { courseId: COURSE, patientId: PATIENT }),
    MaintenanceProposed(at, {
      courseId: COURSE,
      patientId: PATIENT,
      ordinal: 1,
      opens: '2026-08-12',
      closes: '2026-11-12',
    }),
  );
  const cause = kind.startsWith('maintenance')
    ? ({ kind: 'maintenance-window', ordinal: 1 } as const)
    : ({ kind: 'session', sessionId } as const);
  const precaution = kind.endsWith('notice') ? 'aspirin-or-nsaid' : undefined;
  const ids = { messageId: newId(), courseId: COURSE, patientId: PATIENT, siteId: SITE };
  const due = zoned('2026-05-12T14:45');
  return {
    planned: { ...ids, kind, cause, generation: 0, precaution, due, expiresAt: due.instant, facts: [] },
    course: timelineOf([course.events, { at: '2026-05-01T00:00:00.000Z' }]).course,
    protocol: facial,
    givenName: 'İpek',
    siteName: 'Nişantaşı',
    placeName: 'Kadıköy',
    now: due.instant,
    ...changes,
  };
}

describe('aftercare', () => {
  const { subject, body } = renderMessage(matter('aftercare'), 'email', 'en');

  it('[aftercare.own-ends] has a line for each thing, each with its own end as the clock of the site will show it', () => {
    expect(body).toContain('Hello İpek,');
    const washing = body.split('\n').find((line) => line.includes('wash'));
    expect(washing).toMatch(/^- .* Until Wednesday,? 13 May 2026, 14:45\.$/);
  });

  it('[aftercare.own-ends] says no end for what goes on', () => {
    const sun = body.split('\n').find((line) => line.includes('sunscreen'));
    expect(sun).toMatch(/^- /);
    expect(sun).not.toContain('Until');
  });

  it('[message.treatment-unnamed] names the treatment in the e-mail and not in the subject', () => {
    expect(body).toContain('Facial mesotherapy');
    expect(subject).toBe('After your visit: what to do and what to leave off');
  });

  it('leaves out what is over when a session was recorded late', () => {
    const late = renderMessage(matter('aftercare', { now: '2026-05-20T09:00:00.000Z' }), 'email', 'en').body;
    expect(late).not.toContain('Until');
    expect(late).toContain('sunscreen');
  });
});

describe('the all-clear', () => {
  it('[all-clear.repeats] says what is free again and repeats what goes on', () => {
    const { body } = renderMessage(matter('all-clear'), 'email', 'en');
    const [free, goesOn] = body.split('This goes on:');
    expect(free).toContain('You may exercise again.');
    expect(goesOn).toContain('sunscreen');
  });

  it('[all-clear.not-forbidden-again] does not free what the next session already forbids (S0-P1)', () => {
    const alone = renderMessage(matter('all-clear'), 'email', 'en').body;
    const course = courseOf().performed('2026-05-12T14:00', { id: sessionId }).booked('2026-05-19T14:00');
    const next = { course: timelineOf([course.events, { at: '2026-05-01T00:00:00.000Z' }]).course };
    const before = renderMessage(matter('all-clear', next), 'email', 'en').body;
    expect(alone).toContain('If you need aspirin, you may take it again.');
    expect(before).not.toContain('aspirin');
  });
});

describe('a notice before a session', () => {
  it('[aftercare.prescribed-medicine] asks to talk to the doctor and never to stop what one has prescribed', () => {
    const { body } = renderMessage(matter('aspirin-notice'), 'email', 'en');
    expect(body).toContain('If a doctor has prescribed one to you, ask that doctor before you change anything.');
    expect(body).toContain('at Kadıköy');
  });
});

describe('every message', () => {
  const all = KINDS.flatMap((kind) =>
    Object.keys(TEMPLATES).flatMap((language) => BUILT_IN_PROTOCOLS.map((protocol) => ({ kind, language, protocol }))),
  );
  const names = /mesother|mezoter|mésothér/i;

  it('[message.language] is written in each language for each protocol, with every name filled in', () => {
    for (const { kind, language, protocol } of all) {
      for (const channel of ['email', 'sms'] as const) {
        const { subject, body, language: written } = renderMessage(matter(kind, { protocol }), channel, language);
        expect(written).toBe(language);
        expect(`${subject ?? ''}${body}`).not.toMatch(/\{\{|\{%|undefined|null/);
        expect(subject === null).toBe(channel === 'sms');
      }
    }
  });

  it('[message.treatment-unnamed] never names a treatment in an SMS or a subject line', () => {
    for (const { kind, language, protocol } of all) {
      const titles = Object.values(protocol.title);
      const sms = renderMessage(matter(kind, { protocol }), 'sms', language).body;
      const { subject } = renderMessage(matter(kind, { protocol }), 'email', language);
      for (const text of [sms, subject as string]) {
        expect(text).not.toMatch(names);
        expect(titles.some((title) => text.includes(title))).toBe(false);
      }
    }
  });

  it('[message.treatment-unnamed] does not name a clinic in an SMS whose name says what is done there', () => {
    const sms = renderMessage(matter('session-reminder', { siteName: 'Mezoterapi Merkezi' }), 'sms', 'tr').body;
    expect(sms).toMatch(/^Kliniğiniz: /);
  });

  it('[message.language] falls back to the language without its region, then to English', () => {
    expect(renderMessage(matter('check-in'), 'sms', 'tr-TR').language).toBe('tr');
    expect(renderMessage(matter('check-in'), 'sms', 'de').language).toBe('en');
  });

  it('carries the hash of the words that were used, whoever gets them', () => {
    const one = renderMessage(matter('check-in'), 'email', 'en').templateHash;
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(renderMessage(matter('check-in', { givenName: 'Ana' }), 'email', 'en').templateHash).toBe(one);
    expect(renderMessage(matter('check-in'), 'sms', 'en').templateHash).not.toBe(one);
    expect(renderMessage(matter('check-in'), 'email', 'fr').templateHash).not.toBe(one);
  });

  it('shows local names of days', () => {
    expect(renderMessage(matter('session-reminder'), 'email', 'tr').subject).toBe(
      'Randevunuz: 20 Mayıs 2026 Çarşamba, 14:00',
    );
    expect(renderMessage(matter('maintenance-due'), 'sms', 'fr').body).toContain('jeudi 12 novembre 2026');
  });
});
