/** Bytes as src/ui/page/base85.ts reads them. */
export function toBase85(bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const length = Math.min(4, bytes.length - at)
    let group = 0
    for (let k = 0; k < 4; k++) group = group * 256 + (bytes[at + k] ?? 0)
    for (let k = 0; k <= length; k++) text += character(Math.floor(group / 85 ** (4 - k)) % 85)
  }
  return text
}

const character = (digit) => (digit === 20 ? '~' : String.fromCharCode(40 + digit))
