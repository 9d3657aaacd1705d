/** What a capture file is, by its first bytes: one Latin-1 letter for each. */

/** pcap's magic numbers in little endian and in big endian, and a section header of pcapng in both. */
const PCAP_LITTLE = /^(?:\xd4\xc3\xb2\xa1|\x4d\x3c\xb2\xa1|\x34\xcd\xb2\xa1)/
const PCAP_BIG = /^(?:\xa1\xb2\xc3\xd4|\xa1\xb2\x3c\x4d|\xa1\xb2\xcd\x34)/
const PCAPNG = /^\n\r\r\n.{4}(\x4d\x3c\x2b\x1a|\x1a\x2b\x3c\x4d)/s

const INTERFACE = 1
/** Blocks that are looked at. */
const MOST_BLOCKS = 64

export const isCaptureFile = (head: string): boolean =>
  PCAP_LITTLE.test(head) || PCAP_BIG.test(head) || PCAPNG.test(head)

/** Of pcapng that of the first interface. Undefined: it is no capture file, or that is not told so soon. */
export function linkTypeOf(head: string): number | undefined {
  if (PCAP_LITTLE.test(head)) return numberAt(head, 20, 2, true)
  if (PCAP_BIG.test(head)) return numberAt(head, 22, 2, false)
  const section = PCAPNG.exec(head)
  if (!section) return undefined
  const little = section[1]!.startsWith('\x4d')
  for (let at = 0, blocks = 0; blocks < MOST_BLOCKS; blocks++) {
    if (numberAt(head, at, 4, little) === INTERFACE) return numberAt(head, at + 8, 2, little)
    const length = numberAt(head, at + 4, 4, little)
    if (length === undefined || length < 12) return undefined
    at += length
  }
  return undefined
}

function numberAt(head: string, at: number, length: number, little: boolean): number | undefined {
  if (at + length > head.length) return undefined
  let number = 0
  for (let i = 0; i < length; i++) number = number * 256 + head.charCodeAt(little ? at + length - 1 - i : at + i)
  return number
}
