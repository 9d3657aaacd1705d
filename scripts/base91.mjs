/** Bytes as src/ui/page/base91.ts reads them. */
export function toBase91(bytes) {
  let [text, group, bits] = ['', 0, 0]
  for (const byte of bytes) {
    group = (group << 8) | byte
    bits += 8
    if (bits < 13) continue
    bits -= 13
    text += pair(group >> bits)
    group &= (1 << bits) - 1
  }
  if (bits === 0) return text
  return text + (bits > 6 ? pair(group << (13 - bits)) : character(group << (6 - bits)))
}

const pair = (value) => character(Math.floor(value / 91)) + character(value % 91)
const character = (digit) => (digit === 25 ? '~' : String.fromCharCode(35 + digit))
