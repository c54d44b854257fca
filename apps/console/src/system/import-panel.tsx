import { useQueryClient } from '@tanstack/react-query';
import { type ChangeEvent, type DragEvent, useRef, useState, useSyncExternalStore } from 'react';
import { FolderIcon } from '../ui/icons.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { filesOfDrop } from './dropped-files.js';
import { ImportProgressView } from './import-progress.js';
import { ImportReportView } from './import-report.js';
import { importRun } from './import-run.js';

/** Takes a history folder, its CSV files or a zip of them; shows how far it is, and afterwards every refused line. */
export function ImportPanel({ onStart, onDone }: { onStart?: () => void; onDone?: () => void }) {
  const queries = useQueryClient();
  const run = useSyncExternalStore(importRun.subscribe, importRun.current);
  const [over, setOver] = useState(false);
  const filesInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);

  const start = (files: File[]) => {
    onStart?.();
    void importRun.start(files).finally(() => void queries.invalidateQueries());
  };
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    start([...(event.target.files ?? [])]);
    // The same folder may be chosen again after mending it.
    event.target.value = '';
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    start(await filesOfDrop(event.dataTransfer));
  };

  return (
    <div>
      {!run.isRunning && (
        <div
          data-over={over || undefined}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => void drop(event)}
          className="flex max-w-2xl flex-col items-start gap-3 border border-dashed border-strong bg-surface px-5 py-6 data-[over]:border-gentian data-[over]:bg-gentian-wash"
        >
          <p className="flex items-center gap-2 font-semibold">
            <FolderIcon />
            Drop the folder, its CSV files, or a zip of them here
          </p>
          <p className="text-soft">
            The import may be repeated: lines that are already on record change nothing. Nothing that was due before is
            sent.
          </p>
          <div className="flex flex-wrap gap-2">
            <button type="button" className="button" data-primary onClick={() => folderInput.current?.click()}>
              Choose a folder
            </button>
            <button type="button" className="button" onClick={() => filesInput.current?.click()}>
              Choose files
            </button>
          </div>
          <input ref={filesInput} type="file" hidden multiple accept=".csv,.zip" onChange={choose} aria-label="Files" />
          <input
            ref={(input) => {
              folderInput.current = input;
              input?.setAttribute('webkitdirectory', '');
            }}
            type="file"
            hidden
            onChange={choose}
            aria-label="Folder"
          />
        </div>
      )}
      {run.isRunning && <ImportProgressView phase={run.phase} progress={run.progress} />}
      {run.error && (
        <div className="mt-4">
          <ProblemPanel error={run.error} />
        </div>
      )}
      {run.report && <ImportReportView report={run.report} onDone={onDone} />}
    </div>
  );
}
