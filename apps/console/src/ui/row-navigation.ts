import type { MouseEvent } from 'react';

/**
 * Lets a click anywhere in a row follow the row's own link. Keyboards and screen readers use the link itself; a click on
 * another control of the row, or one that ends a selection of text, is left alone.
 */
export function followRow(event: MouseEvent<HTMLElement>): void {
  if (!(event.target instanceof Element) || event.target.closest('a, button, input, label, summary')) return;
  if (window.getSelection()?.isCollapsed === false) return;
  const link = event.currentTarget.querySelector<HTMLElement>('[data-row-link]');
  // Passing the modifiers on keeps "open in a new tab" what it is.
  link?.dispatchEvent(
    new window.MouseEvent('click', {
      bubbles: true,
      cancelable: true,
      ctrlKey: event.ctrlKey,
      metaKey: event.metaKey,
      shiftKey: event.shiftKey,
    }),
  );
}
