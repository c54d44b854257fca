/** The package brings no types of its own; this is the part of it that is used. */
declare module 'gs1-barcode-parser-mod' {
  /** One element of a GS1 element string. */
  export interface ParsedElement {
    /** Application identifier: `01`, `10`, `17`. */
    readonly ai: string;
    readonly dataTitle: string;
    /** The text that stands behind the identifier, as it is. */
    readonly raw: string;
  }

  /**
   * Takes an element string as a scanner sends it (with or without symbology identifier, FNC1 as U+001D) or in its
   * human readable form, with identifiers in parentheses.
   * @throws string what is wrong with it
   */
  export function parseBarcode(barcode: string): {
    readonly codeName: string;
    readonly parsedCodeItems: readonly ParsedElement[];
  };
}
