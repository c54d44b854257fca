import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ImportProgress, type ImportReport, importZip } from '../api/imports.js';
import { chooseHistory } from './history-files.js';

/** Packs, sends and follows one import. */
export function useImport() {
  const queries = useQueryClient();
  const [phase, setPhase] = useState('');
  const [files, setFiles] = useState<ImportProgress[]>([]);
  const run = useMutation({
    mutationFn: async (chosen: File[]): Promise<ImportReport> => {
      setFiles([]);
      const zip = await packed(chosen, setPhase);
      setPhase('Sending');
      for await (const line of importZip(zip)) {
        if ('report' in line) return line.report;
        setPhase('Reading');
        setFiles((before) => withProgress(before, line.progress));
      }
      throw new Error('The server broke off before it reported. Import again: lines on record are not repeated.');
    },
    onSettled: () => void queries.invalidateQueries(),
  });
  return {
    start: (chosen: File[]) => run.mutate(chosen),
    isRunning: run.isPending,
    phase,
    files,
    error: run.error,
    report: run.data ?? null,
  };
}

async function packed(chosen: File[], tell: (phase: string) => void): Promise<Blob> {
  const choice = chooseHistory(chosen);
  if (choice.kind === 'nothing') throw new Error(choice.why);
  if (choice.kind === 'zip') return choice.zip;
  tell('Packing');
  const total = choice.files.reduce((bytes, file) => bytes + file.size, 0) || 1;
  const { zipFiles } = await import('./zip.js');
  return await zipFiles(choice.files, (bytes) => tell(`Packing, ${Math.round((bytes / total) * 100)} %`));
}

/** The latest word on each file, in the order in which the files were begun. */
export function withProgress(before: readonly ImportProgress[], progress: ImportProgress): ImportProgress[] {
  const known = before.some((one) => one.file === progress.file);
  return known ? before.map((one) => (one.file === progress.file ? progress : one)) : [...before, progress];
}
