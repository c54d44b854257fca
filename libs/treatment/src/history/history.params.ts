import { Invalid, NotFound } from '#libs/kernel/src/errors.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { type Instant, isLocalDate, type LocalDate, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { HistoryAt } from '#libs/event-store/src/correction.js';
import { z } from 'zod';

const INSTANT = 'an instant in UTC such as 2026-01-31T09:00:00Z';

const instantText = z.iso.datetime({ error: `Expected ${INSTANT}` });

/** Query parameters of whatever shows a course or a patient: which of its histories is asked for. */
export const historyShape = {
  asOf: z
    .string()
    .refine((text) => isLocalDate(text) || instantText.safeParse(text).success, {
      error: `Expected ${INSTANT}, or a date such as 2026-01-31`,
    })
    .optional()
    .describe(
      'Valid time: what occurred later is left out. An instant in UTC, or a date, which means the end of that day at the site of the course.',
    ),
  knownAt: instantText
    .optional()
    .describe('Recorded time: what was recorded later is left out, corrections included. An instant in UTC.'),
};

/** As a caller has written it; checked by `historyShape`. */
export interface HistoryParams {
  readonly asOf?: string | undefined;
  readonly knownAt?: string | undefined;
}

/** Whether anything else is asked for than what is known now. */
export const asksForHistory = ({ asOf, knownAt }: HistoryParams): boolean =>
  asOf !== undefined || knownAt !== undefined;

/** A history that was asked for, with the moment that it is looked at from. */
export interface AskedHistory extends HistoryAt {
  /** What an answer takes for the present: the valid time that was asked for, else the recorded time, else now. */
  readonly now: Instant;
}

/**
 * What is asked for, in instants.
 * @param zone of the course's site, in which a date is meant
 * @param now by the chain's clock
 * @throws Invalid `history.known-in-future`
 */
export function askedHistory(params: HistoryParams, zone: string, now: Instant): AskedHistory {
  const knownAt = params.knownAt === undefined ? undefined : normal(params.knownAt);
  if (knownAt !== undefined && knownAt > now) throw knownInFuture(knownAt, now);
  const asOf = params.asOf === undefined ? undefined : lastInstantOf(params.asOf, zone);
  return { asOf, knownAt, now: asOf ?? knownAt ?? now };
}

const lastInstantOf = (asOf: string, zone: string): Instant =>
  isLocalDate(asOf) ? endOfDay(asOf, zone) : normal(asOf);

const normal = (instant: string): Instant => new Date(instant).toISOString();

/** The last instant of a day in a zone, to the millisecond that instants are kept with. */
function endOfDay(date: LocalDate, zone: string): Instant {
  const next = wallToInstant(`${addDays(date, 1)}T00:00`, zone);
  return new Date(Date.parse(next.instant) - 1).toISOString();
}

function knownInFuture(seen: Instant, now: Instant): Invalid {
  const accepted = `${now} or earlier`;
  return new Invalid('history.known-in-future', 'Nobody knows yet what will be on record then.', {
    fields: [
      {
        field: 'knownAt',
        message: `Name a recorded time that has come: ${accepted}.`,
        rule: 'history.known-in-future',
        facts: [],
        seen,
        accepted,
      },
    ],
  });
}

/** Those of everybody would have to be computed anew from the whole log. @param what of the list */
export const patientMissing = (what: string): Invalid =>
  new Invalid('history.patient-missing', `A list of ${what} as they stood is that of one patient.`, {
    fields: [
      {
        field: 'patient',
        message: `Name the patient whose ${what} are asked for, or leave out \`asOf\` and \`knownAt\`.`,
        rule: 'history.patient-missing',
        facts: [],
        seen: null,
        accepted: 'id or code of a patient',
      },
    ],
  });

/** It is on record now, but was not by then, or had not occurred by then. @param code `course.unknown-then` */
export function unknownThen(code: `${string}.unknown-then`, what: string, { asOf, knownAt }: HistoryParams): NotFound {
  const fields = Object.entries({ asOf, knownAt }).flatMap(([field, seen]) =>
    seen === undefined
      ? []
      : [
          {
            field,
            message: 'Name a later time.',
            rule: 'history.unknown-then',
            facts: [],
            seen,
            accepted: 'a later time',
          },
        ],
  );
  return new NotFound(code, `There was no ${what} on record as of then.`, { fields });
}
