import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';

/** For so long nobody else looks at what one process has taken. Real time; much longer than a look takes. */
const CLAIM_MS = 60_000;
/** A window that closed so many days ago is over in every zone. */
const OVER = `interval '2 days'`;
const LOOKED_AT = `(c.slot_id is not null or exists (
  select 1 from booking_site s where s.chain = c.chain and s.site_id = c.site_id and s.proposes))`;

/** A course whose window was proposed. */
export interface NotedWindow {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly siteId: Id;
  readonly closes: LocalDate;
}

/** A course that was taken to be looked at. */
export interface ClaimedCourse {
  readonly courseId: Id;
  readonly slotId: Id | null;
  /** How often it had been woken by then. */
  readonly wakes: number;
  readonly failures: number;
}

/** Which courses are looked after, and when each is to be looked at again. */
export class BookingNotes {
  constructor(private readonly db: Database) {}

  /** Windows that were proposed; what is over already is not looked at. */
  async noteWindows(chain: Chain, windows: readonly NotedWindow[], now: Instant): Promise<void> {
    if (windows.length === 0) return;
    await this.db.query(
      `insert into booking_course as c (chain, course_id, patient_id, site_id, closes, next_look)
       select $1, t.course_id, t.patient_id, t.site_id, t.closes,
              case when t.closes < $6::timestamptz - ${OVER} then 'infinity'::timestamptz else '-infinity' end
       from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::date[]) as t(course_id, patient_id, site_id, closes)
       on conflict (chain, course_id) do update set patient_id = excluded.patient_id, site_id = excluded.site_id,
         closes = excluded.closes, next_look = excluded.next_look, wakes = c.wakes + 1`,
      [
        ...[chain.no, windows.map(({ courseId }) => courseId), windows.map(({ patientId }) => patientId)],
        ...[windows.map(({ siteId }) => siteId), windows.map(({ closes }) => closes), now],
      ],
    );
  }

  async noteSites(chain: Chain, sites: ReadonlyMap<Id, boolean>): Promise<void> {
    if (sites.size === 0) return;
    await this.db.query(
      `insert into booking_site (chain, site_id, proposes) select $1, * from unnest($2::uuid[], $3::boolean[])
       on conflict (chain, site_id) do update set proposes = excluded.proposes`,
      [chain.no, [...sites.keys()], [...sites.values()]],
    );
  }

  /** @param slots by course: the slot that was held last */
  async noteSlots(chain: Chain, slots: ReadonlyMap<Id, Id>): Promise<void> {
    if (slots.size === 0) return;
    await this.db.query(
      `update booking_course c set slot_id = t.slot_id from unnest($2::uuid[], $3::uuid[]) as t(course_id, slot_id)
       where c.chain = $1 and c.course_id = t.course_id`,
      [chain.no, [...slots.keys()], [...slots.values()]],
    );
  }

  /** Whether anything is looked at in the chain at all. */
  async isBusy(chain: Chain): Promise<boolean> {
    const { rows } = await this.db.query<{ busy: boolean }>(
      `select exists (select 1 from booking_site where chain = $1 and proposes)
           or exists (select 1 from booking_course where chain = $1 and slot_id is not null) as busy`,
      [chain.no],
    );
    return rows[0]?.busy === true;
  }

  /** Something has happened to these courses, to courses of these patients, or to those of these sites. */
  async wake(
    chain: Chain,
    of: { readonly courses: readonly Id[]; readonly patients: readonly Id[]; readonly sites: readonly Id[] },
    now: Instant,
  ): Promise<void> {
    const { courses, patients, sites } = of;
    if (courses.length + patients.length + sites.length === 0) return;
    await this.db.query(
      `update booking_course set next_look = '-infinity', wakes = wakes + 1
       where chain = $1 and (course_id = any($2::uuid[]) or patient_id = any($3::uuid[]) or site_id = any($4::uuid[]))
         and (slot_id is not null or closes >= $5::timestamptz - ${OVER})`,
      [chain.no, courses, patients, sites, now],
    );
  }

  /** Takes courses that are to be looked at now; of many processes one gets each. */
  async claim(chain: Chain, now: Instant, max: number): Promise<ClaimedCourse[]> {
    const { rows } = await this.db.query<{ course_id: Id; slot_id: Id | null; wakes: number; failures: number }>({
      name: 'booking_course_claim',
      text: `update booking_course b set claimed_until = clock_timestamp() + $4 * interval '1 millisecond'
             from (select c.chain, c.course_id from booking_course c
                   where c.chain = $1 and c.next_look <= $2 and ${LOOKED_AT}
                     and (c.claimed_until is null or c.claimed_until < clock_timestamp())
                   order by c.next_look, c.course_id limit $3 for update skip locked) d
             where b.chain = d.chain and b.course_id = d.course_id
             returning b.course_id, b.slot_id, b.wakes, b.failures`,
      values: [chain.no, now, max, CLAIM_MS],
    });
    return rows.map(({ course_id: courseId, slot_id: slotId, wakes, failures }) => ({
      ...{ courseId, slotId, wakes, failures },
    }));
  }

  /** It was looked at. Who was woken meanwhile is looked at once more. @param until null: not until something happens */
  async leave(chain: Chain, { courseId, wakes }: ClaimedCourse, until: Instant | null): Promise<void> {
    await this.db.query(
      `update booking_course set claimed_until = null, failures = 0,
         next_look = case when wakes = $3 then $4::timestamptz else next_look end
       where chain = $1 and course_id = $2`,
      [chain.no, courseId, wakes, until ?? 'infinity'],
    );
  }

  /** Nothing could be decided now. */
  async postpone(chain: Chain, courseId: Id, until: Instant): Promise<void> {
    await this.db.query(
      `update booking_course set claimed_until = null, failures = failures + 1, next_look = $3
       where chain = $1 and course_id = $2`,
      [chain.no, courseId, until],
    );
  }

  /** Whether something is to be looked at now, and when next, up to `until`. */
  async outlook(chain: Chain, until: Instant): Promise<{ due: boolean; next: Instant | undefined }> {
    const { rows } = await this.db.query<{ due: boolean; next: Date | null }>({
      name: 'booking_outlook',
      text: `with clock as (
               select greatest(recorded_at, clock_timestamp() + clock_offset_ms * interval '1 millisecond') as now
               from chain where no = $1
             )
             select exists (select 1 from booking_course c
                            where c.chain = $1 and c.next_look <= clock.now and ${LOOKED_AT}) as due,
                    (select min(c.next_look) from booking_course c
                     where c.chain = $1 and c.next_look > clock.now and c.next_look <= $2 and ${LOOKED_AT}) as next
             from clock`,
      values: [chain.no, until],
    });
    return { due: rows[0]?.due ?? false, next: rows[0]?.next?.toISOString() };
  }
}
