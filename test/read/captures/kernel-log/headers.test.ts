import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../../src/model/packet.ts'
import { share, stride } from '../../../share.ts'
import { pointText, readFixture, readLog } from './read-log.ts'

const text = (name: string) => new TextDecoder().decode(readFixture(name))
const every = readLog(readFixture('every-header.log'))
const sent: { name: string; packet: Packet }[] = JSON.parse(text('every-header.expected.json'))

/** LOG without options prints no sequence numbers and no TCP options; not even of what an ICMP error quotes. */
function withoutOptions({ inner, tcpSeq: _s, tcpAck: _a, tcpOptions: _o, ...packet }: Packet): Packet {
  return { ...packet, ...(inner ? { inner: withoutOptions(inner) } : {}) }
}

describe('packets as a kernel prints them', () => {
  const of = (prefix: string) => every.events.filter(({ point }) => pointText(point).startsWith(prefix))

  it('are all told', () => {
    expect([every.told, every.skipped]).toEqual([[], 0])
    expect(of('kl full: ').length).toBe(sent.length)
  })

  it.each(sent.map((one, i) => ({ ...one, i })))('$name, by LOG', ({ name, packet, i }) => {
    const expected = withoutOptions(packet)
    // the rule that marks comes behind it
    if (expected.mark) expected.mark = 0
    // plain LOG prints nothing of ESP in IPv6
    if (name === 'esp6') delete expected.protocol
    expect(of('kl plain: ')[i]!.packet).toEqual(expected)
  })

  it.each(sent.map((one, i) => ({ ...one, i })))('$name, by LOG with all options', ({ packet, i }) => {
    expect(of('kl full: ')[i]!.packet).toEqual(packet.mark ? { ...packet, mark: 0 } : packet)
  })

  it.each(sent.map((one, i) => ({ ...one, i })))('$name, by TRACE', ({ packet, i }) => {
    expect(of('raw:PREROUTING:policy')[i]!.packet).toEqual(packet)
  })
})

it('tells who sent a packet, where there is a socket', () => {
  const { events } = readLog(readFixture('prefixes.log'))
  const owners = (from: number) => events.slice(from, from + 5).map(({ packet }) => [packet.uid, packet.gid])
  const none = [undefined, undefined]
  expect(owners(0)).toEqual([[0, 0], [0, 0], [0, 0], [0, 0], none])
  expect(owners(17)).toEqual([[1234, 4321], [1234, 4321], [1234, 4321], [1234, 4321], none])
  expect(events.every(({ packet }) => packet.mark === 0)).toBe(true)
})

it('reads prefixes to the byte, from /dev/kmsg too', () => {
  const { events } = readLog(readFixture('prefixes.log'))
  expect(events.slice(0, 17).flatMap(({ point }) => point.prefix ?? [])).toEqual([
    'klw0 uid ',
    'klw0 noblank',
    'klw0 дроп é: ',
    'klw0 "q" \\ IN=x ',
    // cut at 29 characters
    'klw0 901234567890123456789012',
    'klw0 9012345678901234567890 2',
  ])
})

it('reads packets without a link header', () => {
  const { events } = readLog(readFixture('no-link-header.log'))
  expect(events.map(({ packet }) => [packet.in, packet.srcMac, packet.src])).toEqual(
    Array(4).fill(['kltun0', undefined, '10.77.0.2']),
  )
})

