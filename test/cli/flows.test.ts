import { describe, expect, test } from 'vitest'
import { EXAMPLE, folder, nfwhy, type Run } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const read = ({ stdout }: Run) => JSON.parse(stdout)

/** A host on which answers from port 80 are dropped. */
const HOST_RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --sport 80 -j DROP
COMMIT
`
/** `from` and `to` as ADDRESS:PORT. */
function packet(prefix: string, way: string, from: string, to: string, seq: number, flags: string): string {
  const [src, sport] = from.split(':')
  const [dst, dport] = to.split(':')
  return (
    `[ 7.0000${seq}] TRACE: ${prefix} ${way} SRC=${src} DST=${dst} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${seq} DF ` +
    `PROTO=TCP SPT=${sport} DPT=${dport} SEQ=${seq} ACK=0 WINDOW=64240 RES=0x00 ${flags} URGP=0\n`
  )
}

const CLIENT = '192.0.2.1:40000'
const SYN =
  packet('nat:PREROUTING:rule:1', 'IN=eth0 OUT=', CLIENT, '192.0.2.2:8080', 11, 'SYN') +
  packet('filter:INPUT:policy:1', 'IN=eth0 OUT=', CLIENT, '192.0.2.2:80', 11, 'SYN') +
  packet('nat:INPUT:policy:1', 'IN=eth0 OUT=', CLIENT, '192.0.2.2:80', 11, 'SYN')
const SYN_ACK = packet('filter:OUTPUT:rule:1', 'IN= OUT=eth0', '192.0.2.2:80', CLIENT, 22, 'SYN ACK')
const ENTRY =
  'tcp      6 59 SYN_RECV src=192.0.2.1 dst=192.0.2.2 sport=40000 dport=8080 src=192.0.2.2 dst=192.0.2.1 sport=80 dport=40000 mark=0 use=1\n'
const OTHER =
  'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=5353 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=5353 mark=7 use=1\n'

describe('flows', () => {
  test('both directions are one story', async () => {
    const cwd = folder({ log: SYN + SYN_ACK, rules: HOST_RULES, ct: ENTRY + OTHER })
    const run = await nfwhy(['flows', 'log', 'rules', 'ct', '--json'], { cwd })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const { schema, flows, stats } = read(run)
    expect(schema).toBe('nfwhy.flows/1')
    expect(stats).toMatchObject({ journeys: 2 })
    expect(flows).toHaveLength(2)
    expect(flows[0]).toMatchObject({
      family: 'ip',
      protocol: 'tcp',
      tracked: true,
      state: 'SYN_RECV',
      original: { src: '192.0.2.1', dst: '192.0.2.2', sport: 40_000, dport: 8080 },
      reply: { src: '192.0.2.2', dst: '192.0.2.1', sport: 80, dport: 40_000 },
      nat: {
        dst: {
          from: { address: '192.0.2.2', port: 8080 },
          to: { address: '192.0.2.2', port: 80 },
          rule: { table: 'nat', chain: 'PREROUTING', ruleNumber: 1 },
        },
      },
      packets: [
        { direction: 'original', kind: 'SYN', outcome: 'delivered', journeys: ['1'] },
        {
          direction: 'reply',
          kind: 'SYN ACK',
          outcome: 'dropped',
          journeys: ['2'],
          rule: { chain: 'OUTPUT', ruleNumber: 1 },
        },
      ],
      story: 'The SYN arrived (#1); its reply, the SYN ACK, was dropped by filter OUTPUT rule 1 (#2).',
      findings: [
        { code: 'reply-dropped', severity: 'error', journeys: ['1', '2'], rules: [{ chain: 'OUTPUT', ruleNumber: 1 }] },
      ],
    })
    expect(flows[0].nat.src).toBeUndefined()
    expect(flows[0].findings[0].fix[0].command).toMatch(/^iptables /)
    expect(flows[1]).toMatchObject({ protocol: 'udp', status: ['unreplied'], mark: 7, packets: [], findings: [] })
    expect(flows[1].story).toBeUndefined()
  })

  test('the same without an entry, by what NAT was seen to do', async () => {
    const cwd = folder({ log: SYN + SYN_ACK, rules: HOST_RULES })
    const { flows } = read(await nfwhy(['flows', 'log', 'rules', '--json'], { cwd }))
    expect(flows).toMatchObject([{ tracked: false, packets: [{ direction: 'original' }, { direction: 'reply' }] }])
    expect(flows[0].nat.dst.to).toEqual({ address: '192.0.2.2', port: 80 })
    expect(flows[0].findings).toMatchObject([{ code: 'reply-dropped' }])
  })

  test('an answer that came through is no finding', async () => {
    const passed = SYN_ACK.replace(':rule:1', ':policy:1')
    const cwd = folder({ log: SYN + passed, rules: HOST_RULES.replace(/-A OUTPUT.*\n/, '') })
    const { flows } = read(await nfwhy(['flows', 'log', 'rules', '--json'], { cwd }))
    expect(flows).toMatchObject([
      { findings: [], story: 'The SYN arrived (#1); its reply, the SYN ACK, was sent (#2).' },
    ])
  })

  test('an answer that was stopped once and came through later is no finding', async () => {
    const again = packet('nat:OUTPUT:policy:1', 'IN= OUT=eth0', '192.0.2.2:80', CLIENT, 33, 'SYN ACK')
    const rules = HOST_RULES.replace('-A OUTPUT', '-A OUTPUT -m limit --limit 1/sec')
    const cwd = folder({ log: SYN + SYN_ACK + again.replace('nat:OUTPUT:policy:1', 'filter:OUTPUT:policy:2'), rules })
    const { flows } = read(await nfwhy(['flows', 'log', 'rules', '--json'], { cwd }))
    expect(flows[0].packets.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'delivered',
      'dropped',
      'sent',
    ])
    expect(flows[0].findings).toEqual([])
  })

  test('what listed no answer is not said to have had one', async () => {
    const entry = ENTRY.replace('SYN_RECV', 'SYN_SENT').replace('dport=8080', 'dport=8080 [UNREPLIED]')
    const cwd = folder({ log: SYN, rules: HOST_RULES, ct: entry })
    const { flows } = read(await nfwhy(['flows', 'log', 'rules', 'ct', '--json'], { cwd }))
    expect(flows[0].story).toBe('The SYN arrived (#1); conntrack had seen no reply when the connections were listed.')
  })

  test('as text within 80 columns, those with packets first', async () => {
    const { code, stdout, stderr } = await nfwhy(['flows', EXAMPLE])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /\n✗ tcp 172\.28\.129\.2:55694 → 172\.28\.129\.4:52000 {2}no entry in conntrack\n {2}story {2}The SYN was dropped by/,
    )
    expect(stdout).toContain('  dnat   172.28.129.4:80 ⇒ 172.28.129.4:52000  by nat PREROUTING rule 3\n')
    expect(stdout).toMatch(/^3 connections: packets were captured of 2\n\n/)
    for (const one of stdout.split('\n')) expect([...one].length, one).toBeLessThanOrEqual(80)
  })

  test.each([
    ['rp-filter', '✗', 'lost', / {2}cause {2}The reverse path filter dropped it/],
    ['stale-conntrack', '✗', 'lost', / {2}cause {2}Connection tracking had seen no reply/],
    ['hairpin', '?', 'undetermined', / {2}note {3}It left by lan, where it came in, and kept its source/],
  ])('%s: what came of the exchange is said, where its packets alone look well', async (name, mark, status, why) => {
    const { stdout } = await nfwhy(['flows', `examples/${name}`])
    const first = stdout.split('\n\n')[1]!
    expect(first).toMatch(why)
    expect(first[0]).toBe(mark)
    const { flows } = read(await nfwhy(['flows', `examples/${name}`, '--json']))
    expect(flows.map(({ exchange }: { exchange: { status: string } }) => exchange.status)).toContain(status)
  })

  test('entries alone are listed, and --filter says which packets count', async () => {
    const cwd = folder({ ct: ENTRY + OTHER, log: SYN + SYN_ACK, rules: HOST_RULES })
    const alone = await nfwhy(['flows', 'ct'], { cwd })
    expect(alone.stdout).toBe(
      '2 connections\n\n' +
        '  tcp 192.0.2.1:40000 → 192.0.2.2:8080  SYN_RECV\n' +
        '  dnat   192.0.2.2:8080 ⇒ 192.0.2.2:80\n' +
        '  udp 10.0.0.1:5353 → 10.0.0.2:53  unreplied  mark 0x7\n',
    )
    const { flows } = read(await nfwhy(['flows', '.', '--json', '--filter', 'src 192.0.2.1'], { cwd }))
    expect(flows[0].packets).toHaveLength(1)
  })

  test('an entry that two tools listed is one', async () => {
    const proc = `ipv4     2 ${ENTRY.replace('mark=0', 'zone=0')}`
    const { flows } = read(await nfwhy(['flows', 'ct', 'proc', '--json'], { cwd: folder({ ct: ENTRY, proc }) }))
    expect(flows).toHaveLength(1)
  })

  test('of several machines each has its own', async () => {
    const files = { log: SYN, rules: HOST_RULES, ct: ENTRY }
    const both = Object.fromEntries(
      ['a', 'z'].flatMap((host) => Object.entries(files).map(([name, text]) => [`b/${host}/${name}`, text])),
    )
    const { flows } = read(await nfwhy(['flows', 'b', '--json'], { cwd: folder(both) }))
    expect(flows.map(({ host, packets }: { host: string; packets: unknown[] }) => [host, packets.length])).toEqual([
      ['a', 1],
      ['z', 1],
    ])
  })

  test('neither connections nor a capture', async () => {
    const run = await nfwhy(['flows', 'rules'], { cwd: folder({ rules: RULES, log: LOG }) })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(
      /^nfwhy: There is neither a list of connections nor a capture among the inputs\.\n {2}conntrack -L/,
    )
  })
})
