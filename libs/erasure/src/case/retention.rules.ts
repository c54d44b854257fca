import { addMonths, laterDate } from '#libs/kernel/src/local-date.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';

/** A day on which a person was seen, with what the law of the site's country says of it. */
export interface KeptFrom {
  readonly on: LocalDate;
  readonly rules: { readonly years: number; readonly yearsFromMajority: number };
  readonly ageOfMajorityYears: number;
}

const addYears = (date: LocalDate, years: number): LocalDate => addMonths(date, 12 * years);

/**
 * The last day on which a record has to be kept: the latest that any site asks for at which the person was seen. Null for
 * whoever was never seen: there is no treatment that anybody would have to account for.
 * @param birthDates as registrations give them; the latest counts, by which the person comes of age last
 */
export function keptUntil(seen: readonly KeptFrom[], birthDates: readonly LocalDate[]): LocalDate | null {
  const [bornOn] = [...birthDates].sort().reverse();
  const days = seen.map(({ on, rules, ageOfMajorityYears }) => {
    const usual = addYears(on, rules.years);
    const ofAgeOn = bornOn === undefined ? undefined : addYears(bornOn, ageOfMajorityYears);
    return ofAgeOn === undefined || on >= ofAgeOn
      ? usual
      : laterDate(usual, addYears(ofAgeOn, rules.yearsFromMajority));
  });
  return days.sort().at(-1) ?? null;
}