describe('the bridge', () => {
  const bridge = readLog(readFixture('bridge.log'))
  const ebtables = readLog(readFixture('ebtables.log'))
  const macs = { srcMac: '02:00:00:00:4c:01', dstMac: '02:00:00:00:4c:02' }
  const at = (log: typeof bridge, prefix: string) =>
    log.events.filter(({ point }) => point.prefix === prefix).map(({ packet }) => packet)
  const udp = { src: '10.76.0.2', dst: '10.76.0.3', protocol: 'udp' }

  it('is read whole', () => {
    expect([bridge.told, bridge.skipped, bridge.events.length]).toEqual([[], 0, 29])
    expect([ebtables.told, ebtables.skipped, ebtables.events.length]).toEqual([[], 0, 32])
  })

  it('shows ports behind an IP packet, with br_netfilter', () => {
    expect(at(bridge, 'klb0 fwd ')[0]).toMatchObject({
      in: 'klb0',
      out: 'klb0',
      physIn: 'klp1',
      physOut: 'klp2',
      ...udp,
    })
  })

  it('shows ARP, whose own addresses are no frame addresses', () => {
    const [arp] = at(bridge, 'kl-bridge klp ')
    expect(arp).toEqual({
      in: 'klp1',
      src: '10.76.0.2',
      dst: '10.76.0.3',
      srcMac: macs.srcMac,
      dstMac: 'ff:ff:ff:ff:ff:ff',
    })
    expect(at(bridge, 'kl-arp-plain ')[0]).toEqual({ in: 'klb0', src: '10.76.0.2', dst: '10.76.0.3' })
    expect(at(bridge, 'kl-netdev2 ').slice(1)).toEqual([{ in: 'klw0' }, { in: 'klw0' }])
  })

  it('shows VLANs', () => {
    expect(at(bridge, 'kl-bridge klp ').map(({ vlan }) => vlan)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      10,
      10,
    ])
    expect(at(bridge, 'kl-netdev-ip ')[0]).toMatchObject({ vlan: 7, sport: 102, dport: 202 })
  })

  it('shows frames of other protocols', () => {
    expect(at(bridge, 'kl-unknown ')).toEqual([
      { in: 'klw0', srcMac: '02:00:00:00:4b:02', dstMac: '02:00:00:00:4b:01' },
    ])
    expect(at(bridge, 'kl-unknown2 ')).toEqual(at(bridge, 'kl-unknown '))
  })

  it('is read in the words of ebtables', () => {
    const ports = { in: 'klp1', out: 'klp2' }
    expect(at(ebtables, 'eb klb0 fwd ')).toEqual([
      { ...ports, src: '10.76.0.2', dst: '10.76.0.3', srcMac: macs.srcMac, dstMac: 'ff:ff:ff:ff:ff:ff' },
      { in: 'klp2', out: 'klp1', src: '10.76.0.2', dst: '10.76.0.3', srcMac: macs.dstMac, dstMac: macs.srcMac },
      { ...ports, ...udp, sport: 100, dport: 200, tos: 0, ...macs },
      { ...ports, ...udp, protocol: 'tcp', sport: 100, dport: 200, tos: 0, ...macs },
      { ...ports, src: 'fd4c::2', dst: 'fd4c::3', protocol: 'udp', sport: 300, dport: 400, ...macs },
      { ...ports, ...macs },
      { ...ports, ...udp, sport: 101, dport: 201, tos: 0, ...macs },
      { ...ports, src: '10.76.0.2', dst: '10.76.0.3', ...macs },
    ])
    // a user's prefix, whatever it looks like
    expect(at(ebtables, 'TRACE: eb:nat:PREROUTING ').length).toBe(8)
    expect(at(ebtables, 'eb klb0 plain ')[2]).toEqual({ in: 'klp1', ...macs })
  })
})

