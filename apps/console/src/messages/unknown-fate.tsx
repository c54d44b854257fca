import { confirmMessageSent, type Explanation, reopenMessage } from '../api/messages.js';
import { Confirm } from '../ui/confirm.js';
import { formText } from '../ui/form-text.js';
import { useToasts } from '../ui/toasts.js';

/** What only a person can decide of a message whose fate is unknown. */
export function UnknownFate({ explanation }: { explanation: Explanation }) {
  const toasts = useToasts();
  // What was never attempted cannot have been sent from here, only by a system before a restored backup.
  const attempted = explanation.steps.some(({ attempt }) => attempt !== null);
  const { id } = explanation;
  return (
    <section
      aria-labelledby="decide"
      className="mb-8 max-w-3xl border-l-4 border-iodine bg-surface px-4 py-3 print:hidden"
    >
      <h2 id="decide" className="font-semibold">
        Somebody decides
      </h2>
      <p className="mt-1 text-soft">
        {attempted
          ? 'Look with the provider, or ask the patient, whether it arrived.'
          : 'No attempt is on record here. The system that went on after the backup may have sent it: ask the patient, or the provider.'}
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        <Confirm
          button="Let it go again"
          title="Let this message go again?"
          confirm="Let it go"
          onConfirm={async () => {
            await reopenMessage(id);
            toasts.show('The message may go again.');
          }}
        >
          <p>
            It is decided anew, as every other one: it goes at the next time that is allowed, unless its cause is gone
            or it is of no use any more. If it did arrive the first time, the patient gets it twice.
          </p>
        </Confirm>
        {attempted && (
          <Confirm
            button="It was sent"
            title="Record that it was sent?"
            confirm="It was sent"
            onConfirm={async (form) => {
              await confirmMessageSent(id, formText(form, 'reference'));
              toasts.show('It is on record that the message was sent.');
            }}
          >
            <p>It counts as sent from then on, and never goes again.</p>
            <label className="flex flex-col gap-1">
              <span className="text-xs font-medium text-faint">
                By what it was found with the provider, or who says so
              </span>
              <input name="reference" required maxLength={200} autoComplete="off" className="field" />
            </label>
          </Confirm>
        )}
      </div>
    </section>
  );
}
