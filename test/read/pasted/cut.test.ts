import { describe, expect, it } from 'vitest'
import { cutPasted } from '../../../src/read/pasted/cut.ts'
import { mayBePasted } from '../../../src/read/pasted/signs.ts'

const LOG =
  '[  417.477400] TRACE: raw:PREROUTING:policy:3 IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=40000 DPT=80 WINDOW=1024 RES=0x00 SYN URGP=0 '
const TRACE =
  'trace id 1a2b inet fw input packet: iif "eth0" ip saddr 192.0.2.1 ip daddr 192.0.2.2 tcp sport 4000 tcp dport 80'
const SAVED = [
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  '-A INPUT -i lo -j ACCEPT',
  'COMMIT',
]
const ROUTES = ['default via 192.0.2.254 dev eth0 ', '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 ']
const RULES = ['0:\tfrom all lookup local', '32766:\tfrom all lookup main', '32767:\tfrom all lookup default']

const cut = (lines: readonly string[]) => {
  const found = cutPasted(lines.join('\n'))
  return (
    found && {
      read: found.blocks.map(({ recognised, from, to }) => `${recognised.format.id} ${from}-${to}`),
      unread: found.unread.map(({ from, to, command, commands }) =>
        [`${from}-${to}`, ...(commands ? ['commands'] : []), ...(command === undefined ? [] : [command])].join(' '),
      ),
    }
  )
}
const blockOf = (lines: readonly string[], id: string): string[] =>
  cutPasted(lines.join('\n'))!
    .blocks.find(({ recognised }) => recognised.format.id === id)!
    .text.split('\n')

describe('outputs in one text', () => {
  it('cuts nothing out of a capture: not what a rule logs on its terminal, nor what another program says', () => {
    expect(cut([...SAVED, TRACE, LOG, TRACE, LOG])?.read).toEqual([
      'iptables-save 1-6',
      expect.stringMatching(/ 7-10$/),
    ])
    expect(cut([...SAVED, LOG, 'net.ipv4.conf.eth0.rp_filter = 1', LOG])?.read).toEqual([
      'iptables-save 1-6',
      'kernel-log 7-9',
    ])
  })

  it('reads what is said of a neighbour as no route, whatever stands between', () => {
    const neighbour = '192.0.2.77 dev eth0  used 10/60/7probes 6 FAILED'
    expect(cut([...ROUTES, neighbour])?.read).toEqual(['ip-route 1-2', 'ip-neigh 3-3'])
  })

  it('finds them in fences, with prose around', () => {
    const lines = [
      'It hangs:',
      '```',
      LOG,
      '```',
      'Rules and routes:',
      '~~~sh',
      ...SAVED,
      '~~~',
      '```',
      ...ROUTES,
      '```',
      'Help?',
    ]
    expect(cut(lines)).toEqual({ read: ['kernel-log 3-3', 'iptables-save 7-12', 'ip-route 15-16'], unread: [] })
  })

  it.each([
    ['root@host:~# ip rule', '[root@host ~]# ip route'],
    ['$ ip rule show', '$ sudo ip route show'],
    ['# ip rule list', '# ip route list'],
    ['Output of "ip rule show"', 'Output of "ip route show"'],
    ['### ip rule', '**ip route**:'],
    ['ip rule', 'ip route'],
    ['a) ip -4 rule', '- ip -4 route'],
    ['docker exec web ip rule', 'sudo nsenter -t 691 -n ip route'],
    ['==> ip rule <==', '=== ip route ==='],
    ['--- ip rule', '***** sudo ip route *****'],
  ])('cuts at %j and %j', (rule, route) => {
    expect(cut([rule, '---------', ...RULES, route, ...ROUTES])).toEqual({
      read: ['ip-rule 3-5', 'ip-route 7-8'],
      unread: [],
    })
  })

  it('cuts at empty lines where nothing else stands between', () => {
    expect(cut([...RULES, '', ...ROUTES, '', TRACE])!.read).toEqual(['ip-rule 1-3', 'ip-route 5-6', 'nft-trace 8-8'])
  })

  it('cuts where the lines of another command begin, with nothing between', () => {
    const addresses = ['1: lo: <LOOPBACK,UP> mtu 65536', '    inet 127.0.0.1/8 scope host lo']
    const neighbour = '192.0.2.9 dev eth0 lladdr 02:00:00:00:00:09 REACHABLE'
    const nft = ['table inet fw {', '\tchain c {', '\t}', '}']
    const lines = [...addresses, ...RULES, ...ROUTES, neighbour, ...SAVED, ...nft, TRACE]
    expect(cut(lines)!.read).toEqual([
      ...['ip-addr 1-2', 'ip-rule 3-5', 'ip-route 6-7', 'ip-neigh 8-8', 'iptables-save 9-14', 'nft 15-18'],
      'nft-trace 19-19',
    ])
    expect(mayBePasted(lines.join('\n'), true)).toBe(true)
  })

  it('takes the blanks from what stands indented below prose', () => {
    const indented = (lines: readonly string[]) => ['', ...lines.map((line) => `    ${line}`), '']
    const lines = ['The rules say:', ...indented(RULES), 'And the trace:', ...indented([TRACE])]
    expect(cut(lines)!.read).toEqual(['ip-rule 3-5', 'nft-trace 9-9'])
    expect(blockOf(lines, 'ip-rule').slice(2)).toEqual(RULES)
  })

  it('ends an output at a prompt with nothing typed, and where it was broken off', () => {
    const lines = [
      'root@gw:~# ip rule',
      ...RULES,
      'root@gw:~# ',
      'root@gw:~# nft monitor trace',
      TRACE,
      '^C',
      'root@gw:~#',
    ]
    expect(cut(lines)).toEqual({ read: ['ip-rule 2-4', 'nft-trace 7-7'], unread: [] })
  })

  it.each([
    ['quoted', (line: string) => `> ${line}`],
    ['quoted twice', (line: string) => `>> ${line}`],
    ['indented', (line: string) => `    ${line}`],
    ['in backticks', (line: string) => `\`${line}\``],
    ['with carriage returns', (line: string) => `${line}\r`],
    ['with blanks that are none', (line: string) => line.replace(' ', '\u00a0')],
    ['numbered', (line: string, i: number) => `${String(i + 1).padStart(4)}  ${line}`],
  ])('reads what is %s', (_, change) => {
    const changed = RULES.map(change)
    expect(cut(changed)!.read).toEqual(['ip-rule 1-3'])
    expect(blockOf(changed, 'ip-rule').slice(0, 3)).toEqual(RULES)
  })

  it('decodes what HTML makes of characters', () => {
    const lines = [
      '&lt;4&gt;[  4.1] TRACE: raw:OUTPUT:policy:1 IN= OUT=eth0 SRC=192.0.2.1 DST=192.0.2.2 LEN=1',
      '',
      ...RULES,
    ]
    expect(blockOf(lines, 'kernel-log')[0]).toMatch(/^<4>\[ {2}4\.1\] TRACE: /)
  })

  it('keeps the lines of the file', () => {
    const lines = ['Routes:', '', '```', ...ROUTES, '```']
    expect(blockOf(lines, 'ip-route')).toEqual(['', '', '', ...ROUTES])
  })

  it('ends an output as the text does, so that a cut line is seen to be cut', () => {
    expect(cutPasted(`# dmesg\n${LOG.slice(0, 120)}`)!.blocks[0]!.text.endsWith('\n')).toBe(false)
  })

  it('keeps what empty lines divide: tables of nft, and of iptables-save until COMMIT', () => {
    const nft = [
      'table inet fw {',
      '\tset s {',
      '\t\ttype ipv4_addr',
      '\t}',
      '',
      '\tchain c {',
      '\t\taccept',
      '\t}',
      '}',
    ]
    expect(cut(['```', ...nft, '```', '```', ...SAVED.toSpliced(5, 0, ''), '```'])!.read).toEqual([
      'nft 2-10',
      'iptables-save 13-19',
    ])
  })
})

