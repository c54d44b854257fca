import type { Dispatch } from '../api/dispatch.js';
import { formatInstant } from '../ui/dates.js';

/** What opening dispatch does, to be read before it is done. */
export function openingText({ doubtSince }: Pick<Dispatch, 'doubtSince'>): string[] {
  if (doubtSince === null) {
    return [
      'Opening lets messages leave again. What fell due meanwhile goes at once, no faster than the providers are set to take it; what is of no use any more expires.',
    ];
  }
  return [
    `This chain was restored from a backup of ${formatInstant(doubtSince)}. The system that went on after that may have sent what fell due since.`,
    'So opening first makes every message that fell due since then unknown. None of them goes by itself: each is let go again by a person, or confirmed as sent.',
    'What falls due later leaves as usual. Open only when the former system is off, or patients get everything twice.',
  ];
}