describe('what people and tools make of a line', () => {
  const packetOf = (fields: string) => readLog(`TRACE: raw:PREROUTING:policy:2 ${fields}\n`).events[0]!.packet
  const whole = {
    in: 'eth0',
    src: '10.0.0.1',
    dst: '10.0.0.2',
    length: 60,
    tos: 0,
    ttl: 64,
    ipId: 1,
    dontFragment: true,
    protocol: 'tcp',
    sport: 1024,
    dport: 80,
    tcpSeq: 7,
    tcpAck: 0,
    tcpWindow: 9,
    tcpFlags: ['syn'],
    tcpOptions: '020405B4',
    mark: 0x100,
  }
  const line =
    'IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=1024 DPT=80 SEQ=7 ACK=0 WINDOW=9 RES=0x00 SYN URGP=0 OPT (020405B4) MARK=0x100 '

  it.each([
    ['as it was', line],
    ['no blank at the end', line.trimEnd()],
    ['CRLF', `${line}\r`],
    ['aligned by hand', line.replace('OUT= ', 'OUT=                         ').replaceAll(' DST', '      DST')],
    ['tabs', line.replaceAll(' ', '\t')],
    ['no-break spaces', line.replaceAll(' ', '\u00a0')],
    ['two blanks each', line.replaceAll(' ', '  ')],
    ['NUL bytes in between', line.replaceAll(' ', ' \0')],
    ['MAC masked', line.replace('MAC=', 'MAC=xxx')],
    ['MAC removed', line.replace('MAC=', 'MAC=[removed]')],
    ['no MAC', line.replace('MAC= ', '')],
    ['blanks lost before names', line.replace(/ (?=[A-Z]+=)/g, '').replace(' URGP', 'URGP')],
    ['blanks lost around words', line.replace(' DF ', 'DF').replace(' SYN ', 'SYN').replace(' OPT (', 'OPT(')],
    ['closed by a quotation mark', `${line}"`],
    ['a comment behind it', `${line}<-- here`],
    ['coloured', line.replace('SRC=10.0.0.1', '\x1b[01;31m\x1b[KSRC=10.0.0.1\x1b[m\x1b[K')],
  ])('%s', (_name, fields) => {
    expect(packetOf(fields)).toEqual(whole)
  })

  it.each([
    ['SRC=xxx DST=xxx', { src: undefined, dst: undefined }],
    ['SRC=10.0.x.x DST=192.168.1.xxx', { src: undefined, dst: undefined }],
    ['SRC=a.b.c.d DST=MY.IP', { src: undefined, dst: undefined }],
    ['SRC=10.0.0.256 DST=1.2.3', { src: undefined, dst: undefined }],
    ['SRC=*.*.0.1 DST=10.0.0.2', { src: undefined, dst: '10.0.0.2' }],
  ])('masked: %s', (addresses, expected) => {
    const packet = packetOf(line.replace('SRC=10.0.0.1 DST=10.0.0.2', addresses))
    expect({ src: packet.src, dst: packet.dst }).toEqual(expected)
    const { src: _s, dst: _d, ...rest } = whole
    const { src: _ps, dst: _pd, ...others } = packet
    expect(others).toEqual(rest)
  })

  it('tells the family of masked packets', () => {
    const v6 = readLog(
      '[1.5] X IN=eth0 OUT= MAC=xxx SRC=xxx DST=xxx LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=5 PROTO=UDP SPT=1 DPT=2 LEN=40 \n',
    )
    expect(v6.events[0]!.packet.flowLabel).toBe(5)
    expect(v6.events[0]!.packet.dontFragment).toBeUndefined()
  })

  it('reads the numbers of other loggers', () => {
    const unifi = packetOf(
      'IN=eth8 OUT= MAC=74:ac:b9:1c:62:e5:00:17:10:2b:31:a9:08:00 SRC=1.1.1.1 DST=2.2.2.2 LEN=122 TOS=00 PREC=0x40 TTL=49 ID=45366 DF PROTO=UDP SPT=38451 DPT=54329 LEN=102 MARK=1a0000',
    )
    expect(unifi).toMatchObject({ mark: 0x1a0000, tos: 0x40, sport: 38451 })
    const proxmox = packetOf(
      'IN=vmbr0.94 MAC= SRC=1.1.1.1 DST=2.2.2.2 LEN=60 TOS=0x10 PREC=0x00 TTL=62 ID=52883 DF PROTO=TCP SPT=36504 DPT=3306 SEQ=2315974272 ACK=0 WINDOW=64240 SYN ',
    )
    expect(proxmox).toMatchObject({ tcpFlags: ['syn'], tcpSeq: 2315974272 })
  })
})

/** Everything that is told must be true; what is missing may be missing. */
const isPartOf = (part: unknown, whole: unknown): boolean => {
  if (part === null || typeof part !== 'object' || Array.isArray(part))
    return JSON.stringify(part) === JSON.stringify(whole)
  if (whole === null || typeof whole !== 'object') return false
  return Object.entries(part).every(([key, value]) => isPartOf(value, (whole as Record<string, unknown>)[key]))
}

