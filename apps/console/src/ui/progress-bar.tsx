interface ProgressBarProps {
  label: string;
  value: number;
  max: number;
}

/** How far a long piece of work has come. */
export function ProgressBar({ label, value, max }: ProgressBarProps) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      className="h-1.5 w-full overflow-hidden rounded-full bg-sunken"
    >
      <div
        className="h-full rounded-full bg-gentian transition-[width] duration-200"
        style={{ width: `${(share * 100).toFixed(1)}%` }}
      />
    </div>
  );
}
