/** LOG lines: which rule wrote them, and whose journey they belong to. */
import { describe, expect, it } from 'vitest'
import { explainLog, stepText, stepTexts, worldOf } from './journeys.ts'
import { dmesg, log, type TestPacket, trace } from './kernel-lines.ts'

const packet: TestPacket = { in: 'eth0', src: '10.0.0.1', dst: '192.0.2.1', sport: 40000, dport: 80, id: 77 }
const filter = (...rules: string[]) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:logdrop - [0:0]
${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT
`
const mangle = (...rules: string[]) => `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT
`
const fieldsOf = (one: TestPacket) => `${log('', one)}\n`
/** The only line of a journey; not what follows from the ruleset. */
const alone = (prefix: string, rules: string, over: Partial<TestPacket> = {}) =>
  explainLog(dmesg([log(prefix, { ...packet, ...over })]), worldOf(rules)).journeys.flatMap((journey) =>
    stepTexts(journey).slice(0, 1),
  )

describe('one rule has the prefix', () => {
  it.each([
    ['as it is', 'INPUT -j LOG --log-prefix "DROP: "', 'DROP: '],
    ['without a blank at its end', 'INPUT -j LOG --log-prefix "DROP"', 'DROP'],
    ['with blanks that the log lost', 'INPUT -j LOG --log-prefix " DROP: "', 'DROP:'],
    [
      'of 29 bytes, all that the kernel keeps',
      'INPUT -j LOG --log-prefix "12345678901234567890123456789"',
      '12345678901234567890123456789',
    ],
    [
      'of more bytes in a script, cut',
      'INPUT -j LOG --log-prefix "123456789012345678901234567890123"',
      '12345678901234567890123456789',
    ],
    ['beyond ASCII', 'INPUT -j LOG --log-prefix "дроп é: "', 'дроп é: '],
    ['with quotation marks', 'INPUT -j LOG --log-prefix "\\"q\\" "', '"q" '],
    ['that is none', 'INPUT -p tcp -j LOG', ''],
  ])('%s', (_name, rule, prefix) => {
    expect(alone(prefix, filter('INPUT -p udp', rule))).toEqual([`"${prefix}" filter:INPUT:log:2`])
  })

  it.each(['дропдропдропдроп', 'дропдропдропдр\ufffd'])('cut in the middle of a letter: %s', (prefix) => {
    // what iptables-save prints ends in half a letter too
    const line = new TextEncoder().encode(`[1.5] дропдропдропдро${fieldsOf(packet)}`)
    const bytes = [...line]
    bytes.splice(6 + 28, 2, 0xd0)
    expect(bytes.length).toBe(line.length - 1)
    const { journeys } = explainLog(Uint8Array.from(bytes), worldOf(filter(`INPUT -j LOG --log-prefix "${prefix}"`)))
    expect(journeys[0]!.steps[0]!.ruleNumber).toBe(1)
  })

  it('in a user chain: the hook is that of the chains that lead there', () => {
    const rules = filter('FORWARD -j logdrop', 'logdrop -j LOG --log-prefix "x "', 'logdrop -j DROP')
    const { journeys } = explainLog(dmesg([log('x ', { ...packet, out: 'eth1' })]), worldOf(rules))
    const [step] = journeys[0]!.steps
    expect([step!.hook, step!.rule, step!.verdict]).toEqual([
      'forward',
      '-A logdrop -j LOG --log-prefix "x "',
      'continue',
    ])
  })

  it('of another family', () => {
    const rules = filter('INPUT -j LOG --log-prefix "x "')
    expect(alone('x ', rules, { src: '2001:db8::1', dst: '2001:db8::2' })).toEqual(['"x "'])
  })

  it('and logs to NFLOG, which is no kernel log', () => {
    expect(alone('x ', filter('INPUT -j NFLOG --nflog-prefix "x "'))).toEqual(['"x "'])
  })

  it('of no rule here', () => {
    expect(alone('y ', filter('INPUT -j LOG --log-prefix "x "'))).toEqual(['"y "'])
  })
})

describe('several rules have the prefix', () => {
  it.each([
    [
      'told by the blank',
      ['INPUT -j LOG --log-prefix "x"', 'INPUT -j LOG --log-prefix "x "'],
      {},
      'filter:INPUT:log:2',
    ],
    [
      'told by the hook: input',
      ['INPUT -j LOG --log-prefix "x "', 'FORWARD -j LOG --log-prefix "x "'],
      {},
      'filter:INPUT:log:1',
    ],
    [
      'told by the hook: forward',
      ['INPUT -j LOG --log-prefix "x "', 'FORWARD -j LOG --log-prefix "x "'],
      { out: 'eth1' },
      'filter:FORWARD:log:1',
    ],
    [
      'told by the hook: output',
      ['FORWARD -j LOG --log-prefix "x "', 'OUTPUT -j LOG --log-prefix "x "'],
      { in: '', out: 'eth1' },
      'filter:OUTPUT:log:1',
    ],
    [
      'told by the interface',
      ['INPUT -i eth1 -j LOG --log-prefix "x "', 'INPUT -i eth0 -j LOG --log-prefix "x "'],
      {},
      'filter:INPUT:log:2',
    ],
    [
      'told by the port',
      ['INPUT -p tcp --dport 81 -j LOG --log-prefix "x "', 'INPUT -p tcp --dport 80 -j LOG --log-prefix "x "'],
      {},
      'filter:INPUT:log:2',
    ],
    [
      'told by the chain they are reached from',
      ['FORWARD -j logdrop', 'INPUT -j LOG --log-prefix "x "', 'logdrop -j LOG --log-prefix "x "'],
      { out: 'eth1' },
      'filter:logdrop:log:1',
    ],
    ['not told: both match', ['INPUT -j LOG --log-prefix "x "', 'INPUT -p tcp -j LOG --log-prefix "x "'], {}, ''],
    [
      'not told: it is not known whether they match',
      ['INPUT -m recent --rcheck -j LOG --log-prefix "x "', 'INPUT -m limit --limit 1/s -j LOG --log-prefix "x "'],
      {},
      '',
    ],
    [
      'not told: none can match',
      ['INPUT -i eth1 -j LOG --log-prefix "x "', 'INPUT -i eth2 -j LOG --log-prefix "x "'],
      {},
      '',
    ],
  ])('%s', (_name, rules, over, place) => {
    expect(alone('x ', filter(...rules), over)).toEqual([place ? `"x " ${place}` : '"x "'])
  })

  it('told by neither in PREROUTING and INPUT, where packets look alike', () => {
    const both = mangle('PREROUTING -j LOG --log-prefix "x "', 'INPUT -j LOG --log-prefix "x "')
    expect(alone('x ', both)).toEqual(['"x "'])
  })

  it('told by the line of the rule that stands in front', () => {
    const rules = filter('INPUT -p tcp -j LOG --log-prefix "x "', 'INPUT -s 10.0.0.1 -j LOG --log-prefix "x "')
    const lines = [1, 2].flatMap((n) => [trace(`filter:INPUT:rule:${n}`, packet), log('x ', packet)])
    const { journeys } = explainLog(dmesg(lines), worldOf(rules))
    expect(journeys.map(stepTexts)).toEqual([
      ['filter:INPUT:rule:1', '"x " filter:INPUT:log:1', 'filter:INPUT:rule:2', '"x " filter:INPUT:log:2'],
    ])
  })
})

describe('beside TRACE', () => {
  const rules = filter('INPUT -p tcp -j LOG --log-prefix "x "', 'INPUT -p tcp --dport 80 -j DROP')
  const points = ['filter:INPUT:rule:1', 'x ', 'filter:INPUT:rule:2']
  const lines = (one: TestPacket) => points.map((point) => (point === 'x ' ? log(point, one) : trace(point, one)))
  const steps = ['filter:INPUT:rule:1', '"x " filter:INPUT:log:1', 'filter:INPUT:rule:2']

  it('a line joins the journey of its packet, although it shows less of it', () => {
    const { journeys } = explainLog(dmesg(lines(packet)), worldOf(rules))
    expect(journeys.map(stepTexts)).toEqual([steps])
    expect([journeys[0]!.outcome, journeys[0]!.culprit?.ruleNumber]).toEqual(['dropped', 2])
  })

  it('a line joins the journey of its packet among others', () => {
    const packets = [1, 2, 3].map((id) => ({ ...packet, id, sport: 4000 + id, seq: id }))
    const interleaved = points.flatMap((_, i) => packets.map((one) => lines(one)[i]!))
    const { journeys } = explainLog(dmesg(interleaved), worldOf(rules))
    expect(journeys.map(stepTexts)).toEqual([steps, steps, steps])
    for (const journey of journeys) expect(new Set(journey.steps.map(({ sport }) => sport)).size).toBe(1)
  })

  it('a line joins the journey of its packet where only sequence numbers tell packets apart', () => {
    const packets = [1, 2].map((seq) => ({ ...packet, id: 0, seq, flags: 'ACK', length: 52 }))
    const text = dmesg(packets.flatMap(lines))
    expect(explainLog(text, worldOf(rules)).journeys.map(stepTexts)).toEqual([steps, steps])
  })

  it('without a ruleset a line joins, and has no rule', () => {
    expect(explainLog(dmesg(lines(packet))).journeys.map(stepTexts)).toEqual([
      ['filter:INPUT:rule:1', '"x "', 'filter:INPUT:rule:2'],
    ])
  })

  it('a line in front of the place where tracing begins is of the same journey', () => {
    const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -j LOG --log-prefix "raw "\n-A PREROUTING -j TRACE\nCOMMIT\n`
    const text = dmesg([log('raw ', packet), trace('raw:PREROUTING:policy:3', packet), ...lines(packet)])
    expect(explainLog(text, worldOf(rules, raw)).journeys.map(stepTexts)).toEqual([
      ['"raw " raw:PREROUTING:log:1', 'raw:PREROUTING:policy:3', ...steps],
    ])
  })

  it('the same line again is of the next packet like it', () => {
    const { journeys } = explainLog(dmesg([log('x ', packet), log('x ', packet), log('x ', packet)]), worldOf(rules))
    expect(journeys.map(({ steps }) => stepText(steps[0]!))).toEqual(Array(3).fill('"x " filter:INPUT:log:1'))
  })

  it('lines of several rules about one packet are one journey', () => {
    const { journeys } = explainLog(dmesg([log('[UFW AUDIT] ', packet), log('[UFW BLOCK] ', packet)]))
    expect(journeys.map(stepTexts)).toEqual([['"[UFW AUDIT] "', '"[UFW BLOCK] "']])
    expect(journeys[0]!.outcome).toBe('undetermined')
  })
})

