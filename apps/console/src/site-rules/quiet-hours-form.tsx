import { type Site, setQuietHours } from '../api/sites.js';
import { formText } from '../ui/form-text.js';
import { Field, RuleForm } from './rule-form.js';

/** The hours in which nothing leaves. */
export function QuietHoursForm({ site, hours }: { site: string; hours: Site['quietHours'] }) {
  return (
    <RuleForm
      title="Quiet hours"
      says="No message leaves in these hours; it waits for their end. They go by the clock where the patient lives, if that is on record."
      saved="The quiet hours are set."
      onSave={(form) => setQuietHours(site, { from: formText(form, 'from'), to: formText(form, 'to') })}
    >
      <div className="flex flex-wrap gap-4">
        <Field label="From">
          <input type="time" name="from" required className="field" defaultValue={hours?.from} />
        </Field>
        <Field label="To">
          <input type="time" name="to" required className="field" defaultValue={hours?.to} />
        </Field>
      </div>
    </RuleForm>
  );
}
