/**
 * Lines of rulesets, of host state and of traces that quote rules: what people wrote (comments, prefixes of logs,
 * patterns) word by word, addresses everywhere. Names of chains, tables, sets and interfaces stay, since they carry the
 * explanation, but for addresses and hosts in them.
 */
import { formatAddress, maskToLength, parseAddress } from '../model/address.ts'
import type { Redactor } from './redactor.ts'
import { type Ranges, redactNetwork, redactRange, redactTokens } from './tokens.ts'

/** Its end may be cut off; no tool takes a longer one, and what a pattern remembers of each letter has its bounds. */
const STRING = String.raw`"(?:\\.|[^"\\]){0,65536}(?:"|$)?`
/** As web pages have it. */
const ESCAPED = '&quot;.*?(?:&quot;|$)|&#34;.*?(?:&#34;|$)'

/** What is not to be read word for word as the rest is. */
const SPAN = new RegExp(
  [
    // iptables: --comment X, --log-prefix "X "
    String.raw`(?<option>--(?:comment|log-prefix|nflog-prefix|ulog-prefix|string|hex-string|path)\s+)(?<value>${STRING}|${ESCAPED}|'[^']*(?:'|$)|\S+)`,
    // nft and ipset: comment "X", log prefix "X", socket cgroupv2 level 2 "X"; iptables -L: prefix "X"
    String.raw`(?<word>\b(?:comment|prefix|cgroupv2 level \d+)\s+)(?<string>${STRING})`,
    // the kernel keeps 255 bytes, which a web page may write as six each
    String.raw`/\*(?<remark>.{0,1600}?)\*/`,
    String.raw`(?<key>"(?:comment|prefix|ifalias)"\s*:\s*)(?<text>${STRING})`,
    // nft -j, ip -j: the length stands by itself
    String.raw`(?<addressKey>"(?:addr|src|dst|from|to)"\s*:\s*)"(?<network>[\da-fA-F.:]+)"(?<lengthKey>\s*,\s*"(?:len|srclen|dstlen)"\s*:\s*)(?<length>\d+)`,
    String.raw`(?<rangeKey>"range"\s*:\s*\[\s*)"(?<from>[\da-fA-F.:]+)"(?<comma>\s*,\s*)"(?<to>[\da-fA-F.:]+)"`,
    // nft: what is left of an address under a mask
    String.raw`(?<and>& )(?<mask>[\da-fA-F.:]+)(?<equals> [=!]= )(?<rest>[\da-fA-F.:]+)`,
  ].join('|'),
  'g',
)

/** Comments that are made by programs, and say nothing that could be read. */
const SIGNED = /^["']?(?:cali:[\w-]{16}|PVESIG:[\w+/=]+)["']?$/
/** Where addresses may hide in other notations. */
const HEXADECIMAL = /@(?:nh|ll|ih),|--u32\b|--bytecode\b/

/** Comments and the like. */
export const redactFree = (text: string, redactor: Redactor): string =>
  SIGNED.test(text) ? text : redactTokens(text, redactor, 'plain', (between) => redactor.names.text(between))

/** What is nobody's own text. */
export const redactPlain = (text: string, redactor: Redactor, ranges: Ranges = 'plain'): string =>
  redactTokens(text, redactor, ranges, (between) => redactor.names.hostsIn(between))

export function redactRuleText(line: string, redactor: Redactor, ranges: Ranges = 'plain'): string {
  if (HEXADECIMAL.test(line)) redactor.doubt('hexadecimal')
  let result = ''
  let done = 0
  for (const match of line.matchAll(SPAN)) {
    result += redactPlain(line.slice(done, match.index), redactor, ranges) + span(match, redactor)
    done = match.index + match[0].length
  }
  return result + redactPlain(line.slice(done), redactor, ranges)
}

function span({ 0: whole, groups }: RegExpExecArray, redactor: Redactor): string {
  const g = groups!
  if (g.option !== undefined)
    return g.option + (g.option.startsWith('--hex') ? hexString(g.value!, redactor) : redactFree(g.value!, redactor))
  if (g.word !== undefined) return g.word + redactFree(g.string!, redactor)
  if (g.remark !== undefined) return `/*${redactFree(g.remark, redactor)}*/`
  if (g.key !== undefined) return g.key + redactFree(g.text!, redactor)
  if (g.addressKey !== undefined)
    return `${g.addressKey}"${redactNetwork(g.network!, Number(g.length), redactor)}"${g.lengthKey}${g.length}`
  if (g.rangeKey !== undefined) return jsonRange(g.rangeKey, g.from!, g.comma!, g.to!, redactor) ?? whole
  const mask = parseAddress(g.mask!)
  const length = mask && maskToLength(mask)
  if (length === undefined) return redactPlain(whole, redactor)
  return `${g.and}${g.mask}${g.equals}${redactNetwork(g.rest!, length, redactor)}`
}

/** `|0d0a|text|20|`: bytes are as good as text. */
const hexString = (text: string, redactor: Redactor) =>
  text.replace(/\|[^|]*\|?|[^|]+/g, (part) =>
    part.startsWith('|') ? part.replace(/[\da-f]/gi, '0') : redactFree(part, redactor),
  )

function jsonRange(
  key: string,
  fromText: string,
  comma: string,
  toText: string,
  redactor: Redactor,
): string | undefined {
  const [from, to] = [parseAddress(fromText), parseAddress(toText)]
  if (!from || !to || from.length !== to.length) return undefined
  const [first, last, exact] = redactRange(from, to, redactor)
  if (!exact) redactor.doubt('range-widened')
  return `${key}"${formatAddress(first)}"${comma}"${formatAddress(last)}"`
}
