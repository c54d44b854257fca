import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useId } from 'react';
import { ProblemPanel } from '../ui/problem-panel.js';
import { useToasts } from '../ui/toasts.js';

interface RuleFormProps {
  title: string;
  /** What the rule does, in a sentence or two. */
  says: ReactNode;
  /** Said once it is saved. */
  saved: string;
  onSave: (form: FormData) => Promise<unknown>;
  children: ReactNode;
}

/** A rule of a site that is saved by itself. */
export function RuleForm({ title, says, saved, onSave, children }: RuleFormProps) {
  const heading = useId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const save = useMutation({
    mutationFn: onSave,
    onSuccess: () => toasts.show(saved),
    onSettled: () => void queries.invalidateQueries(),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  };
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading} className="text-lg font-semibold">
        {title}
      </h2>
      <p className="mb-3 text-soft">{says}</p>
      <form onSubmit={submit} className="space-y-4 border-t-[1.5px] border-ink pt-3">
        {children}
        {save.isError && <ProblemPanel error={save.error} />}
        <button type="submit" className="button" data-primary disabled={save.isPending}>
          Save<span className="sr-only"> {title.toLowerCase()}</span>
        </button>
      </form>
    </section>
  );
}

interface FieldProps {
  label: string;
  children: ReactNode;
}

export function Field({ label, children }: FieldProps) {
  return (
    <label className="flex flex-col gap-1">
      <span className="text-xs font-medium text-faint">{label}</span>
      {children}
    </label>
  );
}
