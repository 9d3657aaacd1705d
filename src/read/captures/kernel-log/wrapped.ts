/** Records that a mail program, a terminal or a web page broke into several lines, at a blank or in the middle of a word. */

/** In the order in which the kernel prints them; those of other layers may come again behind PROTO=. */
const ORDER = (
  'IN OUT PHYSIN PHYSOUT MAC MACSRC MACDST VPROTO VID MACPROTO SRC DST LEN TOS TC PREC TTL HOPLIMIT ID FLOWLBL PROTO ' +
  'SPT DPT TYPE CODE PARAMETER GATEWAY POINTER SEQ ACK WINDOW RES URGP MTU UID GID MARK'
).split(' ')
const FIELD = new RegExp(`(?<![A-Z])(${ORDER.join('|')})=`, 'g')
/** Behind PROTO= once more: UDP's length, ICMP's id. */
const AGAIN = new Set(['LEN', 'ID', 'SEQ'])
const BARE = new Set('DF MF CE SYN ACK FIN RST PSH URG ECE CWR AE OPT INCOMPLETE'.split(' '))
/** What a line of its own has, and a rest has not. */
const OWN = /TRACE: |\bkernel: |^\s*(?:\[\s*\d+\.\d+\]|<\d+>|\d+,\d+,\d+|\w{3} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d)/
const QUOTED = /^[>|\s]*/
/** What the kernel prints between blanks. */
const TOKEN = /^(?:[A-Z]{2,9}[=:]\S*|[A-Z]{2,10}|\[\S*|\S*\]|\(\S*|[0-9A-F]*\))$/
const WORDS = /^(?:[A-Z]{2,3}|FRAG:\d+|ID:\w{8}|\([0-9A-F]+\)|\(|\)|INCOMPLETE|\[\d+|bytes\]|\]| )+$/

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
  const ways = atBlank ? [`${begun} ${rest}`, begun + rest] : [begun + rest, `${begun} ${rest}`]
  const fields = count(begun)
  return ways.find((joined) => inOrder(joined) && (count(joined) > fields || isRest(begun, rest)))
}

/** Does a word begin with `rest`, and not the end of one that `begun` began? */
function beginsWord(begun: string, rest: string): boolean {
  const [, name = '', mark = ''] = /^([A-Z]*)(=|:|\b)/.exec(rest) ?? []
  const whole = /[A-Z]*$/.exec(begun)![0] + name
  const known = (word: string) =>
    mark === '=' ? ORDER.includes(word) : mark === ':' ? word === 'FRAG' || word === 'ID' : BARE.has(word)
  return /^[([]/.test(rest) || (known(name) && (whole === name || !known(whole)))
}

/** Without a field of its own: the end of a number or of a list of options, words. */
function isRest(begun: string, rest: string): boolean {
  if (/MARK=0?x?[0-9a-f]*$/.test(begun) && /^x?[0-9a-f]+$/.test(rest)) return true
  if (/OPT \([0-9A-F]*$/.test(begun)) return /^[0-9A-F]*\)/.test(rest)
  return (
    (WORDS.test(rest) && rest.split(' ').every((word) => !/^[A-Z]+$/.test(word) || BARE.has(word))) ||
    (/[=\d]$/.test(begun) && /^\d+$/.test(rest))
  )
}

const count = (text: string): number => text.match(FIELD)?.length ?? 0

/** Does each field come behind those the kernel prints before it? What is quoted in brackets counts for itself. */
function inOrder(text: string): boolean {
  let latest = -1
  let behindProtocol = false
  for (const [, name = ''] of text.replace(/\[SRC=.*/, '').matchAll(FIELD)) {
    const place = ORDER.indexOf(name)
    if (behindProtocol && AGAIN.has(name)) continue
    if (place <= latest) return false
    latest = place
    if (name === 'PROTO') behindProtocol = true
  }
  return latest >= 0
}
