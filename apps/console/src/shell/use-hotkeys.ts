import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useCurrentSite } from '../ui/current-site.js';
import { hotkeysAreOn } from './hotkey-setting.js';

/** A second key counts as part of a sequence for so long. */
const SEQUENCE_MS = 1_200;

/** Single keys for people who live in these lists. They rest while somebody types or a dialog is open. */
export function useHotkeys(openHelp: () => void): void {
  const navigate = useNavigate();
  const site = useCurrentSite();
  useEffect(() => {
    let goUntil = 0;
    const ways: Record<string, () => unknown> = {
      d: () => navigate({ to: '/' }),
      c: () => navigate({ to: '/courses' }),
      t: () => site && navigate({ to: '/sites/$site/day', params: { site } }),
      w: () => navigate({ to: '/waiting' }),
      l: () => navigate({ to: '/tasks' }),
      p: () => navigate({ to: '/patients' }),
      m: () => navigate({ to: '/messages' }),
      o: () => navigate({ to: '/outbox' }),
      r: () => navigate({ to: '/protocols' }),
      s: () => navigate({ to: '/system' }),
    };
    const singles: Record<string, () => void> = {
      '/': () => document.querySelector<HTMLElement>('[data-hotkey-search]')?.focus(),
      '?': openHelp,
      g: () => {
        goUntil = Date.now() + SEQUENCE_MS;
      },
      j: () => moveAlongRows(1),
      k: () => moveAlongRows(-1),
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !hotkeysAreOn()) return;
      const action = (Date.now() < goUntil ? ways[event.key] : undefined) ?? singles[event.key];
      goUntil = 0;
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, openHelp, site]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, select, textarea, dialog, [contenteditable]') !== null;
}

function moveAlongRows(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main [data-row-link]')].filter(
    (link) => link.getClientRects().length > 0,
  );
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at === -1 ? (step === 1 ? 0 : links.length - 1) : at + step;
  links[next]?.focus();
}
