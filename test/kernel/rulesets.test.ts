/** What `map` says of the order of chains, and `compare` of counters, against a kernel that packets pass through. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, nfwhy } from '../cli/nfwhy.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const notHere = whyNot('iptables-legacy', 'iptables-nft', 'nft', 'ip', 'nsenter', 'ping')

/** A neighbour behind eth0, 192.0.2.1; we are 192.0.2.2, and route 198.51.100.0/24 back to it. */
const NEIGHBOUR = `
unshare --net sleep 30 &
client=$!
until ip link add eth0 type veth peer name eth0 netns $client 2>/dev/null; do sleep 0.01; done
ip link set lo up; ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up
nsenter --net=/proc/$client/ns/net sh -c 'ip link set eth0 up; ip addr add 192.0.2.1/24 dev eth0; ip route add 198.51.100.0/24 via 192.0.2.2'
ip route add 198.51.100.0/24 via 192.0.2.1
echo 1 > /proc/sys/net/ipv4/ip_forward
there() { nsenter --net=/proc/$client/ns/net "$@"; }
# what waits for an address to be found comes late
for i in 1 2 3 4 5 6 7 8 9 10; do there ping -c 1 -W 0.3 192.0.2.2 > /dev/null && break; done`

describe.skipIf(notHere)(`map and the kernel${notHere ? `: ${notHere}` : ''}`, () => {
  const TABLES: Record<string, string[]> = {
    raw: ['PREROUTING', 'OUTPUT'],
    mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
    nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    filter: ['INPUT', 'FORWARD', 'OUTPUT'],
    security: ['INPUT', 'FORWARD', 'OUTPUT'],
  }
  // made in an order that is none of the kernel's
  const rules = Object.entries(TABLES)
    .reverse()
    .flatMap(([table, chains]) => chains.map((chain) => `iptables-nft -t ${table} -A ${chain} -m comment --comment x`))

  test('chains are met in the order in which they are shown', async () => {
    const cwd = folder()
    const said = runInNamespace(`${NEIGHBOUR}
${rules.join('\n')}
iptables-nft -t raw -I PREROUTING -j TRACE
iptables-nft -t raw -I OUTPUT -j TRACE
# without this nobody asks for connections, and nat chains are not walked
iptables-nft -t mangle -A PREROUTING -m conntrack --ctstate NEW
nft monitor trace > ${join(cwd, 'trace')} &
monitor=$!
sleep 0.5
there ping -c 1 -W 1 192.0.2.2 > /dev/null
there ping -c 1 -W 0.2 198.51.100.9 > /dev/null
ping -c 1 -W 1 192.0.2.1 > /dev/null
sleep 0.5
kill $monitor $client
iptables-nft-save > ${join(cwd, 'saved')}`)
    expect(said).toBe('')
    const trace = readFileSync(join(cwd, 'trace'), 'utf8')
    const met = new Map<string, string[]>()
    // the kernel makes an id of where a packet lies, and a later packet may lie there again: that begins with raw anew
    const packets = new Map<string, { number: number; last?: string }>()
    for (const [, id, table, chain] of trace.matchAll(/^trace id (\w+) ip (\w+) (\w+) (?:rule|policy)/gm)) {
      const packet = packets.get(id!) ?? { number: 0 }
      packets.set(id!, packet)
      if (table === 'raw' && packet.last !== 'raw') packet.number++
      packet.last = table!
      const key = `${id} ${packet.number} ${chain}`
      const tables = met.get(key) ?? []
      if (!tables.includes(table!)) met.set(key, [...tables, table!])
    }
    const { stdout } = await nfwhy(['map', 'saved'], { cwd })
    const shown = (chain: string) =>
      [...stdout.matchAll(/^ +-?\d+ {4}(\w+) (\w+) /gm)].flatMap(([, table, one]) => (one === chain ? [table!] : []))
    const complete = new Set<string>()
    for (const [key, tables] of met) {
      const chain = key.split(' ')[2]!
      const order = shown(chain)
      expect(tables, key).toEqual(order.filter((table) => tables.includes(table)))
      if (tables.length === order.length) complete.add(chain)
    }
    // each hook was passed whole by some packet
    expect([...complete].sort()).toEqual(['FORWARD', 'INPUT', 'OUTPUT', 'POSTROUTING', 'PREROUTING'])
    expect(shown('INPUT')).toEqual(['mangle', 'filter', 'nat', 'security'])
  })
})

