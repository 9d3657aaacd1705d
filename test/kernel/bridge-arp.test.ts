/**
 * Rules of ebtables and arptables, made and printed by the real tools: every form gives the same tables, at the hooks and
 * priorities that nft names, and what is printed of them loads again as the same rules.
 */
import { describe, expect, it } from 'vitest'
import type { Table } from '../../src/model/ruleset.ts'
import { printBridgeArp } from '../../src/read/rulesets/bridge-arp/print.ts'
import { RULESET_FORMATS } from '../../src/read/rulesets/index.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const missing = whyNot('ebtables-nft', 'arptables-nft', 'nft')
if (missing) console.warn(`ebtables and arptables are not asked: ${missing}`)

const EBTABLES = `
-P FORWARD DROP
-N mine
-A INPUT -p IPv4 --ip-src 192.0.2.0/24 --ip-dst ! 192.0.2.9 --ip-proto tcp --ip-dport 22:80 -j ACCEPT
-A INPUT -p ARP --arp-op Request --arp-ip-src 192.0.2.1 --arp-ip-dst 192.0.2.2 --arp-mac-src 02:00:00:00:00:01 -j ACCEPT
-A INPUT -p IPv6 --ip6-src 2001:db8::/32 --ip6-proto ipv6-icmp --ip6-icmp-type 128 -j ACCEPT
-A INPUT -s 02:00:00:00:00:01 -d ff:ff:ff:ff:ff:ff -j mine
-A INPUT -s 02:00:00:00:00:00/ff:ff:ff:00:00:00 -d Multicast -j DROP
-A FORWARD -i p0 -o ! eth+ -j mine
-A FORWARD -p 802_1Q --vlan-id 7 -j ACCEPT
-A FORWARD -p 0x88cc -j DROP
-A FORWARD -p ! IPv4 -j DROP
-A FORWARD -p LENGTH -j DROP
-A FORWARD --mark 0x1/0xff -j mark --mark-set 0x2 --mark-target ACCEPT
-A FORWARD --pkttype-type multicast -j DROP
-A FORWARD --limit 3/m --limit-burst 4 -j ACCEPT
-A FORWARD --among-src 02:00:00:00:00:01,02:00:00:00:00:02 -j ACCEPT
-A FORWARD --log-prefix hello --log-level info --log-ip -j CONTINUE
-A FORWARD --nflog-group 3 -j CONTINUE
-A FORWARD -p IPv4 --ip-tos 0x10 -j DROP
-A FORWARD -p IPv4 --ip-proto icmp --ip-icmp-type echo-request -j DROP
-A FORWARD -p IPv6 --ip6-proto tcp --ip6-dport 80 --ip6-tclass 0x10 -j mine
-A mine -j RETURN
-t nat -A PREROUTING -d 02:00:00:00:00:09 -j dnat --to-destination 02:00:00:00:00:0a --dnat-target ACCEPT
-t nat -A POSTROUTING -s 02:00:00:00:00:09 -j snat --to-source 02:00:00:00:00:0a --snat-target CONTINUE
-t nat -A PREROUTING -p ARP --arp-opcode 1 -j arpreply --arpreply-mac 02:00:00:00:00:0a
-t nat -A PREROUTING -j redirect`
const ARPTABLES = `
-P OUTPUT DROP
-N mine
-A INPUT -s 192.0.2.0/24 ! -d 192.0.2.9 -i eth0 -j ACCEPT
-A INPUT --source-mac 02:00:00:00:00:01 -j DROP
-A INPUT --opcode 1 --proto-type 0x800 -j mine
-A INPUT ! --opcode 2 -j mine
-A OUTPUT -o eth+ -j mangle --mangle-ip-s 192.0.2.3 --mangle-mac-d 02:00:00:00:00:07 --mangle-target CONTINUE
-A OUTPUT ! -o eth1 -j CLASSIFY --set-class 1:2
-A OUTPUT -j MARK --set-mark 5
-A mine -j RETURN
-A mine`

const commands = (tool: string, rules: string): string[] =>
  rules
    .trim()
    .split('\n')
    .map((rule) => `${tool} ${rule}`)

function outputs(setup: readonly string[], forms: readonly string[]): string[] {
  const script = [...setup, ...forms.flatMap((form) => ["echo '==8=='", form])]
  return runInNamespace(script.join('\n')).split('==8==\n').slice(1)
}

interface Read {
  tables: Table[]
  told: string[]
  id: string | undefined
}

function read(text: string): Read {
  const format = RULESET_FORMATS.filter((one) => one.sniff(text))
  expect(format).toHaveLength(1)
  const told: string[] = []
  const tables = format[0]!.read(text, (code, message) => told.push(`${code}: ${message}`)).flatMap((one) => one.tables)
  return { tables, told, id: format[0]!.id }
}

