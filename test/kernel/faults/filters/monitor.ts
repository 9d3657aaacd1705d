/** What `nft monitor trace` prints of a packet's way, through rules of nft's and of iptables-nft's. */
import type { Hook } from '../../../../src/model/hook.ts'
import type { Packet } from '../../../../src/model/packet.ts'
import type { Lab } from '../../lab/lab.ts'
import type { Exchange } from '../exchange.ts'
import type { Met } from '../fault.ts'
import type { Table } from '../table.ts'

/** Tells when all events in front of it are there: nft prints them in order. Nobody who reads the rules sees this table. */
const SYNC_ID = 0xffff
export const SYNC = `table inet sync {
  chain pre { type filter hook prerouting priority -400; policy accept; ip id ${SYNC_ID} meta nftrace set 1 drop; }
}
`

export async function trace(lab: Lab): Promise<string[]> {
  const { sides, hosts } = lab.topology
  const packet = { protocol: 'udp', src: hosts[0]!.ip, dst: sides.left.ip, sport: 9, dport: 9, ipId: SYNC_ID, ttl: 64 }
  await lab.send([{ n: 0, at: 'left', packet }])
  const lines: string[] = []
  for (let left = 200; left > 0 && !lines.some((line) => / inet sync pre .*verdict drop/.test(line)); left--)
    lines.push(...(await lab.watched()))
  return lines.filter((line) => line !== '' && !line.includes(' inet sync '))
}

/** What nft lists, as people have it. */
export const listed = async (lab: Lab): Promise<string> =>
  (await lab.must(['nft', '-a', 'list', 'ruleset'])).replace(/^table inet sync \{[\s\S]*?^\}\n/m, '')

export const watch = (lab: Lab): Promise<void> => lab.watch(['stdbuf', '-oL', 'nft', '-a', 'monitor', 'trace'])

const EVENT = /^trace id (\w+) (\w+ \S+) (\S+) (packet: |policy |verdict |rule |unknown rule handle )(.*)$/

interface Way {
  of: Met['of']
  packet: Packet
  hook: Hook
  type: Met['type']
}

/** As the trace says; rules are told by their handles in `ruleset`, what nft lists. */
export function met(tables: readonly Table[], ruleset: string, { sent, log }: Exchange): Met[] {
  const handles = readHandles(ruleset)
  const ways = new Map<string, Way>()
  return log.flatMap((line): Met[] => {
    const [, id = '', table = '', chain = '', kind, rest = ''] = EVENT.exec(line) ?? []
    if (!kind) return []
    const way: Way = ways.get(id) ?? { of: 'answer', packet: {}, hook: 'prerouting', type: 'filter' }
    ways.set(id, way)
    if (kind === 'packet: ') {
      way.packet = { ...way.packet, ...readPacket(rest) }
      const { ipId, flowLabel } = sent.packet
      if (rest.includes(ipId === undefined ? `flowlabel ${flowLabel} ` : `ip id ${ipId} `)) way.of = 'question'
    }
    const there = tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain)
    if (!there) return []
    const [, type, hook] = /type (\w+) hook (\w+)/.exec(there.base ?? '') ?? []
    if (hook !== undefined) Object.assign(way, { type, hook })
    // nft knows no rule that came after it began
    const handle = /(?:# handle |^)(\d+) \(verdict/.exec(rest)?.[1]
    if (kind === 'packet: ' || kind === 'verdict ') return []
    const index = kind === 'policy ' ? there.rules.length : handles.get(`${table} ${chain} ${handle}`)
    if (index === undefined) throw new Error(`no such rule in ${table} ${chain}: ${line}`)
    const rule = there.rules[index]
    return [{ ...way, table, chain, index, ...(rule === undefined ? {} : { rule }) }]
  })
}

/** `TABLE CHAIN HANDLE` → the rule's index. */
function readHandles(text: string): Map<string, number> {
  const handles = new Map<string, number>()
  let [table, chain, index] = ['', '', 0]
  for (const line of text.split('\n')) {
    table = /^table (\w+ \S+) \{/.exec(line)?.[1] ?? table
    const name = /^\tchain (\S+) \{/.exec(line)?.[1]
    if (name !== undefined) [chain, index] = [name, 0]
    const handle = /^\t\t(?!\t).* # handle (\d+)$/.exec(line)?.[1]
    if (handle !== undefined) handles.set(`${table} ${chain} ${handle}`, index++)
  }
  return handles
}

function readPacket(text: string): Packet {
  const word = (name: string) => new RegExp(`\\b${name} "?([^\\s"]+)`).exec(text)?.[1]
  const packet: Packet = {}
  const [device, out] = [word('iif'), word('oif')]
  if (device !== undefined) packet.in = device
  if (out !== undefined) packet.out = out
  const [src, dst] = [word('ip6? saddr'), word('ip6? daddr')]
  if (src !== undefined) packet.src = src
  if (dst !== undefined) packet.dst = dst
  const [, protocol, sport] = /\b(tcp|udp) sport (\d+)/.exec(text) ?? []
  const dport = /\b(?:tcp|udp) dport (\d+)/.exec(text)?.[1]
  if (protocol !== undefined) Object.assign(packet, { protocol, sport: Number(sport), dport: Number(dport) })
  else if (/\bicmp(v6)? type/.test(text)) packet.protocol = text.includes('icmpv6') ? 'icmpv6' : 'icmp'
  return packet
}
