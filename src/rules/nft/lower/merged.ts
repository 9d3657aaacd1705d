/**
 * Before 1.1.0 nft made one comparison of two with `!=` whose bytes are neighbours (src/rule.c, payload_do_merge): it holds
 * where either differs. They are listed like two. So where just one of them holds, nobody knows.
 */
import type { Condition } from '../../../model/condition.ts'
import { wordTable } from '../../../model/word-table.ts'

/** The header's whole bytes in their order: names and sizes; `-`: bytes that no `!=` compares as they are. */
const LAYOUTS: Readonly<Record<string, string>> = wordTable({
  ether: 'daddr 6 saddr 6 type 2',
  ip: '- 2 length 2 id 2 frag-off 2 ttl 1 protocol 1 checksum 2 saddr 4 daddr 4',
  ip6: '- 4 length 2 nexthdr 1 hoplimit 1 saddr 16 daddr 16',
  tcp: 'sport 2 dport 2 sequence 4 ackseq 4 - 1 flags 1 window 2 checksum 2 urgptr 2',
  udp: 'sport 2 dport 2 length 2 checksum 2',
  ...Object.fromEntries(['th', 'udplite', 'sctp', 'dccp'].map((name) => [name, 'sport 2 dport 2'])),
  ...Object.fromEntries(['icmp', 'icmpv6'].map((name) => [name, 'type 1 code 1 checksum 2 id 2 sequence 2'])),
})

/** Beside Ethernet's, nft leaves apart what is no faster together. */
const MOST_BYTES = 4

interface Bytes {
  header: string
  from: number
  to: number
}

/** As many as before. */
export function doubtMerged(conditions: readonly Condition[]): Condition[] {
  const result: Condition[] = []
  for (let i = 0; i < conditions.length; ) {
    const count = mergedFrom(conditions, i)
    const merged = conditions.slice(i, i + count)
    result.push(...(count > 1 ? merged.map((one) => doubted(one, merged)) : merged))
    i += count
  }
  return result
}

function mergedFrom(conditions: readonly Condition[], first: number): number {
  const bytes = bytesOf(conditions[first]!)
  let end = first + 1
  for (; bytes && end < conditions.length; end++) {
    const next = bytesOf(conditions[end]!)
    if (next?.header !== bytes.header || next.from !== bytes.to) break
    if (bytes.header !== 'ether' && next.to - bytes.from > MOST_BYTES) break
    bytes.to = next.to
  }
  return end - first
}

/** What a comparison with one value compares; its text has nft's own name for it. */
function bytesOf(condition: Condition): Bytes | undefined {
  if (condition.kind !== 'compare' || condition.op !== '!=' || typeof condition.value === 'object') return undefined
  const [, header = '', field] = /^(\S+) (\S+) != /.exec(condition.text ?? '') ?? []
  let from = 0
  const words = LAYOUTS[header]?.split(' ') ?? []
  for (let i = 0; i < words.length; i += 2) {
    const to = from + Number(words[i + 1])
    if (words[i] === field) return { header, from, to }
    from = to
  }
  return undefined
}

function doubted(condition: Condition, merged: readonly Condition[]): Condition {
  const others = merged.filter((one) => one !== condition)
  const texts = others.map(({ text }) => text).join(' ')
  const reason = `nft before 1.1.0 merges this condition and "${texts}" into one comparison, which matches if one of them does`
  const { text = '' } = condition
  const maybe: Condition = {
    kind: 'all',
    of: [
      { kind: 'any', of: others },
      { kind: 'unknown', text, reason },
    ],
    text,
  }
  return { kind: 'any', of: [condition, maybe], text }
}
