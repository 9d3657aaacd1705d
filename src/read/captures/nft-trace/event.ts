/** What a line of `nft monitor trace` says behind the trace id: a rule, a policy, the end of a chain. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { TracePoint, TracePoints } from '../points.ts'
import type { Meaning } from '../traced-line-table.ts'

const HEAD = /^(ip6?|inet|arp|bridge|netdev) (\S+) (\S+) (rule|policy|verdict|unknown rule handle|packet:)(?: +(.*))?$/s
const VERDICT = /^(accept|drop|queue|continue|break|return|stolen|(?:jump|goto) \S+)$/
const RULE = /^(.*?)(?: ?# handle (\d{1,20}))? ?\(verdict ([^()]*)\)$/s
const AT_END = /^(\S+(?: (?!meta )\S+)?)(?: (?:meta )?mark (0x[0-9a-f]{1,8}|\d{1,10}))?$/

const NOTHING: Meaning = { point: -1, mark: -1 }
const utf8 = new TextDecoder()

/** `bytes[start, end)` is what stands behind the id. Gives point -1 for what is no event, or not whole. */
export function readEvent(points: TracePoints, bytes: Uint8Array, start: number, end: number): Meaning {
  const found = HEAD.exec(utf8.decode(bytes.subarray(start, end)).trimEnd())
  if (!found) return NOTHING
  const [, family, table = '', chain = '', kind, rest = ''] = found
  const place = { family: family as RuleFamily, table, chain }
  if (kind === 'packet:') return point(points, { ...place, type: 'begin' }, -1)
  if (kind === 'rule' || kind === 'unknown rule handle') {
    const rule = RULE.exec(rest)
    const verdict = rule && readVerdict(rule[3]!)
    if (!rule || verdict === undefined) return NOTHING
    const unknown = kind !== 'rule'
    const handle = unknown ? rule[1] : rule[2]
    if (unknown && !/^\d{1,20}$/.test(rule[1]!)) return NOTHING
    const text = unknown ? {} : { text: rule[1]!.trim() }
    const at: TracePoint = { ...place, type: 'rule', verdict: verdict ?? '', ...text }
    return point(points, handle === undefined ? at : { ...at, handle: Number(handle) }, -1)
  }
  const ended = AT_END.exec(rest)
  const verdict = ended && readVerdict(ended[1]!)
  if (!ended || !verdict) return NOTHING
  // the mark is left out where it is 0 (net/netfilter/nf_tables_trace.c)
  return point(points, { ...place, type: kind === 'policy' ? 'policy' : 'return', verdict }, Number(ended[2] ?? 0))
}

const readVerdict = (text: string): string | undefined => (VERDICT.test(text) ? text : undefined)

const point = (points: TracePoints, at: TracePoint, mark: number): Meaning => ({ point: points.nftNumber(at), mark })