describe('a line that was cut', () => {
  const lines = text('every-header.log').slice(0, -1).split('\n')

  it('tells nothing that is not so, wherever it was cut', () => {
    const step = stride(1)
    const untrue: string[] = []
    // the line before it shows that the kernel's last blank is kept
    const later = lines[0]!.replace(/\.\d+\]/, '.999999]')
    for (const [i, line] of lines.entries()) {
      const packet = every.events[i]!.packet
      for (let cut = line.indexOf(' IN=') + 5 + (i % step); cut < line.length; cut += step) {
        const log = `${lines[0]}\n${line.slice(0, cut)}\n${later}\n`
        const { events } = readLog(log)
        if (events.length < 2) untrue.push(`${events.length} events: ${line.slice(0, cut)}`)
        if (events.length < 3) continue
        // cut behind a blank, what follows cannot be missed
        const { mark, ...part } = events[1]!.packet
        const told = line[cut - 1] === ' ' ? part : events[1]!.packet
        if (!isPartOf(told, packet)) untrue.push(line.slice(0, cut))
      }
    }
    expect(untrue).toEqual([])
  })

  it('is told of', () => {
    expect(readLog(`${lines[0]}\n${lines[0]!.slice(0, -9)}\n`).told).toEqual(['2 line-cut'])
    expect(readLog(lines[0]!.slice(0, 170)).told).toEqual(['1 line-cut'])
  })

  it('is believed where no line of the log ends as the kernel ends it', () => {
    const short = '[FILTER-INPUT tcp] IN=enp0s4 OUT=  SRC=172.16.70.15 DST=172.16.70.16'
    const { events, told } = readLog(`${short}\n${short}\n`)
    expect(events.map(({ packet }) => packet.dst)).toEqual(['172.16.70.16', '172.16.70.16'])
    expect(told).toEqual([])
  })

  it('shows where its tool says so', () => {
    const packets = ['TTL=6…', 'TTL=6>', 'TTL=6\x03'].map(
      (end) => readLog(`[1.5] X IN=eth0 OUT= MAC= SRC=1.1.1.1 DST=2.2.2.2 LEN=40 ${end}\n`).events[0]!.packet,
    )
    expect(packets).toEqual(Array(3).fill({ in: 'eth0', src: '1.1.1.1', dst: '2.2.2.2', length: 40 }))
  })

  it('of which only the end is left is passed over, and told of', () => {
    const tail = lines[0]!.slice(60)
    const { events, told, skipped } = readLog(`${lines[1]}\n${tail}\n${lines[2]}\nBOOTPROTO=dhcp\nsome text: PROTO=x\n`)
    expect([events.length, told, skipped]).toEqual([2, ['2 cut-line'], 1])
  })
})

describe('lines glued together', () => {
  const lines = text('every-header.log').slice(0, -1).split('\n')
  const packets = every.events.map(({ packet }) => packet)
  const syslog = lines.map((line) => `Nov 20 08:48:11 gate kernel: ${line}`)
  const bare = lines.map((line) => line.replace(/^\[.*?\] /, ''))

  it.each([
    ['dmesg', lines, ''],
    ['rsyslog', syslog, ''],
    ['without a wrapping', bare, ''],
    ['dmesg, a blank in between', lines, ' '],
  ])('%s: two by two', (_name, from, between) => {
    const log = from.map((line, i) => line + (i % 2 === 0 ? between : '\n')).join('')
    const { events, told, skipped } = readLog(log)
    expect(told).toEqual(['1 lines-glued'])
    expect(skipped).toBe(0)
    expect(events.map(({ point }) => pointText(point))).toEqual(every.events.map(({ point }) => pointText(point)))
    expect(events.map(({ packet }) => packet)).toEqual(packets)
    if (from === lines) expect(events.map(({ uptime }) => uptime)).toEqual(every.events.map(({ uptime }) => uptime))
    if (from === syslog) expect(new Set(events.map(({ host }) => host))).toEqual(new Set(['gate']))
  })

  it('all in one line', () => {
    const { events } = readLog(lines.join(''))
    expect(events.map(({ packet }) => packet)).toEqual(packets)
  })

  it('the first one cut: both tell nothing that is not so', () => {
    // no copy of a line that follows
    const first = lines[0]!.replace(/\.\d+\]/, '.000001]')
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.nat(lines.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b, part) => {
          const from = lines[a]!.indexOf(' IN=') + 10
          const cut = Math.floor(from + part * (lines[a]!.length - from))
          const { events } = readLog(`${first}\n${lines[a]!.slice(0, cut)}${lines[b]}\n`)
          const last = events.at(-1)!
          expect([last.packet, pointText(last.point)]).toEqual([packets[b], pointText(every.events[b]!.point)])
          expect(last.uptime).toBe(every.events[b]!.uptime)
        },
      ),
      { numRuns: share(400) },
    )
  })
})

