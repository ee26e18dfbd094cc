/** Hash of the page's sources, set at build time. */
declare const __BUILD__: string;
