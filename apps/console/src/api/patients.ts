import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { type Instant, type LocalDate, type Page, type Person, pagesOf } from './common.js';
import { getJson, postJson, putJson } from './http.js';
import type { TimelineItem } from './timeline.js';

export interface PatientSummary extends Person {
  language: string | null;
  channel: string | null;
  contactConsent: boolean | null;
  courses: number;
}

/** What stands in boxes is null where it was erased. */
export interface Patient extends Person {
  familyName: string | null;
  givenName: string | null;
  birthDate: LocalDate | null;
  sex: string | null;
  phone: string | null;
  email: string | null;
  preference: { language: string; channel: string; contactConsent: boolean } | null;
  health: { allergies: string[]; conditions: string[]; medications: string[] } | null;
  revision: number;
}

export interface TimelinePage extends Page<TimelineItem> {
  patient: Person;
  /** Whose events these are: more than one where registrations are linked and were asked for. */
  registrations: Person[];
}

/** What patients choose messages by: what is done to them, their appointments, and what invites them to come again. */
export const CONTACT_CATEGORIES = ['clinical', 'appointment', 'recall'] as const;
export type ContactCategory = (typeof CONTACT_CATEGORIES)[number];

/** What is left out follows the general preference; without a zone that of the course's site counts. */
export interface ContactChoices {
  channels: Partial<Record<ContactCategory, 'email' | 'sms' | 'none'>>;
  timeZone: string | null;
}

/** What a patient wants to be told, and how, beyond the general preference. */
export interface Contact {
  optedOut: ContactCategory[];
  /** The patient sent STOP to a number of ours: nothing goes by SMS until they send START. */
  smsStopped: boolean;
  choices: ContactChoices;
}

/** The registrations that are one person with the one that was asked for, which is the first. */
export interface PatientPerson {
  registrations: {
    patient: Person;
    links: { linkId: string; otherPatientId: string }[];
    courseIds: string[];
    openAdverseEventIds: string[];
    contact: Contact;
  }[];
  diedOn: LocalDate | null;
  movedAwayOn: LocalDate | null;
  isMinor: boolean;
  hasGuardian: boolean;
}

export interface HealthFact {
  id: string;
  /** The registration under which it was recorded. */
  patientId: string;
  kind: 'condition' | 'medication' | 'allergy';
  /** Null where it was erased. */
  statement: string | null;
  /** Null: always, as far as anybody said. */
  since: LocalDate | null;
  /** The last day; null: it holds. */
  until: LocalDate | null;
  recordedAt: Instant;
}

/** What holds of a person's health on a day, over all registrations, and what was learned one by one. */
export interface PersonHealth {
  on: LocalDate;
  health: Patient['health'];
  facts: HealthFact[];
}

/** `search`: an exact code or an exact family name, whatever the case. It may be a name, so it goes in the body. */
export const patientsQuery = (search: string | undefined) =>
  search === undefined
    ? pagesOf<PatientSummary>('patients', '/v1/patients')
    : pagesOf<PatientSummary>('patients', '/v1/patients/search', {}, { search });

export const patientQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient', patient],
    queryFn: ({ signal }) => getJson<Patient>(`/v1/patients/${encodeURIComponent(patient)}`, {}, signal),
  });

export const patientPersonQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient-person', patient],
    queryFn: ({ signal }) => getJson<PatientPerson>(`/v1/patients/${encodeURIComponent(patient)}/person`, {}, signal),
  });

export const patientHealthQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient-health', patient],
    queryFn: ({ signal }) => getJson<PersonHealth>(`/v1/patients/${encodeURIComponent(patient)}/health`, {}, signal),
  });

/** Newest first. `person`: with what is on record under every linked registration. */
export const timelineQuery = (patient: string, person: boolean) =>
  infiniteQueryOptions({
    queryKey: ['timeline', patient, person],
    queryFn: ({ pageParam, signal }) =>
      getJson<TimelinePage>(
        `/v1/patients/${encodeURIComponent(patient)}/timeline`,
        { limit: 60, person: person ? 'true' : undefined, cursor: pageParam ?? undefined },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

const wishesOf = (patient: string, path: string): string => `/v1/patients/${encodeURIComponent(patient)}/${path}`;

/** The whole of the choices. */
export const setContactChoices = (patient: string, choices: ContactChoices) =>
  putJson(wishesOf(patient, 'contact-choices'), choices);

export const optOut = (patient: string, categories: ContactCategory[]) =>
  postJson(wishesOf(patient, 'opt-out'), { categories });

export const optIn = (patient: string, categories: ContactCategory[]) =>
  postJson(wishesOf(patient, 'opt-in'), { categories });
