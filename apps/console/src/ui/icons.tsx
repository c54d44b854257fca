import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      {children}
    </svg>
  );
}

export const SearchIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.5 10.5 3.5 3.5" />
  </Icon>
);

export const PrintIcon = () => (
  <Icon>
    <path d="M4.5 6V2h7v4M4.5 12H2V6h12v6h-2.5M4.5 9.5h7V14h-7z" />
  </Icon>
);

export const LateIcon = () => (
  <Icon>
    <path d="M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1" />
  </Icon>
);

export const DueIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" />
    <circle cx="8" cy="8" r="2.5" fill="currentColor" />
  </Icon>
);

export const UpcomingIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" strokeDasharray="2.6 2.1" />
  </Icon>
);

export const ArrowLeft = () => (
  <Icon>
    <path d="M10 3 5 8l5 5" />
  </Icon>
);

export const ArrowRight = () => (
  <Icon>
    <path d="m6 3 5 5-5 5" />
  </Icon>
);

export const FolderIcon = () => (
  <Icon>
    <path d="M1.5 13V3.5h5l1.5 2h6.5V13z" />
  </Icon>
);

export const DownloadIcon = () => (
  <Icon>
    <path d="M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11" />
  </Icon>
);

/** Points of an injection grid, the last one still to come. */
export const PistorMark = () => (
  <svg aria-hidden="true" viewBox="0 0 22 22" width="22" height="22" className="shrink-0">
    <g fill="currentColor">
      <circle cx="4" cy="4" r="2.6" />
      <circle cx="11" cy="4" r="2.6" />
      <circle cx="18" cy="4" r="2.6" />
      <circle cx="4" cy="11" r="2.6" />
      <circle cx="11" cy="11" r="2.6" />
      <circle cx="4" cy="18" r="2.6" />
    </g>
    <g fill="none" stroke="currentColor" strokeWidth="1.3" opacity="0.55">
      <circle cx="18" cy="11" r="2" />
      <circle cx="11" cy="18" r="2" />
    </g>
    <circle cx="18" cy="18" r="2.9" fill="#b8a6f0" />
  </svg>
);