describe('what is not read', () => {
  it('is told where it stands in a fence, or behind a command', () => {
    const lines = [
      '```',
      ...ROUTES,
      '```',
      '```',
      'Status: active',
      '```',
      '$ curl -v http://192.0.2.2',
      '* connect',
      '',
      '',
    ]
    expect(cut(lines)!.unread).toEqual(['6-6', '9-9 curl -v http://192.0.2.2'])
  })

  it('is not told of prose, and of commands that printed nothing', () => {
    expect(cut(['Hello,', 'see below', '# nft add rule inet fw c accept', '# ip rule', ...RULES])!.unread).toEqual([])
  })

  it('are commands beside an output: that shows what is in force', () => {
    const script = [
      'iptables -t nat -N web',
      'iptables -t nat -A web -p tcp --dport 80 -j DNAT --to-destination 192.0.2.9',
    ]
    expect(cut(['```', ...script, '```', '```', ...SAVED, '```'])).toEqual({
      read: ['iptables-save 6-11'],
      unread: ['2-3 commands'],
    })
    expect(cut(['```', ...script, '```', 'Thanks'])!.read).toEqual(['shell-script 2-3'])
  })

  it("is one packet's route, which looks like a table's", () => {
    const lines = [
      '$ ip route get 192.0.2.9',
      '192.0.2.9 dev eth0 src 192.0.2.2 uid 0',
      '    cache',
      '$ ip rule',
      ...RULES,
    ]
    expect(cut(lines)).toEqual({ read: ['ip-rule 5-7'], unread: ['2-3 ip route get 192.0.2.9'] })
  })

  it('makes no ticket of prose alone', () => {
    expect(cutPasted('Hello,\n\nmy rules do not work.\n\n```\nyaml: true\n```\n')).toBeUndefined()
  })
})

