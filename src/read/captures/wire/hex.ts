/** Bytes as a person writes them. */

/** Two lower-case digits a byte, with `between` between them. */
export function hexText(view: DataView, start: number, length: number, between = ''): string {
  const pairs: string[] = []
  for (let i = 0; i < length; i++)
    pairs.push(
      view
        .getUint8(start + i)
        .toString(16)
        .padStart(2, '0'),
    )
  return pairs.join(between)
}
