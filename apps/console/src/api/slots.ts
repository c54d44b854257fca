import { queryOptions } from '@tanstack/react-query';
import type { Instant, Page, Wall } from './common.js';
import { getJson, postJson } from './http.js';

/** A time that is kept for a patient's maintenance; `accepted`: the patient said yes, and staff are to confirm it. */
export interface OpenSlot {
  id: string;
  state: 'held' | 'accepted';
  course: { id: string; code: string | null };
  /** At the site. */
  at: Wall;
  heldUntil: Instant;
}

/** More than front desks keep open at once: those of later days are shown when their time is nearer. */
const SLOTS_MAX = 500;

/** The times that are kept now, by the id of their course. */
export const openSlotsQuery = (site: string | undefined) =>
  queryOptions({
    queryKey: ['slots', { site }],
    queryFn: ({ signal }) =>
      getJson<Page<OpenSlot>>('/v1/slots', { state: 'held,accepted', site, limit: SLOTS_MAX }, signal),
    select: ({ items }) => new Map(items.map((slot) => [slot.course.id, slot])),
  });

export const confirmSlot = (id: string) => postJson(`/v1/slots/${id}/confirm`);