describe('what only the command tells', () => {
  it('is the table of iptables -L', () => {
    const list = ['Chain PREROUTING (policy ACCEPT)', 'target     prot opt source               destination']
    const lines = ['Output of "iptables -L -t mangle -v -n"', ...list, '', '$ ip rule', ...RULES]
    expect(blockOf(lines, 'iptables-list')[0]).toBe('# iptables -L -t mangle -v -n')
  })

  it('is the table of routes', () => {
    expect(blockOf(['# ip route show table 100', ...ROUTES, '# ip rule', ...RULES], 'ip-route').slice(1, 3)).toEqual([
      'default via 192.0.2.254 dev eth0 table 100',
      '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 table 100',
    ])
    expect(blockOf([`Table 7: ${ROUTES[0]}`, ROUTES[1]!, '', ...RULES], 'ip-route').slice(0, 2)).toEqual([
      'default via 192.0.2.254 dev eth0 table 7',
      '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 table 7',
    ])
    expect(blockOf(['# ip route show table all', ...ROUTES, '# ip rule', ...RULES], 'ip-route')[1]).toBe(ROUTES[0])
  })
})

describe('a text that may be a ticket', () => {
  it.each([
    ['one that is nothing as a whole', 'Hello', false, true],
    ['a fence', '```\nx\n```', true, true],
    ['a prompt', 'root@host:~# iptables-save\n', true, true],
    ['two kinds of output', [...SAVED, ...ROUTES].join('\n'), true, true],
    ['two kinds of output, indented below prose', ['', ...RULES, 'And:', '', ...ROUTES].join('\n    '), true, true],
    ['one output alone', SAVED.join('\n'), true, false],
    ['a script', '#!/bin/sh\n# ```\niptables -L\n', true, false],
    ['a binary file', '\0```\n', false, false],
  ])('%s', (_, text, known, expected) => {
    expect(mayBePasted(text, known)).toBe(expected)
  })
})

describe('prompts and commands of tickets', () => {
  const prompts = [
    ...['root@:~# ', 'root@<host>:~# ', '***@***:~# ', 'gw# ', '└─# ', '╰─❯ ', '❯ ', '➜  ~ sudo '],
    ...['[root@xxx ~]# ', 'me@gw ~> '],
  ]
  for (const prompt of prompts)
    it(`knows the prompt "${prompt}"`, () => {
      const lines = [`${prompt}iptables-save`, ...SAVED, `${prompt}ip route`, ...ROUTES]
      expect(cut(lines)).toEqual({ read: ['iptables-save 2-7', 'ip-route 9-10'], unread: [] })
    })

  it('takes a redacted mail address in front of a quotation for no prompt', () => {
    const lines = ['***@***.***> wrote: it hangs', '', ...ROUTES]
    expect(cut(lines)).toEqual({ read: ['ip-route 3-4'], unread: [] })
  })

  it('passes the upper line of a prompt that has two', () => {
    const drawn = '┌──(root㉿box)-[~]'
    const found = cut([drawn, '└─# iptables-save', ...SAVED, drawn, '└─# ip route', ...ROUTES])
    expect(found).toEqual({ read: ['iptables-save 3-8', 'ip-route 11-12'], unread: [] })
  })

  it('says what a filter chose, and hands it to the reader of sockets', () => {
    const row = 'tcp    LISTEN   0   128   192.0.2.2:53   0.0.0.0:*   users:(("dnsmasq",pid=7,fd=6))'
    const { blocks } = cutPasted(
      ['    # ss -lpn | grep dnsmasq', `    ${row}`, '', '    # ip route | grep eth0', `    ${ROUTES[1]}`].join('\n'),
    )!
    expect(blocks.map(({ recognised, filter }) => [recognised.format.id, filter])).toEqual([
      ['ss', 'grep dnsmasq'],
      ['ip-route', 'grep eth0'],
    ])
    expect(blocks[0]!.text.split('\n')).toEqual(['# ss -lpn | grep dnsmasq', row])
  })

  it('finds outputs with the no-break spaces of a web page', () => {
    const page = [...SAVED, ...ROUTES].map((line) => line.replaceAll(' ', '\u00a0'))
    const head = Buffer.from(page.join('\n')).toString('latin1')
    expect(mayBePasted(head, true)).toBe(true)
    expect(cut(page)?.read).toEqual(['iptables-save 1-6', 'ip-route 7-8'])
  })
})

describe('headings of routing tables', () => {
  const tables = (...lines: string[]) => blockOf(lines, 'ip-route').filter((line) => line !== '')
  const route = (table: string) => `default via 192.0.2.254 dev eth0 table ${table}`

  it('give their routes the table, with the first one in the same line or not', () => {
    expect(tables('IPv4 Table 201: default via 192.0.2.254 dev eth0')).toEqual([route('201')])
    expect(tables('=== routing table vpn ===', 'default via 192.0.2.254 dev eth0')).toEqual([route('vpn')])
  })

  it('end at a heading of rules, and prose is none', () => {
    const lines = [
      'IPv4 Table 201: default via 192.0.2.254 dev eth0',
      'IPv4 Table 201 Rules:',
      '9:\tfrom all fwmark 0x1 lookup 201',
    ]
    expect(cut(lines)?.read).toEqual(['ip-route 1-1', 'ip-rule 3-3'])
    expect(tables('table 7 is for the office', '', ...ROUTES)).toEqual(ROUTES.map((line) => line))
  })
})
