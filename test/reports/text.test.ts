import { describe, expect, test } from 'vitest'
import { single } from '../../src/analysis/groups.ts'
import { worstFirst } from '../../src/analysis/worst-first.ts'
import { fixCommands } from '../../src/edits/fix.ts'
import type { Finding } from '../../src/model/journey.ts'
import { FORMS, type Group, warningsText } from '../../src/reports/index.ts'
import { type Explained, expectGolden, explainFolder, FOLDERS, INCIDENTS, write } from './cases.ts'

const CLASH = explainFolder(INCIDENTS['nodeport-clash']!)
const NO_TAIL = { inputs: [], warnings: [], stats: { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 } }

const text = ({ groups, tail }: Explained, options: Parameters<typeof write>[3] = {}) =>
  write(FORMS.text, groups, tail, options)
const block = (group: Group, options: Parameters<typeof write>[3] = {}) =>
  FORMS.text.open(options).journey(group).trimEnd()

describe('as a person reads it', () => {
  test.each(Object.entries(FOLDERS))('%s', (name, folder) => {
    const explained = explainFolder(folder)
    expect(explained.groups.length).toBeGreaterThan(0)
    expectGolden(`text/${name}.txt`, text(explained))
    expectGolden(`text/${name}.full.txt`, text(explained, { full: true }))
  })

  test('nodeport-clash on a wide terminal', () =>
    expectGolden('text/nodeport-clash.wide.txt', text(CLASH, { width: 120 })))

  test('nodeport-clash on a narrow one without Unicode', () =>
    expectGolden('text/nodeport-clash.ascii.txt', text(CLASH, { width: 60, unicode: false })))

  test('nodeport-clash in colour', () => expectGolden('text/nodeport-clash.colour.txt', text(CLASH, { colour: true })))
})

describe('lines', () => {
  const lines = Object.values(FOLDERS).flatMap((folder) => {
    const explained = explainFolder(folder)
    return [false, true].flatMap((full) =>
      [60, 80, 120].flatMap((width) =>
        text(explained, { full, width })
          .split('\n')
          .map((line) => ({ line, width })),
      ),
    )
  })

  test('keep to the width, but for a quoted word of a command, which cannot be broken', () => {
    const longer = lines.filter(({ line, width }) => line.length > width)
    expect(longer.filter(({ line }) => !/'.{20,}'/.test(line))).toEqual([])
    expect(lines.some(({ line, width }) => line.length === width)).toBe(true)
  })

  test('end in no blanks', () => expect(lines.filter(({ line }) => / $/.test(line))).toEqual([]))
})

