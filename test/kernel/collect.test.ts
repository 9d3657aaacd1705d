/**
 * What collect's script gets of a namespace is what the tools print when asked by hand, in shells of several kinds; and
 * asking changes nothing: no table is made that was not there, no module loaded, nothing set.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readInputs } from '../../src/cli/inputs.ts'
import { type Frame, FrameReader, SECTIONS, sectionScript } from '../../src/live/script/index.ts'
import type { World } from '../../src/model/world.ts'
import { AWAIT_ADDRESSES, runInNamespace, whyNot } from './namespaces.ts'

const NONCE = 'q8dWm2Zk01'
const TOOLS = [
  'iptables-legacy',
  'ip6tables-legacy',
  'iptables-nft',
  'ebtables-nft',
  'nft',
  'ip',
  'conntrack',
  'ipset',
  'ss',
]
const missing = whyNot(...TOOLS, 'sysctl', 'bash')
if (missing) console.warn(`collect is not tried on a kernel: ${missing}`)
const here = (program: string) => spawnSync(program, ['--help']).error === undefined
const SHELLS = ['dash', 'bash', 'busybox ash'].filter((shell) => here(shell.split(' ')[0]!))

/** Legacy: filter alone of IPv4, raw alone of IPv6. iptables-nft: nat alone. And a table of nft's, with a set. */
const SETUP = `
ip link set lo up
ip link add veth0 type veth peer name veth1
# addresses that come by themselves come later
ip link set veth0 addrgenmode none; ip link set veth1 addrgenmode none; ip link set veth0 up; ip link set veth1 up
ip addr add 192.0.2.1/24 dev veth0; ip addr add 2001:db8::1/64 dev veth0 nodad
ip route add 198.51.100.0/24 via 192.0.2.9; ip rule add fwmark 7 lookup 100
ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev veth0
ipset create hosts hash:ip; ipset add hosts 198.51.100.7
iptables-legacy -A INPUT -s 198.51.100.0/24 -m set --match-set hosts src -m comment --comment 'two words' -j DROP
ip6tables-legacy -t raw -A PREROUTING -p tcp --dport 80 -j ACCEPT
iptables-nft -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 198.51.100.7:80
ebtables-nft -A FORWARD -p arp -j ACCEPT
nft -f - <<'END'
table inet t {
  set allowed { type ipv4_addr; flags interval; elements = { 203.0.113.0/24 } }
  chain c { type filter hook input priority 5; ip saddr @allowed counter accept; ct state new counter; }
}
END
sysctl -qw net.ipv4.conf.all.rp_filter=2
bash --norc -c 'echo > /dev/udp/127.0.0.1/9' 2>/dev/null
bash --norc -c 'echo > /dev/udp/::1/9' 2>/dev/null
${AWAIT_ADDRESSES}
`

/** All that could change by looking. */
const STATE = `{ nft -a list ruleset; ipset save; cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/net/arp_tables_names
cat /proc/modules; ls /sys/module; sysctl -a; ip -d link; ip rule; ip route show table all; } 2>&1 | sed 's/packets [0-9]* bytes [0-9]*//' | grep -v -e random -e nf_conntrack_count -e fs.dentry -e fs.inode -e fs.file-nr -e fs.quota -e ns_last_pid`

const BY_HAND: Readonly<Record<string, string>> = {
  'ipsec.txt':
    "echo '==> ip xfrm policy <=='; ip xfrm policy; echo '==> ip xfrm state <=='; ip xfrm state; head -v /proc/net/xfrm_stat",
  a: 'iptables-legacy-save -c -t filter',
  b: 'ip6tables-legacy-save -c -t raw',
  c: 'iptables-nft-save -c -t nat',
  d: 'nft -a list ruleset',
  e: 'ebtables-nft-save',
  f: 'ipset save',
  g: 'ip addr',
  h: 'ip -4 route show table all; ip -6 route show table all',
  i: 'ip -4 rule',
  j: 'ip -6 rule',
  k: 'ip neigh',
  l: 'ss -lntup',
  m: 'conntrack -L -f ipv4 2>/dev/null; conntrack -L -f ipv6 2>/dev/null',
  n: 'conntrack -S',
  o: 'uname -a',
  p: 'iptables -V; ip6tables -V; nft --version; ipset --version; conntrack -V; ebtables -V; arptables -V',
}

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-collect-'))
afterAll(() => rmSync(folder, { recursive: true }))

function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  const reader = new FrameReader(NONCE, (frame) => frames.push(frame))
  reader.push(bytes)
  expect(reader.end()).toEqual({ complete: true })
  return frames
}

function write(name: string, files: readonly { file: string; bytes: Uint8Array }[]): string {
  const at = join(folder, name)
  mkdirSync(at)
  for (const { file, bytes } of files) if (bytes.length > 0) writeFileSync(join(at, file), bytes)
  return at
}

