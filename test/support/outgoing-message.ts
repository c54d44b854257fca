import type { Chain } from '#libs/event-store/src/chains.js';
import type { CalendarPart, OutgoingMessage } from '#libs/messaging/src/channel.contract.js';

export const CHANNEL_CHAIN: Chain = { id: '0199a000-0000-7000-8000-000000000001', no: 1, slug: 'demo', sandbox: true };

/** A message as the dispatcher hands it to a channel. */
export const anEmail = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  messageId: '0199a000-0000-7000-8000-00000000000a',
  patientId: '0199a000-0000-7000-8000-00000000000b',
  courseId: '0199a000-0000-7000-8000-00000000000c',
  siteId: '0199a000-0000-7000-8000-00000000000d',
  kind: 'session-reminder',
  channel: 'email',
  to: 'ayse@example.org',
  language: 'tr',
  templateHash: 'b'.repeat(64),
  sender: 'Klinik Işık',
  subject: 'Randevunuz yarın',
  body: 'Sayın Ayşe,\nyarın 10:00.\n.\nGörüşmek üzere',
  html: '<p>Sayın Ayşe, yarın 10:00.</p>',
  calendar: null,
  unsubscribeUrl: null,
  sentAt: '2026-03-01T09:00:00.000Z',
  attempt: 1,
  idempotencyKey: '0199a000-0000-8000-8000-0000000000ff',
  ...changes,
});

export const anSms = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage =>
  anEmail({
    channel: 'sms',
    to: '+905321234567',
    subject: null,
    html: null,
    body: 'Yarın 10:00. İptal: 2',
    ...changes,
  });

/** The calendar of a session, whose summary runs over a line's 75 bytes. */
export function calendarPart(method: CalendarPart['method'], sequence: number): CalendarPart {
  const uid = '0199a000-0000-7000-8000-0000000000ee@example.com';
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Pistor//Pistor//EN',
    `METHOD:${method}`,
    'BEGIN:VEVENT',
    `UID:${uid}`,
    `SEQUENCE:${sequence}`,
    'DTSTAMP:20260301T090000Z',
    'DTSTART:20260302T070000Z',
    'DTEND:20260302T073000Z',
    'SUMMARY:Randevu – Klinik Işık\\, Bağdat Caddesi 100\\, Kadıköy\\, İst',
    ' anbul',
    'ORGANIZER:mailto:reminders@clinic.example.com',
    'ATTENDEE:mailto:ayse@example.org',
    method === 'CANCEL' ? 'STATUS:CANCELLED' : 'STATUS:CONFIRMED',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ];
  return { method, uid, sequence, text: lines.join('\r\n') };
}
