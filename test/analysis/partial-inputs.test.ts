/** What is not said where an input shows only a part: one chain of several, redacted lines, what grep let through. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const ADDRESSES = [
  '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000',
  '    inet 127.0.0.1/8 scope host lo',
  '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000',
  '    inet 192.0.2.5/24 brd 192.0.2.255 scope global eth0',
].join('\n')
const ROUTES = 'default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.5\n'
const ASKED = 'in eth0 tcp 198.51.100.9:40000 > 192.0.2.5:22 syn'

async function played(files: Readonly<Record<string, string>>, packet = ASKED, assume?: ReadonlyMap<string, boolean>) {
  const inputs = Object.entries({ ADDRESSES, ROUTES, ...files }).map(([name, text]) => ({ name, text }))
  const analysis = await open(inputs)
  const { journeys } = analysis.simulate([packet], assume ? { assume } : {})
  const { outcome, findings } = journeys[0]!
  const told = analysis.warnings.map(({ code, line, message }) => `${line} ${code}: ${message}`)
  return { outcome, text: findings.map(({ message }) => message).join('\n'), told }
}

const HEADER = ' pkts bytes target     prot opt in     out     source               destination'
const row = (target: string, extras = '') =>
  `    0     0 ${target.padEnd(10)} ${extras.startsWith('tcp') ? 'tcp' : 'all'}  --  *      *       0.0.0.0/0            0.0.0.0/0            ${extras}`

/** The tables that are not in question. */
const POLICIES = (table: string, ...chains: string[]) =>
  [`# iptables -t ${table} -S`, ...chains.map((chain) => `-P ${chain} ACCEPT`), ''].join('\n')
const REST = {
  raw: POLICIES('raw', 'PREROUTING', 'OUTPUT'),
  mangle: POLICIES('mangle', 'PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'),
  nat: POLICIES('nat', 'PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'),
}

describe('one chain of a table', () => {
  const one = [
    'Chain net2fw (1 references)',
    HEADER,
    row('ACCEPT', 'ctstate RELATED,ESTABLISHED'),
    row('Drop'),
    row('DROP'),
  ].join('\n')

  it('leaves open what the chains do that were not listed', async () => {
    const { outcome, text, told } = await played({ one, ...REST })
    expect(outcome).toBe('undetermined')
    expect(text).toContain(
      '"filter INPUT accepts", which is unknown here: chain INPUT of table filter is not in the listing',
    )
    expect(told).toContainEqual('4 missing-chain: -j Drop: chain Drop is not in the listing')
    for (const [accepts, end] of [
      [true, 'delivered'],
      [false, 'dropped'],
    ] as const)
      expect((await played({ one, ...REST }, ASKED, new Map([['filter INPUT accepts', accepts]]))).outcome).toBe(end)
  })

  it('with its rules, but without its policy, decides what the rules decide', async () => {
    const rules = '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p udp -m udp --dport 53 -j DROP\n'
    expect((await played({ rules, ...REST })).outcome).toBe('delivered')
    const { outcome, text } = await played({ rules, ...REST }, ASKED.replace(':22 ', ':80 '))
    expect(outcome).toBe('undetermined')
    expect(text).toContain('the listing does not show the policy of chain INPUT')
  })
})

describe('rules that were left out', () => {
  const lines = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]']
  const saved = [...lines, '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '[...]', '-A INPUT -j DROP', 'COMMIT'].join(
    '\n',
  )
  const listed = [
    'Chain INPUT (policy DROP 0 packets, 0 bytes)',
    HEADER,
    row('ACCEPT', 'tcp dpt:22'),
    '<snip>',
    row('DROP'),
  ].join('\n')
  const other = ASKED.replace(':22 ', ':80 ')

  it('are not taken for none: what gets there is unknown, and what was accepted before is not', async () => {
    for (const rules of [saved, listed]) {
      expect((await played({ rules, ...REST }, other)).outcome).toBe('undetermined')
    }
    expect((await played({ saved })).outcome).toBe('delivered')
    expect((await played({ saved })).told).toContainEqual(
      '6 rules-left-out: rules are left out of the listing here ("[...]"): for a packet that gets there the outcome is unknown',
    )
    for (const whole of [saved.replace('[...]\n', ''), listed.replace('<snip>\n', '')])
      expect((await played({ whole, ...REST }, other)).outcome).toBe('dropped')
  })
})