describe('at the bridge', () => {
  const frame = (prefix: string, rest: string) =>
    `${prefix} IN=veth1 OUT= MAC source = 02:00:00:00:00:02 MAC dest = 02:00:00:00:00:01 proto = ${rest}`
  const ping = '0x0800 IP SRC=10.0.0.1 IP DST=10.0.0.2, IP tos=0x00, IP proto=1'

  it('lines of ebtables about one frame are one journey of the bridge', () => {
    const text = dmesg([frame('TRACE: eb:broute:BROUTING', ping), frame('TRACE: eb:nat:PREROUTING', ping)])
    const { journeys } = explainLog(text)
    expect(journeys.map((journey) => [journey.family, ...stepTexts(journey)])).toEqual([
      ['bridge', '"TRACE: eb:broute:BROUTING "', '"TRACE: eb:nat:PREROUTING "'],
    ])
  })

  it('the next frame like it is another', () => {
    const text = dmesg([frame('a', ping), frame('b', ping), frame('a', ping), frame('b', ping)])
    expect(explainLog(text).journeys.map(stepTexts)).toEqual([
      ['"a "', '"b "'],
      ['"a "', '"b "'],
    ])
  })

  it('is not the IP packet that the frame carries', () => {
    const text = dmesg([
      frame('a', ping),
      trace('raw:PREROUTING:policy:2', { ...packet, dst: '10.0.0.2', protocol: 'icmp' }),
    ])
    expect(explainLog(text).journeys.map(({ family }) => family)).toEqual(['bridge', 'ip'])
  })
})
