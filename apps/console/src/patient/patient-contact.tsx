import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import {
  CONTACT_CATEGORIES,
  type Contact,
  type ContactCategory,
  optIn,
  optOut,
  type Patient,
  type PatientPerson,
  setContactChoices,
} from '../api/patients.js';
import { CATEGORY_NAMES } from '../messages/message-text.js';
import { channelName } from '../ui/labels.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { useToasts } from '../ui/toasts.js';
import { choicesOf } from './contact-choices.js';

interface PatientContactProps {
  patient: Patient;
  person: PatientPerson;
}

/** Which messages the patient wants, and on which channel; in force at once for what has not left. */
export function PatientContact({ patient, person }: PatientContactProps) {
  const [isChanging, setChanging] = useState(false);
  const contact = person.registrations.find((each) => each.patient.id === patient.id)?.contact;
  if (!contact) return null;
  return (
    <section aria-labelledby="wishes" className="mb-8">
      <h2 id="wishes" className="mb-2 text-lg font-semibold">
        Messages wanted
      </h2>
      {isChanging ? (
        <ChoicesForm patient={patient} contact={contact} onDone={() => setChanging(false)} />
      ) : (
        <>
          <Wishes patient={patient} contact={contact} />
          <button type="button" className="button mt-3 print:hidden" data-small onClick={() => setChanging(true)}>
            Change channels and zone
          </button>
        </>
      )}
    </section>
  );
}

interface WishesProps {
  patient: Patient;
  contact: Contact;
}

const generalOf = (patient: Patient): string => channelName(patient.preference?.channel ?? 'none');

function Wishes({ patient, contact: { optedOut, smsStopped, choices } }: WishesProps) {
  return (
    <>
      <ul className="border-t border-line">
        {CONTACT_CATEGORIES.map((category) => {
          const isOut = optedOut.includes(category);
          const chosen = choices.channels[category];
          return (
            <li key={category} className="flex items-center justify-between gap-2 border-b border-line py-1.5">
              <span>
                <span className="block">{CATEGORY_NAMES[category]}</span>
                <span className="block text-xs text-soft">
                  {isOut ? (
                    <b className="font-semibold text-iodine">not wanted</b>
                  ) : chosen ? (
                    channelName(chosen)
                  ) : (
                    `${generalOf(patient)}, as in general`
                  )}
                </span>
              </span>
              <WishButton patient={patient} category={category} isOut={isOut} />
            </li>
          );
        })}
      </ul>
      {smsStopped && (
        <p className="mt-1.5 text-xs">
          <b className="font-semibold text-iodine">Sent STOP:</b> nothing goes by SMS until they send START.
        </p>
      )}
      <p className="mt-1.5 text-xs text-soft">
        Quiet hours by the clock {choices.timeZone ? `in ${choices.timeZone}` : 'of the course’s site'}.
      </p>
    </>
  );
}

interface WishButtonProps {
  patient: Patient;
  category: ContactCategory;
  isOut: boolean;
}

function WishButton({ patient, category, isOut }: WishButtonProps) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const wish = useMutation({
    mutationFn: () => (isOut ? optIn : optOut)(patient.id, [category]),
    onSuccess: () =>
      toasts.show(`${CATEGORY_NAMES[category]}: ${isOut ? 'wanted again' : 'not wanted any more, from now on'}.`),
    onError: (error) => toasts.show(error.message),
    onSettled: () => void queries.invalidateQueries(),
  });
  return (
    <button
      type="button"
      className="button print:hidden"
      data-small
      disabled={wish.isPending}
      onClick={() => wish.mutate()}
    >
      {isOut ? 'Wants them again' : 'Wants none'}
      <span className="sr-only"> {CATEGORY_NAMES[category]}</span>
    </button>
  );
}

interface ChoicesFormProps extends WishesProps {
  onDone: () => void;
}

/** Only to help typing: which zones there are is for the server to say. */
const ZONES = Intl.supportedValuesOf('timeZone');

function ChoicesForm({ patient, contact: { choices }, onDone }: ChoicesFormProps) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const zones = useId();
  const save = useMutation({
    mutationFn: (form: FormData) => setContactChoices(patient.id, choicesOf(form)),
    onSuccess: () => {
      toasts.show('What the patient wants is on record.');
      onDone();
    },
    onSettled: () => void queries.invalidateQueries(),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={submit} className="space-y-3 border-t border-line pt-3">
      {CONTACT_CATEGORIES.map((category) => (
        <label key={category} className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">{CATEGORY_NAMES[category]}</span>
          <select name={category} className="field pr-7" defaultValue={choices.channels[category] ?? ''}>
            <option value="">As in general ({generalOf(patient)})</option>
            <option value="email">{channelName('email')}</option>
            <option value="sms">{channelName('sms')}</option>
            <option value="none">On no channel</option>
          </select>
        </label>
      ))}
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Lives in the time zone</span>
        <input
          name="timeZone"
          className="field"
          list={zones}
          defaultValue={choices.timeZone ?? ''}
          placeholder="As at the course’s site"
          autoComplete="off"
          spellCheck={false}
        />
        <datalist id={zones}>
          {ZONES.map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </label>
      {save.isError && <ProblemPanel error={save.error} />}
      <div className="flex gap-2">
        <button type="submit" className="button" data-primary disabled={save.isPending}>
          Save
        </button>
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}
