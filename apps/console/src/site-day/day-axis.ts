/** The hours of a day that a list of sessions needs, and where a session stands on them. */
export interface DayAxis {
  /** Whole hours; the end is exclusive. */
  from: number;
  to: number;
}

/** What a clinic usually has open; sessions before or after it widen the day. */
const USUAL: DayAxis = { from: 9, to: 19 };
/** Where no length is on record, a session is drawn this long. */
const ASSUMED_MINUTES = 45;

interface Timed {
  at: string;
  durationMinutes: number | null;
}

/** Minutes after midnight of a wall time. */
export const minuteOf = (wall: string): number => Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16));

const endOf = (item: Timed): number => minuteOf(item.at) + (item.durationMinutes ?? ASSUMED_MINUTES);

export function dayAxisOf(items: readonly Timed[]): DayAxis {
  return {
    from: Math.min(USUAL.from, ...items.map((item) => Math.floor(minuteOf(item.at) / 60))),
    to: Math.min(24, Math.max(USUAL.to, ...items.map((item) => Math.ceil(endOf(item) / 60)))),
  };
}

/** 0 to 1, both. */
export function placeInDay(axis: DayAxis, item: Timed): { left: number; width: number } {
  const length = (axis.to - axis.from) * 60;
  const left = (minuteOf(item.at) - axis.from * 60) / length;
  return { left, width: Math.min(1, (endOf(item) - axis.from * 60) / length) - left };
}

/** `10:00` of the hours inside, every second one where there are many. */
export function hourTicks(axis: DayAxis): { at: number; label: string }[] {
  const hours = Array.from({ length: axis.to - axis.from }, (_, n) => axis.from + n);
  return hours.map((hour) => ({
    at: (hour - axis.from) / (axis.to - axis.from),
    label: String(hour).padStart(2, '0'),
  }));
}
