import { plural } from './labels.js';

interface ProgressDotsProps {
  planned: number;
  performed: number;
  maintenance: number;
}

/** Performed of planned sessions as points: filled, hollow; beyond the plan ringed; maintenance as diamonds. */
export function ProgressDots({ planned, performed, maintenance }: ProgressDotsProps) {
  const total = Math.max(planned, performed);
  const step = 11;
  const gap = maintenance > 0 ? 6 : 0;
  const width = (total + maintenance) * step + gap;
  const beyond = Math.max(0, performed - planned);
  const label =
    `${performed} of ${plural(planned, 'session')} performed` +
    (beyond > 0 ? `, ${beyond} beyond the plan` : '') +
    (maintenance > 0 ? `, ${plural(maintenance, 'maintenance session')}` : '');
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <svg role="img" aria-label={label} width={width} height="12" viewBox={`0 0 ${width} 12`}>
        {Array.from({ length: total }, (_, n) => {
          const x = n * step + 5.5;
          if (n >= performed)
            return <circle key={n} cx={x} cy="6" r="3.6" className="fill-none stroke-strong" strokeWidth="1.4" />;
          if (n < planned) return <circle key={n} cx={x} cy="6" r="4.2" className="fill-ink" />;
          return (
            <g key={n} className="stroke-iodine" strokeWidth="1.4">
              <circle cx={x} cy="6" r="4.2" className="fill-none" />
              <circle cx={x} cy="6" r="1.2" className="fill-iodine" />
            </g>
          );
        })}
        {Array.from({ length: maintenance }, (_, n) => {
          const x = (total + n) * step + gap + 5.5;
          return <path key={n} d={`M${x} 1.2 ${x + 4.8} 6 ${x} 10.8 ${x - 4.8} 6Z`} className="fill-gentian" />;
        })}
      </svg>
      <span className="text-faint" aria-hidden="true">
        {performed}/{planned}
      </span>
    </span>
  );
}