describe.skipIf(notHere)(`chains at the same hook and priority${notHere ? `: ${notHere}` : ''}`, () => {
  const LEGACY = 'iptables-legacy -A INPUT -p icmp -m icmp --icmp-type 8'
  const nft = (table: string) =>
    `nft 'add table ip ${table}; add chain ip ${table} c { type filter hook input priority 0; }; add rule ip ${table} c icmp type echo-request counter'`

  test.each<[string, string, string]>([
    ['nft, nft', nft('first'), nft('second')],
    ['legacy, nft', LEGACY, nft('second')],
    ['nft, legacy', nft('first'), LEGACY],
  ])('the one that was made last comes first: %s', (_, first, second) => {
    // the second drops: so the first counts nothing
    const drops = second.startsWith('iptables') ? `${second} -j DROP` : second.replace("counter'", "counter drop'")
    const said = runInNamespace(`${NEIGHBOUR}
${first}
${drops}
there ping -c 1 -W 0.2 192.0.2.2 > /dev/null
kill $client
echo @COUNTED
nft list ruleset
iptables-legacy-save -c | sed -n 's/^.\\([0-9]*\\):.*-A INPUT/-A INPUT packets \\1/p'`)
    const counted = said
      .split('@COUNTED\n')[1]!
      .split('\n')
      .flatMap((line) =>
        [...line.matchAll(/packets (\d+)/g)].map((match) => [
          line.includes(' drop') || line.includes('DROP'),
          Number(match[1]),
        ]),
      )
    expect(new Map(counted as [boolean, number][])).toEqual(
      new Map([
        [true, 1],
        [false, 0],
      ]),
    )
  })
})

describe.skipIf(notHere)(`compare and the kernel's counters${notHere ? `: ${notHere}` : ''}`, () => {
  test.each(['iptables-legacy', 'iptables-nft'])('%s', async (tool) => {
    const said = runInNamespace(`${NEIGHBOUR}
${tool} -A INPUT -p icmp -m icmp --icmp-type 8 -m ttl --ttl-eq 33 -j DROP
${tool} -A INPUT -p udp -m udp --dport 53 -j DROP
${tool} -A FORWARD -d 198.51.100.0/24 -j ACCEPT
there ping -c 2 -t 33 -W 0.2 -i 0.2 192.0.2.2 > /dev/null
echo @BEFORE
${tool}-save -c
echo @BETWEEN
there ping -c 3 -t 33 -W 0.2 -i 0.2 192.0.2.2 > /dev/null
there ping -c 1 -W 0.2 198.51.100.9 > /dev/null
${tool} -I INPUT 1 -s 203.0.113.7 -j DROP
kill $client
echo @AFTER
${tool}-save -c`)
    const [, before = '', after = ''] = said.split(/@BEFORE\n|@BETWEEN\n[\s\S]*@AFTER\n/)
    const cwd = folder()
    writeFileSync(join(cwd, 'before'), before)
    writeFileSync(join(cwd, 'after'), after)
    const { stdout, code, stderr } = await nfwhy(['compare', 'before', 'after', '--json'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { counted, chains, counters, reset } = JSON.parse(stdout)
    expect({ counters, reset }).toEqual({ counters: true, reset: [] })
    expect(
      counted
        .filter(({ rule }: { rule: { ruleNumber?: number } }) => rule.ruleNumber !== undefined)
        .map(
          ({
            rule,
            packets,
            verdict,
          }: {
            rule: { chain: string; ruleNumber: number }
            packets: number
            verdict: string
          }) => [rule.chain, rule.ruleNumber, verdict, packets],
        ),
    ).toEqual([
      ['INPUT', 2, 'drop', 3],
      ['FORWARD', 1, 'accept', expect.any(Number)],
    ])
    expect(chains).toEqual([
      {
        ...{ family: 'ip', table: 'filter', chain: 'INPUT', removed: [], moved: [] },
        added: [{ ruleNumber: 1, rule: '-A INPUT -s 203.0.113.7/32 -j DROP' }],
      },
    ])
    const text = (await nfwhy(['compare', 'before', 'after'], { cwd })).stdout
    expect(text).toMatch(
      /^1 rule added\nIn between these counted, what stops packets first:\n✗ 3 packets {2}filter INPUT rule 2 {2}→ drop\n/,
    )
  })
})
