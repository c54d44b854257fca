import type { ImportProgress } from '../api/imports.js';
import { ProgressBar } from '../ui/progress-bar.js';

/** One bar for each file. Only the phase is announced; a bar a second would drown a listener. */
export function ImportProgressList({ phase, files }: { phase: string; files: readonly ImportProgress[] }) {
  return (
    <div className="max-w-2xl border border-line bg-surface px-5 py-4">
      <p role="status" className="font-semibold">
        {phase || 'Starting'}
      </p>
      <ul className="mt-3 space-y-2.5">
        {files.map((file) => (
          <li key={file.file}>
            <span className="mb-1 flex items-baseline justify-between gap-4">
              <span className="code">{file.file}</span>
              <span className="text-soft">
                {file.lines.toLocaleString('en')} of {file.total.toLocaleString('en')} lines
              </span>
            </span>
            <ProgressBar label={file.file} value={file.lines} max={file.total} />
          </li>
        ))}
      </ul>
    </div>
  );
}