test('colour changes nothing but the colour', () => {
  const plain = text(CLASH).replaceAll(/\x1b\[\d+m/g, '')
  const coloured = text(CLASH, { colour: true })
  expect(coloured).toContain('\x1b[31m')
  expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(plain)
})

test('a command over several lines is one to the shell', () => {
  const written = text(CLASH, { width: 50, full: true })
  const [, command] = /undo {3}(iptables -t nat (?:.*\\\n)+.*)\n/.exec(written) ?? []
  const undo = CLASH.groups[0]!.journey.findings[0]!.fix.map((fix) => String(fixCommands(fix).undo)).find((one) =>
    one.startsWith('iptables -t nat -I'),
  )
  expect(command?.split('\n').length).toBeGreaterThan(2)
  expect(command?.replaceAll(/ \\\n +/g, ' ')).toBe(undo)
})

describe('a group', () => {
  const [dropped] = CLASH.groups as [Group]
  const many: Group = { ...dropped, count: 10_000, same: { src: true, dst: true, sport: false, dport: true } }

  test('has its number and a star where packets differ', () => {
    const [head, ...more] = block(many, { width: 120 }).split('\n')
    expect(head).toMatch(/^✗ DROPPED by filter KUBE-FIREWALL rule 1 +#1 ×10,000$/)
    expect(head).toHaveLength(120)
    expect(more[0]).toBe('  tcp 172.28.129.2:* → 172.28.129.4:52000  SYN  in eth0  417.477 s after boot')
    expect(more).toContain('  first  the packet shown is 172.28.129.2:55694 → 172.28.129.4:52000')
  })

  test('without an address in common', () => {
    const group = { ...many, same: { src: false, dst: false, sport: false, dport: false } }
    expect(block(group).split('\n')[1]).toContain('tcp * → *  SYN')
  })

  test('says over which time', () => {
    const last = { uptime: { first: 500.25, last: 501 } }
    expect(block({ ...many, last }, { width: 120 })).toContain('417.477 – 500.250 s after boot')
  })

  test('what NAT made of other packets is not known', () => {
    const delivered = CLASH.groups.find(({ journey }) => journey.outcome === 'delivered')!
    expect(block(delivered)).toContain('→ 172.28.129.4:80 ⇒ :52000')
    const group = { ...delivered, count: 2, same: { src: true, dst: true, sport: true, dport: false } }
    expect(block(group)).toContain('→ 172.28.129.4:*  SYN')
  })
})

describe('order and counts', () => {
  const [dropped, delivered] = CLASH.groups as [Group, Group]
  const clash: Finding = { code: 'closed-port', severity: 'error', message: 'closed', steps: [], rules: [], fix: [] }
  const wrong: Group = { ...delivered, journey: { ...delivered.journey, findings: [clash] } }
  const unsure: Group = { ...delivered, journey: { ...delivered.journey, outcome: 'undetermined' } }

  test('the worst first, then the most', () => {
    const few = { ...dropped, count: 2 }
    const many = { ...dropped, count: 10 }
    expect(worstFirst([delivered, unsure, few, wrong, many])).toEqual([many, few, wrong, unsure, delivered])
  })

  test('what only tells of another packet behind that one', () => {
    const { packet } = dropped.journey
    const reset: Group = {
      ...dropped,
      journey: { ...dropped.journey, packet: { ...packet, tcpFlags: ['rst', 'ack'] } },
    }
    const error: Group = {
      ...dropped,
      journey: { ...dropped.journey, packet: { ...packet, protocol: 'icmp', icmpType: 3, icmpCode: 13 } },
    }
    expect(worstFirst([wrong, reset, error, dropped])).toEqual([dropped, reset, error, wrong])
  })

  test('packets that passed with an error are not marked as good', () => {
    expect(block(delivered)).toMatch(/^✓ DELIVERED/)
    expect(block(wrong)).toMatch(/^! DELIVERED/)
    expect(block(unsure)).toMatch(/^\? UNDETERMINED/)
  })

  test.each<[string, Group[], Partial<typeof NO_TAIL.stats> & { evicted?: number }]>([
    [
      '10,001 packets: 10,000 dropped, 1 to this host',
      [{ ...dropped, count: 10_000 }, delivered],
      { journeys: 10_001 },
    ],
    ['1 packet: dropped', [dropped], { journeys: 1 }],
    ['2 packets: all dropped', [{ ...dropped, count: 2 }], { journeys: 2 }],
    ['1 packet of 12 in the capture: dropped', [dropped], { journeys: 12 }],
    ['0 packets', [], {}],
    [
      'Not told above: 1 line could not be used, 2,000 events lost by the kernel, 3 journeys cut short, because too many were open at once.',
      [],
      { skipped: 1, lost: 2000, evicted: 3 },
    ],
  ])('%s', (line, groups, stats) => {
    const written = write(FORMS.text, groups, { ...NO_TAIL, stats: { ...NO_TAIL.stats, ...stats } })
    expect(written.trimEnd().split('\n').at(-1)).toBe(line)
  })
})

test('what came after a group was told is counted at the end', () => {
  const [dropped, delivered] = CLASH.groups as [Group, Group]
  const writer = FORMS.text.open()
  writer.begin()
  for (const group of [dropped, delivered]) writer.journey(group)
  const tail = { ...NO_TAIL, stats: { ...NO_TAIL.stats, journeys: 10_000 } }
  expect(writer.end(tail, [{ ...dropped, count: 9_999 }, delivered])).toBe(
    '\n  more   #1 ×9,999\n\n10,000 packets: 9,999 dropped, 1 to this host\n',
  )
})

describe('what is about the input', () => {
  const explained = explainFolder(FOLDERS['no-ruleset']!)

  test('is told once, above all packets', () => {
    expect(explained.groups.length).toBeGreaterThan(1)
    for (const streamed of [false, true]) {
      const written = text(explained, { streamed })
      expect(written.match(/Without the ruleset/g)).toHaveLength(1)
      expect(written.indexOf('Without the ruleset')).toBeLessThan(written.indexOf('UNDETERMINED'))
    }
  })

  test('warnings of one kind are told together', () => {
    const warnings = [3, 5, 5, 9].map((line) => ({ input: 'a.log', line, code: 'cut', message: `line ${line} is cut` }))
    const other = { input: 'b.log', code: 'cut', message: 'cut too' }
    expect(warningsText([...warnings, other])).toBe(
      '  warn   a.log:3: line 3 is cut\n         3 more of this kind (cut): line 5, 9\n  warn   b.log: cut too\n',
    )
  })
})

test('where to look next is told of a packet only if it is the only one', () => {
  const passed = explainFolder(FOLDERS.masquerade!)
  expect(text(passed)).toContain('tcpdump -ni wan0')
  expect(write(FORMS.text, [...passed.groups, ...passed.groups], passed.tail)).not.toContain('tcpdump')
  expect(write(FORMS.text, [...passed.groups, ...passed.groups], passed.tail, { full: true })).toContain('tcpdump')
})

test('a packet is told by itself as in a group of one', () => {
  const [{ journey }] = CLASH.groups as [Group]
  expect(block(single(journey))).toBe(block(CLASH.groups[0]!))
})

test('what the rules imply is not written as what was seen: the interface gives way first', () => {
  const [first] = CLASH.groups
  const packet = {
    in: 'eth0',
    src: '192.0.2.1',
    dst: '192.0.2.2',
    protocol: 'icmp',
    icmpType: 8,
    icmpId: 32_298,
    icmpSeq: 1,
  }
  const steps = first!.journey.steps.slice(0, 1)
  const journey = { ...first!.journey, packet, steps, findings: [], cause: [] }
  for (let width = 72; width <= 120; width++) {
    const told = block(single({ ...journey, basis: 'inferred', outcome: 'forwarded', id: '1' }), { width })
    if (told.includes('in eth0')) expect(told).toContain('(inferred)')
  }
})