async function worldOf(path: string) {
  const { machines, warnings } = await readInputs([path], [])
  expect(machines).toHaveLength(1)
  expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([])
  return machines[0]!.world
}

/**
 * Without what two listings of the same may differ in: time runs on, neighbours are looked for, and files are read in the
 * order of their names.
 */
const plain = ({ tables, sets, host }: World) =>
  JSON.parse(
    JSON.stringify({ tables: byText(tables), sets: byText(sets), host }, (key, one) =>
      key === 'timeout' || key === 'counters' ? undefined : one instanceof Map ? [...one] : one,
    ),
  )

const byText = <T>(list: readonly T[]): T[] => list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

describe.skipIf(missing)('collect', () => {
  test.each(SHELLS)('with %s gets what the tools print, and leaves everything as it was', async (shell) => {
    const name = shell.replace(' ', '-')
    const at = (file: string) => join(folder, `${name}.${file}`)
    writeFileSync(at('sh'), sectionScript(SECTIONS, { form: 'framed', nonce: NONCE }))
    const hand = Object.entries(BY_HAND).map(([file, command]) => `{ ${command}; } > '${at(file)}'`)
    const printed = runInNamespace(`${SETUP}
${STATE} > '${at('before')}'
${shell} '${at('sh')}' > '${at('frames')}'
${STATE} > '${at('after')}'
${hand.join('\n')}`)
    expect(printed.replace(/^# Warning: .*\n/gm, '')).toBe('')
    expect(readFileSync(at('after'), 'utf8')).toBe(readFileSync(at('before'), 'utf8'))
    const frames = framesOf(readFileSync(at('frames')))
    expect(
      frames.filter(({ stderr, id }) => stderr.replace(/^# Warning: .*/gm, '').trim() !== '' && id !== 'modules'),
    ).toEqual([])
    const files = frames.filter(({ file }) => file !== 'collected.txt' && file !== 'modules.txt')
    const collected = await worldOf(write(`${name}-collected`, files))
    const byHand = await worldOf(
      write(
        `${name}-hand`,
        Object.keys(BY_HAND).map((file) => ({ file, bytes: readFileSync(at(file)) })),
      ),
    )
    expect(collected.host.sysctls?.get('net.ipv4.conf.all.rp_filter')).toBe('2')
    expect(collected.tables.map(({ kind, family, name }) => `${kind} ${family} ${name}`).sort()).toEqual([
      // those of iptables-nft and ebtables-nft in these tools' words, though nft lists them, too
      'ebtables bridge filter',
      'iptables ip filter',
      'iptables ip nat',
      'iptables ip6 raw',
      'nft inet t',
    ])
    const { sysctls, queues, ...host } = collected.host
    // -d adds what kind of link it is; the tools have it only then
    const links = (host.links ?? []).map(({ kind, ...link }) => link)
    // what was typed by hand does not say that ss lists all of them
    const { listening, ...rest } = host
    expect(listening).toEqual(['tcp', 'udp'])
    expect(plain({ ...collected, host: { ...rest, links } })).toEqual(plain(byHand))
  })

  const noStrace = whyNot('strace')
  test.skipIf(noStrace)(`asks for lists alone${noStrace ? `: ${noStrace}` : ''}`, () => {
    const trace = join(folder, 'strace')
    writeFileSync(`${trace}.sh`, sectionScript(SECTIONS, { form: 'framed', nonce: NONCE }))
    runInNamespace(
      `${SETUP}\nstrace -f -v -s 4096 -e trace=sendto,sendmsg,setsockopt,execve,init_module,finit_module -o '${trace}' dash '${trace}.sh' > '${trace}.out'`,
    )
    const calls = readFileSync(trace, 'utf8').split('\n')
    const asked = calls.flatMap((line) => [...line.matchAll(/nlmsg_type=([A-Za-z_0-9|<]+)/g)].map((match) => match[1]!))
    // it did trace: rules, links and sets were asked for
    expect(asked).toEqual(expect.arrayContaining(['RTM_GETLINK', 'NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETRULE']))
    // 0xa10: NFT_MSG_GETGEN, whose name strace does not know; 0: what fills the buffer behind a message
    const harmless =
      /_GET|^IPSET_CMD_(PROTOCOL|SAVE|HEADER)|\|IPSET_CMD_(PROTOCOL|SAVE|HEADER)|^SOCK_DIAG_BY_FAMILY$|^0xa10$|^0$/
    expect([...new Set(asked)].filter((type) => !harmless.test(type))).toEqual([])
    expect(calls.filter((line) => /setsockopt\(.*SO_SET_|execve\("[^"]*modprobe|init_module\(/.test(line))).toEqual([])
  })
})
