import ical, { ICalAttendeeStatus, ICalCalendarMethod, ICalEventClass, ICalEventStatus } from 'ical-generator';
import { derivedId } from '#libs/kernel/src/ids.js';
import type { CalendarPart } from '../channel.contract.js';
import type { MessageKind } from '../message/message.events.js';
import { addMinutes } from '../plan/shift-time.js';
import { phraseText } from './icu-phrase.js';
import { isDiscreet } from '#libs/protocols/src/discreet.rule.js';
import { discreetName, type MessageMatter, oneLine, senderOf, timeOf } from './message-content.js';
import type { Phrases } from './template-set.js';

const METHODS: Readonly<Partial<Record<MessageKind, CalendarPart['method']>>> = {
  'session-reminder': 'REQUEST',
  'session-moved': 'REQUEST',
  'session-called-off': 'CANCEL',
};

/** The entry of a session in the patient's calendar: the same for every message about it. */
export const calendarUid = (sessionId: string): string => derivedId(sessionId, 'calendar entry');

/**
 * The calendar part of a message about a session (RFC 5545, RFC 5546); null for all other messages and where nobody is
 * named who invites.
 *
 * Times stand in UTC and not beside a VTIMEZONE: most calendars look a zone up by its name and go by their own rules for
 * it, which may be older than ours. An instant is the same everywhere.
 *
 * Calendars are shared: neither the treatment stands in it nor the name of a clinic or place that tells it. The same
 * message gives the same bytes, since its stamp is the chain's time.
 */
export function calendarPart(matter: MessageMatter, language: string, phrases: Phrases): CalendarPart | null {
  const { planned, organizer, recipient, protocol, placeName, now } = matter;
  const method = METHODS[planned.kind];
  const time = timeOf(matter);
  if (!method || !organizer || !time || planned.cause.kind !== 'session') return null;
  const uid = calendarUid(planned.cause.sessionId);
  // Each booking is told under a generation of its own, which only rises; calling it off comes after its last telling.
  const sequence = planned.generation * 2 + (method === 'CANCEL' ? 1 : 0);
  const sender = senderOf(matter, language, phrases);
  const place = oneLine(placeName);
  const calendar = ical({
    prodId: { company: 'Pistor', product: 'Pistor', language: language.toUpperCase() },
    method: method === 'CANCEL' ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  });
  calendar.createEvent({
    id: uid,
    sequence,
    stamp: new Date(now),
    start: new Date(time.instant),
    end: new Date(addMinutes(time.instant, protocol.durationMinutes.max)),
    summary: summaryOf(matter, language, phrases),
    location: place !== '' && isDiscreet(place, protocol) ? place : null,
    // A quotation mark cannot stand in a parameter (RFC 5545, 3.1).
    organizer: { name: sender.replaceAll('"', '’'), email: organizer.email },
    attendees: recipient === undefined ? [] : [{ email: recipient, status: ICalAttendeeStatus.ACCEPTED, rsvp: false }],
    status: method === 'CANCEL' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    class: ICalEventClass.PRIVATE,
  });
  // Every line ends in a line break, the last one too.
  return { method, uid, sequence, text: `${calendar.toString()}\r\n` };
}

function summaryOf(matter: MessageMatter, language: string, phrases: Phrases): string {
  const clinic = discreetName(matter);
  if (clinic === null) return phraseText(phrases['appointment'] as string, language, {});
  return phraseText(phrases['appointment-at'] as string, language, { clinic });
}
