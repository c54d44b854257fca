import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useId, useRef } from 'react';
import { ProblemPanel } from './problem-panel.js';

interface ConfirmProps {
  /** On the button that asks. */
  button: ReactNode;
  title: string;
  /** On the button that does it. */
  confirm: string;
  /** What follows from it, and fields that are asked for. */
  children: ReactNode;
  onConfirm: (form: FormData) => Promise<unknown>;
  /** A button in a line of text. */
  small?: boolean;
}

/** A button whose deed has weight: it says first what follows, and does it on a second press. */
export function Confirm({ button, title, confirm, children, onConfirm, small = false }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const queries = useQueryClient();
  const deed = useMutation({
    mutationFn: onConfirm,
    onSuccess: () => dialog.current?.close(),
    onSettled: () => void queries.invalidateQueries(),
  });
  const open = () => {
    deed.reset();
    dialog.current?.showModal();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    deed.mutate(new FormData(event.currentTarget));
  };
  return (
    <>
      <button type="button" className="button" data-small={small || undefined} onClick={open}>
        {button}
      </button>
      <dialog
        ref={dialog}
        aria-labelledby={heading}
        className="w-[34rem] max-w-[92vw] border border-strong bg-surface p-0 text-ink shadow-2xl backdrop:bg-black/40"
      >
        <form onSubmit={submit} className="space-y-3 px-5 py-4">
          <h2 id={heading} className="text-lg font-semibold">
            {title}
          </h2>
          {children}
          {deed.isError && <ProblemPanel error={deed.error} />}
          <div className="flex flex-wrap justify-end gap-2 pt-1">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Not now
            </button>
            <button type="submit" className="button" data-primary disabled={deed.isPending}>
              {confirm}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
