/** A ticket given as one file: what is read of it, what is told of the rest, and what is read as before. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { open } from '../../../src/analysis/analysis.ts'
import { otherOutput } from '../../../src/analysis/inputs/other-output.ts'
import { packetOfTcpdump } from '../../../src/analysis/inputs/seen-by-tcpdump.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { cutPasted } from '../../../src/read/pasted/cut.ts'
import { mayBePasted } from '../../../src/read/pasted/signs.ts'
import { HEAD_BYTES, recognise } from '../../../src/read/recognise.ts'
import { parseSpec } from '../../../src/simulate/spec.ts'

const SAVED = ['*filter', ':INPUT DROP [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', 'COMMIT']
const ROUTES = ['default via 192.0.2.254 dev eth0', '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2']
const LOG =
  '[  4.1] TRACE: filter:INPUT:policy:1 IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 WINDOW=1024 RES=0x00 SYN URGP=0 '

const opened = async (lines: readonly string[], redact = false) => {
  const { files, warnings } = await open(
    [{ name: 'ticket', text: lines.join('\n') }],
    redact ? { redactKey: 'key' } : {},
  )
  return {
    formats: files.map(({ format }) => format),
    told: warnings.map(({ code, line, message }) => [code, line, message]),
  }
}

describe('a ticket as one file', () => {
  it('is read output by output, and the rest is told', async () => {
    const lines = [
      'It hangs.',
      '# iptables-save',
      ...SAVED,
      '# ip route',
      ...ROUTES,
      '$ curl -v 192.0.2.2',
      '* connect',
    ]
    expect(await opened(lines)).toEqual({
      formats: ['iptables-save', 'ip-route'],
      told: [
        [
          'outputs-in-text',
          undefined,
          'nfwhy reads the outputs in this text: lines 3 to 7 (iptables-save), lines 9 to 10 (ip-route)',
        ],
        ['output-not-read', 12, 'this line is not understood as the output of "curl -v 192.0.2.2"'],
      ],
    })
  })

  it('shows no word of the text where it is redacted', async () => {
    const lines = ['# iptables-save', ...SAVED, '# ip route', ...ROUTES, '$ curl -v 192.0.2.77', '* connect']
    const { formats, told } = await opened(lines, true)
    expect(formats).toEqual(['iptables-save', 'ip-route'])
    expect(told.map(([code]) => code)).toContain('output-not-read')
    expect(JSON.stringify(told)).not.toContain('192.0.2.')
  })

  it('names the outputs that nfwhy does not read, and what to give instead', async () => {
    const lines = ['```', 'To    Action      From', '--    ------      ----', '```', '```', ...SAVED, '```']
    expect((await opened(lines)).told.slice(1)).toEqual([
      [
        'output-not-read',
        2,
        'these 2 lines are output of ufw status: the settings of ufw, not its rules. nfwhy reads iptables-save and ip6tables-save',
      ],
    ])
  })

  it.each([
    ['between prompts', ['root@gw:~# ip route', ...ROUTES, 'root@gw:~# '], ['ip-route']],
    [
      'as script(1) wrote it',
      [
        'Script started on 2026-11-27 04:51:00+00:00 [TERM="xterm"]',
        ...ROUTES,
        'Script done on 2026-11-27 04:51:09+00:00',
      ],
      ['ip-route'],
    ],
    [
      'of rules, as script(1) wrote it',
      [
        'Script started on 2026-11-27 04:51:00+00:00',
        'table ip t {',
        '\tchain c {',
        '\t}',
        '}',
        '',
        'Script done on 2026-11-27',
      ],
      ['nft'],
    ],
  ])('is one output %s, without what is no part of it', async (_, lines, formats) => {
    const { told, ...read } = await opened(lines)
    expect(read.formats).toEqual(formats)
    expect(told.map(([code]) => code)).toEqual(['outputs-in-text'])
  })

  it('tells a log line that is cut between others', async () => {
    const lines = ['# iptables-save', ...SAVED, '', '# dmesg', LOG, LOG.slice(0, 120), LOG]
    const analysis = await open([{ name: 'ticket', text: lines.join('\n') }])
    for await (const _ of analysis.journeys()) void _
    expect(analysis.warnings.find(({ code }) => code === 'line-cut')).toMatchObject({ input: 'ticket', line: 10 })
  })
})

describe('what was read before the cutter was there', () => {
  const FIXTURES = new URL('../../../fixtures/', import.meta.url)
  const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(new URL(name, FIXTURES)).isFile(),
  )

  it('is one known output in every fixture: none of them is cut', () => {
    const cut: string[] = []
    let known = 0
    for (const name of files) {
      const bytes = readFileSync(new URL(name, FIXTURES))
      const head = bytes.subarray(0, HEAD_BYTES).toString('latin1')
      const recognised = recognise(head)
      if (!recognised || name.endsWith('.expected')) continue
      known++
      if (!mayBePasted(head, true)) continue
      const others = cutPasted(bytes.toString())?.blocks.filter((one) => one.recognised !== recognised)
      if (others && others.length > 0) cut.push(name)
    }
    expect(known).toBeGreaterThan(100)
    expect(cut).toEqual([])
  })

  it.each([
    [
      'a script with remarks',
      ['set -e', '# iptables -L', 'iptables -P INPUT DROP', 'if true', 'then', 'iptables -N x', 'fi'],
    ],
    ['one listing below its prompt', ['root@gw:~# iptables-save', ...SAVED, 'root@gw:~# exit', 'logout']],
  ])('%s is one file', async (_, lines) => {
    const { formats, told } = await opened(lines)
    expect([formats.length, told.filter(([code]) => code === 'outputs-in-text')]).toEqual([1, []])
  })
})

describe('outputs that nfwhy does not read', () => {
  const OUTPUTS: readonly [string, string, RegExp][] = [
    ['firewall-cmd', 'public (active)\n  target: default\n  icmp-block-inversion: no\n', /nft -a list ruleset/],
    ['ufw', 'Status: active\n\nTo                         Action      From\n', /iptables-save and ip6tables-save/],
    ['tcpdump', '13:50:01.123456 IP 192.0.2.1.4000 > 192.0.2.2.80: Flags [S]\n', /nft monitor trace/],
    ['tcpdump', '13:50:01.123456 eth0  In  IP 192.0.2.1.4000 > 192.0.2.2.80: Flags [S]\n', /nft monitor trace/],
    ['conntrack -E', '    [NEW] tcp      6 120 SYN_SENT src=192.0.2.1 dst=192.0.2.2\n', /conntrack -L/],
    ['route or netstat -r', 'Kernel IP routing table\nDestination Gateway\n', /ip route show table all/],
    ['netstat', 'Active Internet connections (servers and established)\n', /ss -lntup/],
    ['ifconfig', 'eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n', /ip addr/],
  ]
  it.each(OUTPUTS)('%s', async (name, text, instead) => {
    expect(otherOutput(text)?.is).toMatch(name)
    expect(otherOutput(text)?.is).toMatch(instead)
    const refused = open([{ name: 'note', text }])
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(`this is the output of ${name}`)
  })

  it('are not seen in prose', () => {
    expect(otherOutput('I ran tcpdump and netstat -r. To be sure, from: Action\nIP is up.\n')).toBeUndefined()
  })

  const FROM_TCPDUMP = [
    'listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes',
    '13:50:01.100000 eth1  Out IP 192.0.2.2.80 > 192.0.2.9.4000: Flags [S.], seq 1, ack 2, win 5, length 0',
    '13:50:01.123456 eth0  In  IP 192.0.2.1.4000 > 192.0.2.2.8080: Flags [S], seq 1, win 64240, options [mss 1460], length 0',
  ]

  it('shows what to simulate where tcpdump saw a packet that asks for something', async () => {
    const packet = "--packet 'in eth0 tcp 192.0.2.1:4000 > 192.0.2.2:8080 syn'"
    const ticket = ['My forward fails:', '', ...FROM_TCPDUMP, '', ...SAVED]
    const { told, formats } = await opened(ticket)
    expect(formats).toEqual(['iptables-save'])
    expect(told.find(([code]) => code === 'output-not-read')).toEqual([
      'output-not-read',
      3,
      `these 3 lines are output of tcpdump, which does not show rules. nfwhy reads the kernel log with TRACE lines and nft monitor trace. This shows what rules do with the first request there: nfwhy simulate RULES ${packet}`,
    ])
    await expect(open([{ name: 'seen.txt', text: `${FROM_TCPDUMP.join('\n')}\n` }])).rejects.toThrow(`RULES ${packet}`)
  })

  it.each([
    [
      'with -v and the interface in front, a datagram',
      'tcpdump: listening on br0, link-type EN10MB\n13:50:01.123456 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto UDP (17), length 68)\n    10.0.0.1.4000 > 10.0.0.2.5000: UDP, length 40',
      'in br0 udp 10.0.0.1:4000 > 10.0.0.2:5000',
    ],
    [
      'a question to a name server over IPv6',
      '13:50:01.123456 IP6 2001:db8::1.4000 > 2001:db8::53.53: 4711+ [1au] AAAA? example.com. (40)',
      'in INTERFACE udp [2001:db8::1]:4000 > [2001:db8::53]:53',
    ],
    [
      'an echo request, and -e',
      '02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv6 (0x86dd), length 118: 2001:db8::1 > 2001:db8::2: ICMP6, echo request, id 1, seq 1, length 64',
      'in INTERFACE icmpv6 2001:db8::1 > 2001:db8::2 echo-request',
    ],
    [
      'an echo request of IPv4, and -i any',
      '13:50:01.123456 eth0.10 In  IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 64',
      'in eth0.10 icmp 192.0.2.1 > 192.0.2.2 echo-request',
    ],
    [
      '-e and -i any',
      '13:50:01.123456 eth0  In  ifindex 2 52:54:00:aa:bb:cc ethertype IPv4 (0x0800), length 80: 192.0.2.1.4000 > 192.0.2.2.80: Flags [S], seq 1',
      'in eth0 tcp 192.0.2.1:4000 > 192.0.2.2:80 syn',
    ],
    [
      '-e, in a VLAN',
      '13:50:01.123456 52:54:00:aa:bb:cc > 52:54:00:aa:bb:cd, ethertype 802.1Q (0x8100), length 78: vlan 10, p 0, ethertype IPv4 (0x0800), 192.0.2.1.4000 > 192.0.2.2.80: Flags [S], seq 1',
      'in INTERFACE tcp 192.0.2.1:4000 > 192.0.2.2:80 syn',
    ],
    [
      'an answer alone',
      '13:50:01.123456 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [R.], seq 0, ack 1, win 0, length 0',
      undefined,
    ],
    [
      'an echo request of IPv4, and options',
      '13:50:01.123456 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto ICMP (1), length 84, options (RR 0.0.0.0))\n    10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 64',
      'in INTERFACE icmp 10.0.0.1 > 10.0.0.2 echo-request',
    ],
    [
      'with -vv, a datagram with its checksum',
      '13:50:01.123456 IP6 (hlim 64, next-header UDP (17) payload length: 48) 2001:db8::1.4000 > 2001:db8::2.5000: [bad udp cksum 0x1234 -> 0xa6f9!] UDP, length 40',
      'in INTERFACE udp [2001:db8::1]:4000 > [2001:db8::2]:5000',
    ],
    [
      'of a VLAN, whose interface is another',
      'listening on eth0, link-type EN10MB\n13:50:01.123456 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q (0x8100), length 78: vlan 100, p 0, ethertype IPv4 (0x0800), 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0',
      'in INTERFACE tcp 10.0.0.1:4000 > 10.0.0.2:80 syn',
    ],
    [
      'with -e and -i any, not what went out',
      '13:50:01.123456 eth1  Out ifindex 3 02:00:00:00:00:01 ethertype IPv4 (0x0800), length 80: 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0\n13:50:01.123457 eth0  In  ifindex 2 02:00:00:00:00:02 ethertype IPv4 (0x0800), length 80: 10.0.0.1.4000 > 10.0.0.2.81: Flags [S], seq 1, length 0',
      'in eth0 tcp 10.0.0.1:4000 > 10.0.0.2:81 syn',
    ],
    [
      'of two that listened, the one below it',
      'listening on eth0, link-type EN10MB\n\nlistening on eth1, link-type EN10MB\n13:50:01.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0',
      'in eth1 tcp 10.0.0.1:4000 > 10.0.0.2:80 syn',
    ],
    [
      'nothing that an error quotes',
      '13:50:01.123456 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto ICMP (1), length 56)\n    10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 5000 unreachable, length 36\n\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto UDP (17), length 68)\n    10.0.0.1.4000 > 10.0.0.2.5000: UDP, length 40',
      undefined,
    ],
    [
      'nothing that a tunnel carries',
      'listening on eth0, link-type EN10MB\n13:50:01.123456 IP 192.0.2.1.50000 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 1\nIP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0',
      undefined,
    ],
    [
      'nothing that IPIP carries',
      '13:50:01.123456 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto IPIP (4), length 80)\n    192.0.2.1 > 192.0.2.2: IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0',
      undefined,
    ],
    ['names', '13:50:01.123456 IP web.example.4000 > db.example.5432: Flags [S], seq 1, win 5, length 0', undefined],
  ])('a packet of tcpdump to simulate: %s', (_, text, packet) => {
    expect(packetOfTcpdump(text)?.packet).toBe(packet)
    if (packet !== undefined) expect(parseSpec(packet.replace('INTERFACE', 'eth0'))).toHaveProperty('packet')
  })

  it('says that a packet without a direction may have gone out', () => {
    const seen = '13:50:01.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 1, length 0\n'
    expect(otherOutput(`listening on eth1, link-type EN10MB\n${seen}`)?.instead).toMatch(/, if it came in by eth1: /)
    expect(otherOutput(`listening on nflog, link-type NFLOG\n${seen}`)?.instead).toMatch(/ there: .*in INTERFACE tcp/)
  })

  it.each([
    '13:50:01.123456 eth0  In  ifindex 2 02:00:00:00:00:01 ethertype IPv4 (0x0800), length 80: 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    '13:50:01.123456  In 02:00:00:00:00:01 ethertype IPv4 (0x0800), length 76: 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    '1700000000.123456 eth0  In  IP 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    'eth0  In  IP 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    'IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    '13:50:01.123456 ip: 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
    '2023-11-14 22:13:20.123456 IP 10.0.0.1.4000 > 10.0.0.2.80: tcp 0',
  ])('knows the line of tcpdump: %s', (line) => {
    expect(otherOutput(`${line}\n`)?.is).toMatch(/^of tcpdump,/)
    expect(mayBePasted(`${SAVED.join('\n')}\n\n${line}\n`, true)).toBe(true)
  })
})
