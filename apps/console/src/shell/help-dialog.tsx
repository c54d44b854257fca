import { type Ref, useState } from 'react';
import { hotkeysAreOn, setHotkeys } from './hotkey-setting.js';

const KEYS: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['/'], does: 'Search patients' },
  { keys: ['j', 'k'], does: 'Next and previous row' },
  { keys: ['Enter'], does: 'Open the row' },
  { keys: ['g', 'd'], does: 'Due list' },
  { keys: ['g', 'c'], does: 'Courses' },
  { keys: ['g', 't'], does: "Today's sessions at the site" },
  { keys: ['g', 'w'], does: 'What waits for a person' },
  { keys: ['g', 'l'], does: 'The list of tasks' },
  { keys: ['g', 'p'], does: 'Patients' },
  { keys: ['g', 'm'], does: 'Messages' },
  { keys: ['g', 'o'], does: 'Outbox' },
  { keys: ['g', 'r'], does: 'Protocols' },
  { keys: ['g', 's'], does: 'System' },
  { keys: ['?'], does: 'This list' },
];

export function HelpDialog({ ref }: { ref: Ref<HTMLDialogElement> }) {
  const [on, setOn] = useState(hotkeysAreOn);
  return (
    <dialog
      ref={ref}
      aria-labelledby="help-title"
      className="w-96 max-w-[92vw] border border-strong bg-surface p-0 text-ink shadow-2xl backdrop:bg-black/40"
    >
      <div className="px-5 py-4">
        <h2 id="help-title" className="mb-3 text-lg font-semibold">
          Keyboard shortcuts
        </h2>
        <dl className={on ? '' : 'opacity-60'}>
          {KEYS.map(({ keys, does }) => (
            <div key={does} className="flex items-center justify-between border-b border-line py-1.5">
              <dt>{does}</dt>
              <dd className="flex gap-1">
                {keys.map((key) => (
                  <kbd key={key} className="code rounded border border-strong bg-ground px-1.5 text-xs leading-5">
                    {key}
                  </kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
        <label className="mt-4 flex items-center gap-2">
          <input
            type="checkbox"
            className="size-4 accent-gentian"
            checked={on}
            onChange={(event) => {
              setOn(event.target.checked);
              setHotkeys(event.target.checked);
            }}
          />
          Use single-key shortcuts on this device
        </label>
        <form method="dialog" className="mt-4 flex justify-end">
          <button type="submit" className="button">
            Close
          </button>
        </form>
      </div>
    </dialog>
  );
}
