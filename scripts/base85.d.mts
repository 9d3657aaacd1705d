/** Bytes as src/ui/page/base85.ts reads them. */
export function toBase85(bytes: Uint8Array): string
