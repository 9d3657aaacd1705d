/**
 * Bytes as text that may stand in a `<script>` of a page: two characters, from `#` on, for thirteen bits, high ones first,
 * and one for the last six or fewer. It is a thirteenth shorter than base64. `<`, which could end the script, is `~`.
 * scripts/base91.mjs writes it.
 */
export function fromBase91(text: string): Uint8Array {
  const whole = text.length >> 1
  const bytes = new Uint8Array((whole * 13 + (text.length & 1) * 6) >> 3)
  let [at, group, bits] = [0, 0, 0]
  for (let i = 0; i < text.length; i += 2) {
    const first = digit(text.charCodeAt(i))
    const isPair = i + 1 < text.length
    group = isPair ? (group << 13) | (first * 91 + digit(text.charCodeAt(i + 1))) : (group << 6) | first
    bits += isPair ? 13 : 6
    while (bits >= 8 && at < bytes.length) {
      bits -= 8
      bytes[at++] = group >> bits
      group &= (1 << bits) - 1
    }
  }
  return bytes
}

const digit = (code: number): number => (code === 126 ? 25 : code - 35)
