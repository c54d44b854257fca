import type { ErrorComponentProps } from '@tanstack/react-router';
import { PageHeader } from '../ui/page-header.js';
import { ProblemPanel } from '../ui/problem-panel.js';

/** Shown instead of a page that could not be drawn or loaded: after an update of the server its files have new names. */
export function RouteError({ error: thrown }: ErrorComponentProps) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const chunkIsGone = /dynamically imported module|module script/i.test(error.message);
  const shown = chunkIsGone ? new Error('The console was updated while this page was open. Load it again.') : error;
  return (
    <div className="mx-auto max-w-[90rem] px-4 pt-6">
      <PageHeader title="This page cannot be shown" />
      <ProblemPanel error={shown} onRetry={() => window.location.reload()} />
    </div>
  );
}
