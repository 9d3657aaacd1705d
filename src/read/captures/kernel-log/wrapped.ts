/** Records that a mail program, a terminal or a web page broke into several lines, at a blank or in the middle of a word. */

/** In the order in which the kernel prints them; those of other layers may come again behind PROTO=. */
const ORDER = (
  'IN OUT PHYSIN PHYSOUT MAC MACSRC MACDST VPROTO VID MACPROTO SRC DST LEN TOS TC PREC TTL HOPLIMIT ID FLOWLBL PROTO ' +
  'SPT DPT SPI TYPE CODE PARAMETER GATEWAY POINTER SEQ ACK WINDOW RES URGP MTU UID GID MARK'
).split(' ')
/** What the kernel prints of one packet is shorter (it has 1 KB for it). */
export const MAX_RECORD = 4096
/** Into how many lines a record may have been broken. */
const MOST_PIECES = 12
const NEWLINE = 0x0a
const decoder = new TextDecoder('latin1')
const FIELD = new RegExp(`(?<![A-Z])(${ORDER.join('|')})=`, 'g')
/** Behind PROTO= once more: UDP's length, ICMP's id. */
const AGAIN = new Set(['LEN', 'ID', 'SEQ'])
const BARE = new Set('DF MF CE SYN ACK FIN RST PSH URG ECE CWR AE OPT INCOMPLETE'.split(' '))
/** What a line of its own has, and a rest has not. */
const OWN = /TRACE: |\bkernel: |^\s*(?:\[\s*\d+\.\d+\]|<\d+>|\d+,\d+,\d+|\w{3} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d)/
const QUOTED = /^[>|\s]*/
/** What stands in front of the first field, and as much of it as one line may have. */
const HEAD = /^TRACE: *[a-z]+:\S+:(?:rule|return|policy):\d+ *IN=/
const BEGUN_HEAD = /^TRACE: *(?:[a-z]+:?|[a-z]+:\S+)? *I?N?$/
/** What the kernel prints between blanks. */
const TOKEN = /^(?:[A-Z]{2,9}[=:]\S*|[A-Z]{2,10}|\[\S*|\S*\]|\(\S*|[0-9A-F]*\))$/
const WORD =
  /^(?:DF|MF|CE|SYN|ACK|FIN|RST|PSH|URG|ECE|CWR|AE|OPT|FRAG:\d+|ID:\w{8}|\([0-9A-F]*\)?|\)|INCOMPLETE|\[\d+|bytes\]|\])$/

/** `record` (from its first field on) with `next` behind it, if that line is its rest; else undefined. */
export function joinWrapped(record: string, next: string): string | undefined {
  const rest = next.replace(QUOTED, '').trimEnd()
  if (rest === '' || rest.length > 600 || OWN.test(next)) return undefined
  // the first may be the end of a word, and the last its beginning
  const tokens = rest.split(/\s+/).slice(1)
  if (!tokens.every((token, i) => TOKEN.test(token) || (i === tokens.length - 1 && /^[A-Z]$/.test(token))))
    return undefined
  const begun = record.trimEnd()
  if (begun === '') return rest.startsWith('IN=') && inOrder(rest) ? rest : undefined
  const atBlank = begun.length < record.length || next.startsWith(' ') || beginsWord(begun, rest)
  const ways = atBlank ? [' ', ''] : ['', ' ']
  const fields = count(begun)
  const blank = ways.find((between) => {
    const joined = begun + between + rest
    return inOrder(joined) && (count(joined) > fields || isRest(begun, rest, between === ''))
  })
  return blank === undefined ? undefined : begun + blank + rest
}

/**
 * `bytes[start, end)`, Latin letters, with the lines behind it as far as `join` takes them; undefined where it takes none,
 * 'wait' where another one may come.
 */
export function gather(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
  last: boolean,
  join: (record: string, line: string) => string | undefined,
): { record: string; next: number; lines: number } | 'wait' | undefined {
  let record = decoder.decode(bytes.subarray(start, end))
  let next = end + 1
  let lines = 0
  for (; lines < MOST_PIECES; lines++) {
    if (next >= limit) {
      if (!last) return 'wait'
      break
    }
    const stop = bytes.indexOf(NEWLINE, next)
    if (stop - next > MAX_RECORD) break
    const joined = join(record, decoder.decode(bytes.subarray(next, stop)))
    if (joined === undefined) break
    record = joined
    next = stop + 1
  }
  return lines === 0 ? undefined : { record, next, lines }
}

/** `begun`, from `TRACE:` on, broken before the first field, with `next` behind it: whole, or 'more'; undefined: not its rest. */
export function joinHead(begun: string, next: string): { head: string; more: boolean } | undefined {
  const rest = next.replace(QUOTED, '').trimEnd()
  if (rest === '' || rest.length > 600 || OWN.test(next) || !BEGUN_HEAD.test(begun)) return undefined
  const head = rest.startsWith('IN=') ? `${begun.trimEnd()} ${rest}` : begun + rest
  if (HEAD.test(head)) return { head, more: false }
  return BEGUN_HEAD.test(head) ? { head, more: true } : undefined
}

/** Does a word begin with `rest`, and not the end of one that `begun` began? */
function beginsWord(begun: string, rest: string): boolean {
  const [, name = '', mark = ''] = /^([A-Z]*)(=|:|\b)/.exec(rest) ?? []
  const whole = /[A-Z]*$/.exec(begun)![0] + name
  const known = (word: string) =>
    mark === '=' ? ORDER.includes(word) : mark === ':' ? word === 'FRAG' || word === 'ID' : BARE.has(word)
  return /^[([]/.test(rest) || (known(name) && (whole === name || !known(whole)))
}

/** Without a field of its own: the end of a value or of a list of options, words. */
function isRest(begun: string, rest: string, inWord: boolean): boolean {
  const [first = '', ...words] = rest.split(/ +/)
  const whole = inWord ? /\S*$/.exec(begun)![0] + first : first
  const value = inWord && (/^[A-Z]+[=:][\da-fx:.]+$/.test(whole) || /^PROTO=[A-Z\d]+$/.test(whole))
  return (value || WORD.test(whole)) && words.every((word) => WORD.test(word))
}

const count = (text: string): number => text.match(FIELD)?.length ?? 0

/** Does each field come behind those the kernel prints before it? What is quoted in brackets counts for itself. */
function inOrder(text: string): boolean {
  let latest = -1
  let behindProtocol = false
  for (const [, name = ''] of text.replace(/\[SRC=.*/, '').matchAll(FIELD)) {
    const place = ORDER.indexOf(name)
    // IPv6's ESP and AH stand in front of PROTO=, IPv4's behind it
    if (name === 'SPI' || (behindProtocol && AGAIN.has(name))) continue
    if (place <= latest) return false
    latest = place
    if (name === 'PROTO') behindProtocol = true
  }
  return latest >= 0
}