/** Without what only one form tells: counters, lines, the backend, and where OUTPUT hangs in it. */
const bare = (tables: readonly Table[]) =>
  tables.map(({ name, family, kind, chains }) => ({
    ...{ name, family, kind },
    chains: [...chains.values()].map(({ name: chain, hook, policy, rules }) => ({
      ...{ chain, hook, ...(hook ? { policy } : {}) },
      rules: rules.map(({ text, conditions, statements }) => ({
        ...{ text: named(text), conditions: named(conditions), statements: named(statements) },
      })),
    })),
  }))

/** arptables -L has names in place of numbers, whatever was asked for. */
const named = (of: unknown): string =>
  JSON.stringify(of, (key, value) => (key === 'text' && typeof of !== 'string' ? undefined : value))
    .replace(/--opcode Request/, '--opcode 1')
    .replace(/--opcode Reply/, '--opcode 2')
    .replace(/--proto-type IPv4/, '--proto-type 0x800')

/** `chain hook priority` as nft lists them. */
const PRIORITIES: Readonly<Record<string, number>> = { filter: -200, dstnat: -300, out: 100, srcnat: 300 }
const placesByNft = (listing: string, family: string) =>
  [...listing.matchAll(/table (\w+) (\w+) \{|chain (\S+) \{\s*type \w+ hook (\w+) priority ([\w-]+);/g)].flatMap(
    ([, , table, chain, hook, priority = '']) => {
      const number = family === 'arp' && priority === 'filter' ? 0 : (PRIORITIES[priority] ?? Number(priority))
      return table === undefined ? [`${chain} ${hook} ${number}`] : []
    },
  )

describe.skipIf(missing)('the real tools', () => {
  const SETUP = [
    'ip link add br0 type bridge; ip link add eth0 type veth peer name p0; ip link set p0 master br0',
    ...commands('ebtables-nft', EBTABLES),
    ...commands('arptables-nft', ARPTABLES),
  ]

  it('ebtables-save and -L: the same tables, where nft has them', () => {
    const [saved, counted, listed, withAll, listedNat, nft] = outputs(SETUP, [
      'ebtables-nft-save',
      'ebtables-nft-save -c',
      'ebtables-nft -L',
      'ebtables-nft -L --Lc --Ln',
      'ebtables-nft -t nat -L',
      'nft list ruleset bridge',
    ])
    const whole = read(saved!)
    expect([whole.id, whole.told]).toEqual(['ebtables-save', []])
    expect(whole.tables.flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))).toHaveLength(
      EBTABLES.match(/-A /g)!.length,
    )
    expect(bare(read(counted!).tables)).toEqual(bare(whole.tables))
    const [filter, nat] = whole.tables
    expect(bare(read(listed!).tables)).toEqual(bare([filter!]))
    expect(bare(read(withAll!).tables)).toEqual(bare([filter!]))
    expect(bare(read(listedNat!).tables)).toEqual(bare([nat!]))
    const places = whole.tables.flatMap(({ chains }) =>
      [...chains.values()].flatMap(({ name, hook, priority }) => (hook ? [`${name} ${hook} ${priority}`] : [])),
    )
    expect(places).toEqual(expect.arrayContaining(placesByNft(nft!, 'bridge')))
    expect(placesByNft(nft!, 'bridge').length).toBeGreaterThan(3)
  })

  it('arptables-save and -L: the same tables, where nft has them', () => {
    const forms = [
      'arptables-nft-save',
      'arptables-nft-save -c',
      'arptables-nft -L',
      'arptables-nft -L -n -v --line-numbers',
    ]
    const [saved, counted, listed, verbose, nft] = outputs(SETUP, [...forms, 'nft list ruleset arp'])
    const whole = read(saved!)
    expect([whole.id, whole.told]).toEqual(['arptables-save', []])
    expect(bare(read(counted!).tables)).toEqual(bare(whole.tables))
    expect(bare(read(verbose!).tables)).toEqual(bare(whole.tables))
    // without -v a rule that has nothing prints an empty line
    const rules = (tables: readonly Table[]) =>
      bare(tables)[0]!.chains.map((chain) => chain.rules.filter((rule) => !/mine"$/.test(rule.text)))
    expect(rules(read(listed!).tables)).toEqual(rules(whole.tables))
    const places = [...whole.tables[0]!.chains.values()].flatMap(({ name, hook, priority }) =>
      hook ? [`${name} ${hook} ${priority}`] : [],
    )
    expect(places).toEqual(expect.arrayContaining(placesByNft(nft!, 'arp')))
  })

  it.each(['ebtables', 'arptables'])('%s: what is printed loads again as the same', (tool) => {
    const [saved] = outputs(SETUP, [`${tool}-nft-save`])
    const printed = printBridgeArp(read(saved!).tables)
    const [again] = outputs([], [`${tool}-nft-restore <<'@END'\n${printed}@END\n${tool}-nft-save`])
    const lines = (text: string) => text.split('\n').filter((line) => !line.startsWith('#'))
    expect(lines(again!)).toEqual(lines(saved!))
  })
})
