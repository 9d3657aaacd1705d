/** Bytes as src/ui/page/base91.ts reads them. */
export function toBase91(bytes: Uint8Array): string
