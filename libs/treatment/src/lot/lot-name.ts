import { foldCase } from '#libs/kernel/src/case-fold.js';

/** As names are compared: people write the same lot with capitals or without, with blanks and hyphens or without. */
export const foldName = (name: string): string => foldCase(name).replace(/[\s\p{Pd}]+/gu, '');