describe('a line broken into several', () => {
  const lines = text('every-header.log')
    .slice(0, -1)
    .split('\n')
    .filter((line) => !line.includes('FLOWLBL=0 OPT ( ESP'))
  const expected = readLog(lines.join('\n'))

  it.each([60, 72, 80, 100, 132])('at blanks, at column %i', (width) => {
    const wrap = (line: string) => {
      const pieces = ['']
      for (const word of line.trimEnd().split(' ')) {
        const piece = pieces.at(-1)!
        // the time, and what says that it is netfilter's, stay together
        if (piece.length + word.length + 1 > width && pieces[0]!.includes('IN=')) pieces.push(word)
        else pieces[pieces.length - 1] = piece === '' ? word : `${piece} ${word}`
      }
      return pieces.join('\n')
    }
    const { events, told, skipped } = readLog(`${lines.map(wrap).join('\n')}\n`)
    expect([...told, skipped]).toEqual([expect.stringMatching(/^\d+ line-wrapped$/), 0])
    expect(events.map(({ packet }) => packet)).toEqual(expected.events.map(({ packet }) => packet))
  })

  it('anywhere behind the first field', () => {
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.nat(lines.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (i, k, part) => {
          const line = lines[i]!.trimEnd()
          const from = line.indexOf(' OUT=') + 6
          const cut = Math.floor(from + part * (line.length - from))
          const { events } = readLog(`${line.slice(0, cut)}\n${line.slice(cut)}\n${lines[k]}\n`)
          // where the rest cannot be told from another line, the record is taken as cut
          expect(
            isPartOf(events[0]!.packet, expected.events[i]!.packet),
            `${line.slice(0, cut)}|${line.slice(cut)}`,
          ).toBe(true)
          expect(events.at(-1)!.packet).toEqual(expected.events[k]!.packet)
        },
      ),
      { numRuns: share(500) },
    )
  })

  // as copied from a terminal: without regard for words, also before the first field
  const fields = [
    'IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.10 DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4293 DF PROTO=TCP SPT=40000 DPT=8080 SEQ=3822824645 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 OPT (020405B40402080AAECA78D8000000000103030A) MARK=0x8000 ',
    'IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:86:dd SRC=2001:0db8:0001:0000:0000:0000:0000:0002 DST=2001:0db8:0002:0000:0000:0000:0000:0002 LEN=64 TC=0 HOPLIMIT=63 FLOWLBL=975608 PROTO=UDP SPT=40001 DPT=53 LEN=24 ',
    'IN= OUT=eth0 SRC=192.0.2.1 DST=192.0.2.10 LEN=56 TOS=0x00 PREC=0xC0 TTL=64 ID=1575 PROTO=ICMP TYPE=3 CODE=2 [SRC=192.0.2.10 DST=198.51.100.7 LEN=28 TOS=0x00 PREC=0x00 TTL=63 ID=77 DF PROTO=ESP SPI=0x1234 ] ',
    'IN= OUT=lo SRC=127.0.0.1 DST=127.0.0.2 LEN=52 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF PROTO=TCP SPT=80 DPT=40002 SEQ=1 ACK=2 WINDOW=0 RES=0x00 ACK RST URGP=0 UID=1337 GID=12 ',
  ]
  const points = ['nat:KUBE-SVC-NPX46M4PTMTKRN6Y:rule:12', 'filter:ISOLATION-STAGE-1:return:3', 'raw:OUTPUT:policy:2']
  const log = points.flatMap((point) =>
    fields.map((packet) => `Jan  5 21:23:16 gw kernel: [14639.445053] TRACE: ${point} ${packet}`),
  )
  const unbroken = readLog(`${log.join('\n')}\n`)

  it.each(Array.from({ length: 60 }, (_, i) => 70 + i))('by a terminal of %i columns', (width) => {
    const pieces = log.map((line) => line.match(new RegExp(`.{1,${width}}`, 'g'))!.join('\n'))
    const { events, skipped } = readLog(`${pieces.join('\n')}\n`)
    expect(events.map(({ point, packet, host }) => ({ point, packet, host }))).toEqual(
      unbroken.events.map(({ point, packet, host }) => ({ point, packet, host })),
    )
    expect(skipped).toBe(0)
  })
})
