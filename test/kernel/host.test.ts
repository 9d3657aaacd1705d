/** Host state as the tools of this machine print it of one namespace: both forms say the same, and nothing is left over. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry } from '../../src/model/host.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { readPlain } from '../read/host/fixtures.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const SETUP = `
ip link set lo up
ip link add veth0 type veth peer name veth1
ip link add br0 type bridge; ip link set veth1 master br0; ip link set veth0 up; ip link set veth1 up; ip link set br0 up
ip addr add 10.9.0.1/24 brd + dev veth0; ip addr add 192.0.2.1 peer 192.0.2.2/32 dev veth0
ip addr add 2001:db8:9::1/64 dev veth0 nodad; ip addr add 172.30.0.1/16 dev br0
ip route add default via 10.9.0.2 metric 100; ip route add default dev br0 scope link metric 200
ip route add 10.51.0.0/16 nexthop via 10.9.0.2 weight 2 nexthop via 172.30.0.9 weight 1
ip route add 10.50.0.0/16 via 10.9.0.2 mtu 1400; ip route add 10.58.0.0/16 tos 0x10 via 10.9.0.2 table 100
ip route add blackhole 10.60.0.0/16; ip route add unreachable 10.61.0.0/16; ip route add prohibit 10.62.0.0/16
ip route add throw 10.63.0.0/16 table 101
ip -6 route add default via 2001:db8:9::2; ip -6 route add unreachable default metric 4096
ip -6 route add 2001:db8:50::/48 nexthop via 2001:db8:9::2 dev veth0 nexthop via fe80::1 dev br0
ip rule add fwmark 0x1/0xff table 100 prio 100; ip rule add not from 10.9.1.5 lookup 100 suppress_prefixlength 0 prio 101
ip rule add from 10.9.1.0/24 to 10.50.0.0/16 iif veth0 oif br0 tos 0x10 table 100 prio 102
ip rule add ipproto tcp sport 100-200 dport 80 uidrange 1000-2000 lookup 100 prio 103
ip rule add goto 200 prio 104; ip rule add prio 200 nop; ip rule add prio 105 to 10.99.0.0/16 blackhole
ip -6 rule add from 2001:db8:9::/64 lookup 100 prio 300
`
const TRAFFIC = `
nft add table inet t; nft 'add chain inet t c { type filter hook output priority 0; }'; nft add rule inet t c ct state new counter
for to in 127.0.0.1 ::1; do bash -c "echo > /dev/udp/$to/53; echo > /dev/tcp/$to/9"; done 2> /dev/null
`
const SETS = `
create hosts hash:ip family inet timeout 300 counters comment
add hosts 10.0.0.1 timeout 0 comment "stays, for good"
add hosts 10.0.0.2 timeout 299
create nets6 hash:net family inet6
add nets6 2001:db8::/32
add nets6 2001:db8:1::/48 nomatch
create services hash:ip,port
add services 10.0.0.1,icmp:echo-request
add services 10.0.0.1,udp:domain
add services 10.0.0.1,47:0
create cut hash:ip netmask 24
add cut 10.7.8.0
create stations bitmap:ip,mac range 10.0.0.0/24
add stations 10.0.0.9,aa:bb:cc:dd:ee:ff
create all list:set
add all hosts
`

const missing = whyNot('ip', 'conntrack', 'ipset', 'nft', 'bash')
if (missing) console.warn(`host state of the real tools is not compared: ${missing}`)

/** What each command prints after the setup. */
function outputs(setup: string, ...commands: string[]): string[] {
  return runInNamespace(`${setup}\n${commands.map((command) => `echo ==8==; ${command}`).join('\n')}`)
    .split('==8==\n')
    .slice(1)
}

function read(text: string, id: string) {
  expect(HOST_FORMATS.filter((format) => format.sniff(text.slice(0, 4096))).map((format) => format.id)).toEqual([id])
  const plain = readPlain(HOST_FORMATS.find((format) => format.id === id)!, text)
  expect(plain.told).toEqual([])
  return plain
}

describe.skipIf(missing)('the real tools', () => {
  it('ip: JSON and text', () => {
    const things = [
      ['ip-addr', '-d addr'],
      ['ip-route', 'route show table all'],
      ['ip-rule', 'rule'],
      ['ip-rule', '-6 rule'],
    ] as const
    const commands = things.flatMap(([, words]) => [`ip ${words}`, `ip -j ${words}`])
    const texts = outputs(SETUP, ...commands)
    things.forEach(([id], i) => {
      const [text, json] = [read(texts[2 * i]!, id), read(texts[2 * i + 1]!, `${id}-json`)]
      expect(text).toEqual(json)
      expect(Object.values(text.host ?? {})[0]).not.toHaveLength(0)
    })
  })

  it('conntrack -L and /proc', () => {
    const [v4, v6, proc] = outputs(
      `${SETUP}${TRAFFIC}`,
      'conntrack -L -f ipv4 2>/dev/null',
      'conntrack -L -f ipv6 2>/dev/null',
      'cat /proc/net/nf_conntrack',
    ).map((text) => read(text, 'conntrack').host?.conntrack ?? [])
    const known = (entries: ConntrackEntry[]) =>
      entries.map(({ zone, timeout, ...entry }) => JSON.stringify(Object.entries(entry).sort())).sort()
    expect(known([...v4!, ...v6!])).toEqual(known(proc!))
    expect(v4!.map((entry) => entry.family)).toContain('ip')
    expect(v6!.map((entry) => entry.family)).toContain('ip6')
  })

  it('ipset: what a person wrote, save and list', () => {
    const [save, list] = outputs(`ipset restore <<'END'\n${SETS}END`, 'ipset save', 'ipset list')
    const sorted = ({ sets }: ReturnType<typeof readPlain>) =>
      sets?.map((set) => ({
        ...set,
        elements: set.elements
          .map(({ timeout, ...element }) => JSON.stringify({ ...element, stays: timeout === undefined }))
          .sort(),
      }))
    const saved = sorted(read(save!, 'ipset-save'))
    expect(saved).toEqual(sorted(read(list!, 'ipset-list')))
    const protocolByName = (text: string) => text.replace('"47:0"', '"gre:0"')
    const written = sorted(read(SETS, 'ipset-save'))
    expect(saved).toEqual(written?.map((set) => ({ ...set, elements: set.elements.map(protocolByName) })))
  })

  it('sysctl, uname', () => {
    const [sysctl, all, release] = outputs('', 'sysctl -a', 'uname -a', 'uname -r')
    expect(read(sysctl!, 'sysctl').host?.sysctls).toHaveProperty(['net.ipv4.ip_forward'])
    expect(read(all!, 'uname').host?.kernel).toBe(release!.trim())
    expect(read(release!, 'uname').host?.kernel).toBe(release!.trim())
  })
})
