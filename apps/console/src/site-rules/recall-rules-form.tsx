import { useState } from 'react';
import { type RecallRules, setRecallRules } from '../api/sites.js';
import { formText } from '../ui/form-text.js';
import { Field, RuleForm } from './rule-form.js';

interface RecallRulesFormProps {
  site: string;
  rules: RecallRules;
}

/** How often patients are invited, and whether they are offered a time. */
export function RecallRulesForm({ site, rules }: RecallRulesFormProps) {
  return (
    <RuleForm
      title="Invitations to maintenance"
      says="Messages that invite patients to come again. They never come before messages about a treatment or an appointment."
      saved="The rules for invitations are set."
      onSave={(form) => setRecallRules(site, recallRulesOf(form))}
    >
      <Fields rules={rules} />
    </RuleForm>
  );
}

const CAP_USUAL = { count: 2, days: 7 };
const PROPOSALS_USUAL: NonNullable<RecallRules['proposals']> = {
  ...{ capacity: 1, leadDays: 14, holdHours: 48, triesMax: 2, confirmedBy: 'patient' },
};

function Fields({ rules: { cap, proposals } }: { rules: RecallRules }) {
  const [isCapped, setCapped] = useState(cap !== null);
  const [proposes, setProposes] = useState(proposals !== null);
  const usual = proposals ?? PROPOSALS_USUAL;
  return (
    <>
      <Choice name="capped" checked={isCapped} onChange={setCapped}>
        No more than so many invitations to a patient
      </Choice>
      {isCapped && (
        <div className="flex flex-wrap gap-4 pl-6">
          <Whole label="Invitations" name="count" min={1} max={50} value={cap?.count ?? CAP_USUAL.count} />
          <Whole label="Within days" name="days" min={1} max={366} value={cap?.days ?? CAP_USUAL.days} />
        </div>
      )}
      <Choice name="proposes" checked={proposes} onChange={setProposes}>
        Offer a time that is held, instead of asking to call
      </Choice>
      {proposes && (
        <div className="flex flex-wrap gap-4 pl-6">
          <Whole label="Patients at the same time" name="capacity" min={1} max={100} value={usual.capacity} />
          <Whole label="Days ahead, at the earliest" name="leadDays" min={0} max={60} value={usual.leadDays} />
          <Whole label="Held for hours" name="holdHours" min={1} max={336} value={usual.holdHours} />
          <Whole label="Tries before staff call" name="triesMax" min={1} max={10} value={usual.triesMax} />
          <Field label="The session is booked">
            <select name="confirmedBy" className="field pr-7" defaultValue={usual.confirmedBy}>
              <option value="patient">when the patient says yes</option>
              <option value="staff">when staff confirm it</option>
            </select>
          </Field>
        </div>
      )}
    </>
  );
}

interface ChoiceProps {
  name: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: string;
}

function Choice({ name, checked, onChange, children }: ChoiceProps) {
  return (
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        name={name}
        className="size-4 accent-gentian"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {children}
    </label>
  );
}

interface WholeProps {
  label: string;
  name: string;
  min: number;
  max: number;
  value: number;
}

function Whole({ label, name, min, max, value }: WholeProps) {
  return (
    <Field label={label}>
      <input
        type="number"
        name={name}
        required
        min={min}
        max={max}
        step={1}
        className="field w-24"
        defaultValue={value}
      />
    </Field>
  );
}

function recallRulesOf(form: FormData): RecallRules {
  const whole = (name: string): number => Number(formText(form, name));
  return {
    cap: form.has('capped') ? { count: whole('count'), days: whole('days') } : null,
    proposals: form.has('proposes')
      ? {
          ...{ capacity: whole('capacity'), leadDays: whole('leadDays'), holdHours: whole('holdHours') },
          triesMax: whole('triesMax'),
          confirmedBy: formText(form, 'confirmedBy') === 'staff' ? 'staff' : 'patient',
        }
      : null,
  };
}
