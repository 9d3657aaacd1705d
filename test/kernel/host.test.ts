/** Host state as the tools of this machine print it of one namespace: both forms say the same, and nothing is left over. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Link, Tuple } from '../../src/model/host.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { readPlain } from '../read/host/fixtures.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

// without duplicate address detection: an address is not one thing now and another a second later
const SETUP = `
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
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
for to in 127.0.0.1 ::1; do bash --norc -c "echo > /dev/udp/$to/53; echo > /dev/tcp/$to/9"; done 2> /dev/null
`
// Connections are compared on loopback alone: on other interfaces the kernel itself sends at moments of its own choosing (IGMP, MLD).
const ENTRIES = `ip link set lo up\n${TRAFFIC}`
const NEIGHBOURS = `
ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev veth0 nud permanent; ip neigh add 10.9.0.3 dev veth0 nud failed
ip -6 neigh add 2001:db8:9::2 lladdr 02:00:00:00:00:02 dev veth0 router; ip neigh add proxy 10.9.0.77 dev veth0
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

/** By name: what is not told in one form is not asked for. */
const named = (links: readonly Link[]) =>
  Object.fromEntries(links.map(({ index, mac, ...link }) => [link.name, { ...link, mac: mac ?? '' }]))

const withoutIcmp = ({ icmpType, icmpCode, icmpId, ...tuple }: Tuple) => tuple

const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

