import { type OpeningHours, setOpeningHours, WEEKDAYS, type Weekday } from '../api/sites.js';
import { formText } from '../ui/form-text.js';
import { words } from '../ui/labels.js';
import { Field, RuleForm } from './rule-form.js';
import { datesOf, spansOf, spansText } from './rules-text.js';

/** When somebody is there. */
export function OpeningHoursForm({ site, hours }: { site: string; hours: OpeningHours | null }) {
  return (
    <RuleForm
      title="Opening hours"
      says={
        <>
          Invitations ask patients to call, so they go in these hours, and times are proposed in them.{' '}
          {hours === null && (
            <b className="font-semibold text-ink">None are set: invitations go outside quiet hours.</b>
          )}
        </>
      }
      saved="The opening hours are set."
      onSave={async (form) => setOpeningHours(site, openingHoursOf(form))}
    >
      <div className="space-y-4">
        <div className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
          {WEEKDAYS.map((day) => (
            <Field key={day} label={words(day)}>
              <input
                name={day}
                className="field"
                placeholder="closed"
                autoComplete="off"
                aria-describedby="hours-hint"
                defaultValue={hours ? spansText(hours.weekly[day]) : ''}
              />
            </Field>
          ))}
          <Field label="Closed on these dates">
            <textarea
              name="closedOn"
              rows={3}
              className="field h-auto py-1"
              placeholder="2026-12-25"
              defaultValue={hours?.closedOn.join('\n') ?? ''}
            />
          </Field>
        </div>
        <p id="hours-hint" className="text-xs text-faint">
          Hours as <span className="code">09:00–13:00, 14:00–18:30</span>; an empty day is closed. A date on each line.
        </p>
      </div>
    </RuleForm>
  );
}

/** @throws Error that names the day, where its hours cannot be read, and where the site would never be open */
function openingHoursOf(form: FormData): OpeningHours {
  const days = WEEKDAYS.map((day): [Weekday, OpeningHours['weekly'][Weekday]] => {
    const spans = spansOf(formText(form, day));
    if (spans === null)
      throw new Error(`The hours of ${words(day)} cannot be read: write them as 09:00–13:00, 14:00–18:30.`);
    return [day, spans];
  });
  if (days.every(([, spans]) => spans.length === 0)) {
    throw new Error('Give the hours of one day at least: a site that is never open would never invite anybody.');
  }
  return { weekly: Object.fromEntries(days) as OpeningHours['weekly'], closedOn: datesOf(formText(form, 'closedOn')) };
}