describe('redacted lines of host state', () => {
  const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  const hide = (text: string, by: string) => text.replaceAll('192.0.2.5', by)

  it('an address that nobody can read may be the one that the packet is for', async () => {
    for (const by of ['x.x.x.5', 'x.x.x.x', '192.0.2.XX', '<WANIP>', 'my.server.ip']) {
      const { outcome, text } = await played({ RULES, ADDRESSES: hide(ADDRESSES, by), ROUTES: hide(ROUTES, by) })
      expect([by, outcome]).toEqual([by, 'undetermined'])
      expect(text).toContain('this host has an address that is not readable')
    }
  })

  it('one that is hidden in part may not be what differs in the rest, and briefly listed it counts as well', async () => {
    const far = ASKED.replace('192.0.2.5', '203.0.113.7')
    expect((await played({ RULES, ADDRESSES: hide(ADDRESSES, '192.0.2.x') }, far)).outcome).toBe('dropped')
    const brief = 'lo               UNKNOWN        127.0.0.1/8 \neth0             UP             x.x.x.5/24 '
    expect((await played({ RULES, ADDRESSES: brief, ROUTES: '' })).outcome).toBe('undetermined')
  })

  it('a route that nobody can read may be the one that leads there', async () => {
    const ROUTES = '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.5\nx.x.x.0/24 dev eth1 scope link\n'
    const far = ASKED.replace('192.0.2.5', '203.0.113.7')
    const rules = RULES.replace('FORWARD DROP', 'FORWARD ACCEPT')
    expect((await played({ rules, ROUTES }, far)).outcome).toBe('undetermined')
    const readable = ROUTES.split('\n')[0]!
    expect((await played({ rules, ROUTES: `${readable}\n` }, far)).outcome).toBe('vanished')
  })

  it('the kernel has rules of its own where a listing of routing rules lacks the one for the local table', async () => {
    const policy = '100:\tfrom all fwmark 0x1 lookup 100'
    expect((await played({ RULES, policy })).outcome).toBe('delivered')
  })
})

it('sockets that grep let through say nothing of other ports', async () => {
  const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  const row = 'tcp    LISTEN   0   128   192.0.2.5:53   0.0.0.0:*   users:(("dnsmasq",pid=7,fd=6))'
  const closed = (text: string) => /nothing on this host listens/.test(text)
  expect(closed((await played({ RULES, sockets: `${row}\n` })).text)).toBe(true)
  for (const command of ['ss -lnt | grep dnsmasq', "ss -lnt '( sport = :53 )'"])
    expect(closed((await played({ RULES, sockets: `# ${command}\n${row}\n` })).text)).toBe(false)
})

describe("pieces of nft's listing", () => {
  it('without their table are read all the same, and those of several tables stay apart', async () => {
    const first = '\nchain input {\n  type filter hook input priority filter; policy drop;\n'
    const second = '\n\n\nchain in2 {\n  type filter hook input priority 10; policy accept;\n  tcp dport 22 accept\n}\n'
    const { outcome, told } = await played({ first, second })
    expect(outcome).toBe('dropped')
    const words = (line: number) =>
      `${line} guessed-table: no line names the table of these chains; nfwhy assumes family inet and calls the table unnamed-${line}`
    expect(told).toContainEqual(words(2))
    expect(told).toContainEqual(words(4))
  })

  it('with prose around them have no rule more', async () => {
    const rules = [
      'Below is the firewall, including my attempt.',
      'table inet filter {',
      '  chain input { type filter hook input priority filter; policy accept; }',
      '}',
      'What is wrong with it?',
    ].join('\n')
    const { told } = await played({ rules })
    expect(told.filter((one) => /nft text|declared|expected/.test(one))).toEqual([
      '1 skipped-lines: this line is not nft text',
      '5 skipped-lines: this line is not nft text',
    ])
  })
})

it('two listings that one prompt asks for have each its own table', async () => {
  const chain = (name: string, ...rows: string[]) => [
    `Chain ${name} (policy ACCEPT 0 packets, 0 bytes)`,
    HEADER,
    ...rows,
    '',
  ]
  const rules = [
    'root@gw:~# iptables -nvL; iptables -nvL -t nat',
    ...chain('INPUT', row('DROP', 'tcp dpt:22')),
    ...chain('OUTPUT'),
    ...chain('PREROUTING'),
    ...chain('OUTPUT'),
  ].join('\n')
  const { outcome, told } = await played({ rules })
  expect(outcome).toBe('dropped')
  expect(told.filter((one) => /guessed|not for filtering/.test(one))).toEqual([])
})

it('without rules a simulation says so, and not what a trace would', async () => {
  const { text } = await played({})
  expect(text).toContain('No rules are among the inputs, so only routing is known: add the output of iptables-save.')
})
