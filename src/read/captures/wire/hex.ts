/** Bytes as a person writes them. */

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Two lower-case digits a byte, with `between` between them. */
export function hexText(view: DataView, start: number, length: number, between = ''): string {
  const pairs: string[] = []
  for (let i = 0; i < length; i++) pairs.push(PAIRS[view.getUint8(start + i)]!)
  return pairs.join(between)
}