const formatOf = (command: string) =>
  command.includes('xml') ? 'conntrack-xml' : command.includes('save') ? 'conntrack-save' : 'conntrack'

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

  it('ip link and addr: every form says the same, as far as it goes', () => {
    const forms = ['', '-s ', '-s -s ', '-d ', '-d -s ', '-o ', '-j ', '-j -s ', '-j -d ', '-j -p ']
    const whole = (thing: string) => outputs(SETUP, ...forms.map((form) => `ip ${form}${thing}`))
    const id = (form: string) => (form.includes('-j') ? 'ip-addr-json' : 'ip-addr')
    const links = whole('link').map((text, i) => read(text, id(forms[i]!)).host?.links ?? [])
    const bare = (list: readonly Link[]) => list.map(({ kind, hairpin, isolated, promiscuous, ...link }) => link)
    for (const one of links) expect(named(bare(one))).toEqual(named(bare(links[0]!)))
    const detailed = links.filter((_, i) => forms[i]!.includes('-d'))
    for (const one of detailed) expect(named(one)).toEqual(named(detailed[0]!))
    expect(detailed[0]!.map(({ hairpin }) => hairpin)).toContain(false)
    const brief = ['-br link', '-j -br link', '-br addr', '-j -br addr', 'addr']
    const ids = ['ip-brief', 'ip-addr-json', 'ip-brief', 'ip-addr-json', 'ip-addr']
    const [text, json, addressText, addressJson, all] = outputs(SETUP, ...brief.map((form) => `ip ${form}`)).map(
      (one, i) => read(one, ids[i]!).host?.links ?? [],
    )
    expect(text!.map(({ name, up }) => ({ name, up }))).toEqual(links[0]!.map(({ name, up }) => ({ name, up })))
    expect(named(json!)).toEqual(named(text!))
    const addresses = (list: readonly Link[]) =>
      list.map(({ name, addresses = [] }) => [name, addresses.map(({ scope, broadcast, unused, ...one }) => one)])
    expect(addresses(addressText!)).toEqual(addresses(all!))
    expect(addresses(addressJson!)).toEqual(addresses(all!))
  })

  it('ip neigh: text, JSON, with statistics', () => {
    const forms = ['neigh', '-s neigh', '-s -s neigh', '-j neigh', '-j -s neigh', '-j -p neigh']
    const [first, ...others] = outputs(`${SETUP}${NEIGHBOURS}`, ...forms.map((form) => `ip ${form}`)).map(
      (text, i) => read(text, forms[i]!.includes('-j') ? 'ip-neigh-json' : 'ip-neigh').host?.neighbours,
    )
    expect(first?.map(({ state }) => state[0])).toEqual(expect.arrayContaining(['PERMANENT', 'FAILED']))
    expect(first?.some(({ router, family }) => router && family === 'ip6')).toBe(true)
    for (const other of others) expect(other).toEqual(first)
    const [text, json] = outputs(`${SETUP}${NEIGHBOURS}`, 'ip neigh show proxy', 'ip -j neigh show proxy')
    expect(read(text!, 'ip-neigh').host).toEqual(read(json!, 'ip-neigh-json').host)
  })

  it('conntrack -L: every form', () => {
    const forms = ['', '-o extended', '-o id', '-o timestamp', '-o ktimestamp', '-o extended,id,timestamp', '-o labels']
    const others = ['-o xml', '-o xml,id,ktimestamp', '-o save']
    const setup = `sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1
${ENTRIES}ping -c 1 127.0.0.1 > /dev/null; ping -c 1 ::1 > /dev/null\n`
    const commands = [...forms, ...others].map((form) => `conntrack -L ${form} 2>&1`)
    const known = (entries: readonly ConntrackEntry[] = []) =>
      entries.map(({ timeout, id, ...entry }) => entry).sort(byText)
    const [plain, ...more] = outputs(setup, ...commands).map(
      (text, i) => read(text.replace(/^conntrack v.*\n/gm, ''), formatOf(commands[i]!)).host?.conntrack,
    )
    expect(plain?.map(({ protocol }) => protocol)).toEqual(expect.arrayContaining(['udp', 'icmp', 'icmpv6']))
    const save = more.pop()
    // the XML leaves out what ICMP has instead of ports
    const bare = (entries: readonly ConntrackEntry[] = []) =>
      known(entries).map(({ original, reply, ...entry }) => ({
        ...{ ...entry, original: withoutIcmp(original), reply: withoutIcmp(reply) },
      }))
    more.forEach((one, i) => {
      if (i < forms.length - 1) expect(known(one)).toEqual(known(plain))
      else expect(bare(one).sort(byText)).toEqual(bare(plain).sort(byText))
    })
    const ends = (entries: readonly ConntrackEntry[] = []) =>
      entries.map(({ family, protocol, status, original: { src, dst, sport, dport } }) => ({
        ...{ family, protocol, status, src, dst, sport, dport },
      }))
    expect(ends(save).sort(byText)).toEqual(ends(plain).sort(byText))
  })

  it('conntrack -S and /proc: the same counters', () => {
    const [tool, proc] = outputs(ENTRIES, 'conntrack -S', 'cat /proc/net/stat/nf_conntrack').map(
      (text) => read(text, 'conntrack-stats').host?.conntrackCounters ?? [],
    )
    const some = ({ drop, early_drop, insert_failed }: Readonly<Record<string, number>>) => [
      drop,
      early_drop,
      insert_failed,
    ]
    expect(tool?.length).toBeGreaterThan(0)
    expect(tool?.map(some)).toEqual(proc?.map(some))
  })

  it('ss: every form names the same sockets', () => {
    const forms = ['-lntup', '-tulpen', '-Hlntu', '-Olntup', '-lntu', '-lntuim', '-lntu state all']
    const commands = forms.map((form) => `ss ${form}`)
    const script = [
      'import socket, subprocess',
      's = [socket.socket() for _ in range(2)]',
      "s[0].bind(('127.0.0.1', 8080)); s[1].bind(('0.0.0.0', 8081))",
      '[x.listen() for x in s]',
      "u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(('::', 5353))",
      ...commands.map((command) => `print('==8==', flush=True); subprocess.run('${command}', shell=True)`),
    ]
    const text = runInNamespace(`ip link set lo up; python3 -c "${script.join('\n')}"`)
    const [first, ...others] = text
      .split('==8==\n')
      .slice(1)
      .map((one) =>
        read(one, 'ss')
          .host?.sockets?.map(({ process, pid, ...socket }) => JSON.stringify(socket))
          .sort(),
      )
    expect(first).toHaveLength(3)
    for (const other of others) expect(other).toEqual(first)
  })

  it('versions, queues', () => {
    const tools = ['iptables-legacy -V', 'ip6tables-nft -V', 'nft -V', 'ipset --version 2>&1', 'conntrack -V']
    const [all, queues] = outputs('', tools.join('; '), 'head -v /proc/net/netfilter/nfnetlink_queue')
    const read1 = read(all!, 'versions').host?.tools
    expect(read1?.iptables?.backend).toBe('legacy')
    expect(read1?.ip6tables?.backend).toBe('nft')
    expect(Object.keys(read1 ?? {})).toEqual(['iptables', 'ip6tables', 'nft', 'ipset', 'conntrack'])
    expect(read(queues!, 'nfnetlink-queue').host?.queues).toEqual([])
  })

  it('conntrack -L and /proc', () => {
    const [v4, v6, proc] = outputs(
      ENTRIES,
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
    const [save, list, xml] = outputs(
      `ipset restore <<'END'\n${SETS}END`,
      'ipset save',
      'ipset list',
      'ipset list -o xml',
    )
    const sorted = ({ sets }: ReturnType<typeof readPlain>) =>
      sets?.map((set) => ({
        ...set,
        elements: set.elements
          .map(({ timeout, ...element }) => JSON.stringify({ ...element, stays: timeout === undefined }))
          .sort(),
      }))
    const saved = sorted(read(save!, 'ipset-save'))
    expect(saved).toEqual(sorted(read(list!, 'ipset-list')))
    expect(saved).toEqual(sorted(read(xml!, 'ipset-xml')))
    const protocolByName = (text: string) => text.replace('"47:0"', '"gre:0"')
    const written = sorted(read(SETS, 'ipset-save'))
    expect(saved).toEqual(written?.map((set) => ({ ...set, elements: set.elements.map(protocolByName) })))
  })

  it('sysctl, uname', () => {
    const files = 'head -v /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/rp_filter'
    const grep = 'grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/rp_filter'
    const [sysctl, all, release, titled, named] = outputs('', 'sysctl -a', 'uname -a', 'uname -r', files, grep)
    const settings = read(sysctl!, 'sysctl').host?.sysctls ?? {}
    const names = ['net.ipv4.ip_forward', 'net.ipv4.conf.lo.rp_filter']
    const some = Object.fromEntries(Object.entries(settings).filter(([name]) => names.includes(name)))
    expect(read(titled!, 'sysctl').host?.sysctls).toEqual(some)
    expect(read(named!, 'sysctl').host?.sysctls).toEqual(some)
    expect(read(sysctl!, 'sysctl').host?.sysctls).toHaveProperty(['net.ipv4.ip_forward'])
    expect(read(all!, 'uname').host?.kernel).toBe(release!.trim())
    expect(read(release!, 'uname').host?.kernel).toBe(release!.trim())
  })
})
