/**
 * Bytes as text that may stand in a `<script>` of a page: five characters, from `(` on, for four bytes, high ones first. It
 * is a sixteenth shorter than base64. `<`, which could end the script, is `~`. scripts/base85.mjs writes it.
 */
export function fromBase85(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 4) / 5))
  for (let i = 0, at = 0; at < bytes.length; i += 5, at += 4) {
    let group = 0
    // what is left out at the end is the highest digit
    for (let k = i; k < i + 5; k++) group = group * 85 + (k < text.length ? digit(text.charCodeAt(k)) : 84)
    for (let k = 0; k < 4; k++) bytes[at + k] = group / 2 ** (24 - 8 * k)
  }
  return bytes
}

const digit = (code: number): number => (code === 126 ? 20 : code - 40)
