import type { ImportProgress } from '../api/imports.js';
import { plural } from '../ui/labels.js';
import { ProgressBar } from '../ui/progress-bar.js';
import { csvName } from './history-files.js';

/** How far the import is. Only the phase is announced; a number a second would drown a listener. */
export function ImportProgressView({ phase, progress }: { phase: string; progress: ImportProgress | null }) {
  return (
    <div className="max-w-2xl border border-line bg-surface px-5 py-4">
      <p role="status" className="font-semibold">
        {phase || 'Starting'}
      </p>
      {progress && (
        <div className="mt-3">
          <p className="mb-1 flex items-baseline justify-between gap-4">
            <span className="code">{csvName(progress.file)}</span>
            <span className="text-soft">{plural(progress.lines, 'line')}</span>
          </p>
          <ProgressBar label="Import" value={progress.bytes} max={progress.totalBytes} />
        </div>
      )}
    </div>
  );
}
