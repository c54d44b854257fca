import { infiniteQueryOptions } from '@tanstack/react-query';
import { askJson, getJson, type Params } from './http.js';

/** A patient or practitioner; `name` is null where it was erased. */
export interface Person {
  id: string;
  code: string | null;
  name: string | null;
}

export interface SiteRef {
  id: string;
  code: string | null;
  name: string;
}

/** Which course, in lists of other things. */
export interface CourseRef {
  id: string;
  code: string | null;
  protocol: string;
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** A local date `YYYY-MM-DD`. */
export type LocalDate = string;
/** Wall time at a site, `YYYY-MM-DDTHH:MM`. */
export type Wall = string;
/** What a clock at a site showed. */
export interface SiteTime {
  wall: Wall;
  zone: string;
}
/** A moment, ISO 8601 with Z. */
export type Instant = string;

/** What a path names a thing by: its code where it has one, since people read addresses. */
export const keyOf = (thing: { id: string; code: string | null }): string => thing.code ?? thing.id;

/** A list that is read page by page. `subject` is the first part of the cache key. */
export function pagesOf<Item>(subject: string, path: string, params: Params = {}, body?: object) {
  return infiniteQueryOptions({
    queryKey: [subject, params, body],
    queryFn: ({ pageParam, signal }) => {
      const page = { limit: 100, ...params, cursor: pageParam ?? undefined };
      return body === undefined
        ? getJson<Page<Item>>(path, page, signal)
        : askJson<Page<Item>>(path, page, body, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
