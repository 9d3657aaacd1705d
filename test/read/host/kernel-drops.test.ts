/** A drop from the program's record to a line of a file, and back. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Drop, recognise, WorldBuilder } from '../../../src/index.ts'
import { dropLine, lostDropsLine } from '../../../src/read/host/drop-lines.ts'
import { AT, type DropNames, DropRecords, locationOf, RECORD } from '../../../src/read/host/kernel-drop-record.ts'
import { kernelDrops } from '../../../src/read/host/kernel-drops.ts'
import { checkOutput } from '../../schemas.ts'

const NAMES: DropNames = {
  reasons: new Map([
    [3, 'NO_SOCKET'],
    [4, 'IP_RPFILTER'],
  ]),
  locations: new Map([[0xffff_8206_e0eb, 'tcp_v4_rcv+0x91']]),
  clockOffset: Date.parse('2026-11-20T10:00:00Z') * 1000,
}
const SYN =
  '4500003c576140004006e558c6336402cb007102e8c000633c1b82ca00000000a002ffd7fe3000000204ffd70402080a52dc2eac000000000103030a'

interface Fields {
  reason?: number
  location?: bigint
  interface?: number
  input?: number
  name?: string
  mark?: number
  etherType?: number
  packet?: string
  /** Bytes of the packet that the record says are there. */
  taken?: number
}

function record(fields: Fields = {}): Uint8Array {
  const { reason = 3, location = 0xffffffff8206e0ebn, interface: here = 2, input = 2, name = 'eth0' } = fields
  const { mark = 0, etherType = 0x0800, packet = SYN, taken = packet.length / 2 } = fields
  const bytes = new Uint8Array(RECORD)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(AT.time, 3_600_000_001_234n, true)
  view.setBigUint64(AT.location, location, true)
  view.setUint32(AT.reason, reason, true)
  view.setUint32(AT.interface, here, true)
  view.setUint32(AT.input, input, true)
  view.setUint32(AT.mark, mark, true)
  view.setUint16(AT.etherType, etherType)
  view.setUint16(AT.taken, taken, true)
  view.setUint32(AT.namespace, 4026532315, true)
  bytes.set(new TextEncoder().encode(name), AT.name)
  bytes.set(Buffer.from(packet, 'hex'), AT.packet)
  return bytes
}

const read = (fields?: Fields): Drop => new DropRecords().read(record(fields), NAMES)[0]!

describe('a record', () => {
  it('tells time, reason, place and packet', () => {
    expect(read({ mark: 0x8000_0001 })).toEqual({
      time: '2026-11-20T11:00:00.000001Z',
      reason: 'NO_SOCKET',
      location: 'tcp_v4_rcv+0x91',
      namespace: 4026532315,
      packet: {
        ...{ in: 'eth0', src: '198.51.100.2', dst: '203.0.113.2', protocol: 'tcp', sport: 59584, dport: 99 },
        ...{ tcpFlags: ['syn'], tcpSeq: 1008435914, tcpAck: 0, tcpWindow: 65495, ipId: 22369, ttl: 64, tos: 0 },
        ...{ length: 60, dontFragment: true, mark: 0x8000_0001 },
        tcpOptions: '0204FFD70402080A52DC2EAC000000000103030A',
      },
    })
  })

  it('of a kernel that has run for a year is as exact', () => {
    const bytes = record()
    const view = new DataView(bytes.buffer)
    view.setBigUint64(AT.time, 31_536_000_123_456_789n, true)
    const [drop] = new DropRecords().read(bytes, { ...NAMES, clockOffset: 0 })
    expect(drop!.time).toMatch(/^1971-01-01T00:00:00\.12345[67]Z$/)
  })

  it.each<[string, Fields, object]>([
    ['still on the interface that it came in by', {}, { in: 'eth0' }],
    ['on its way out', { interface: 3, name: 'eth1' }, { in: '#2', out: 'eth1' }],
    ["of this host's own", { input: 0, name: 'eth1' }, { out: 'eth1' }],
    ['without an interface', { interface: 0, input: 0, name: '' }, {}],
    ['of a socket, with the one that it came in by', { interface: 0, name: '' }, { in: '#2' }],
    ['of a name that fills its room', { name: 'a-name-of-15-byt' }, { in: 'a-name-of-15-byt' }],
  ])('%s', (_, fields, shown) => {
    const { packet } = read(fields)
    expect({ ...(packet.in ? { in: packet.in } : {}), ...(packet.out ? { out: packet.out } : {}) }).toEqual(shown)
  })

  it('without a name for what is known by numbers', () => {
    const { reason, location } = read({ reason: 0x20003, location: 1n })
    expect([reason, location]).toEqual(['#131075', undefined])
  })

  it('of what is no IP, or is not there whole, has what is there', () => {
    expect(read({ etherType: 0x0806 }).packet).toEqual({ in: 'eth0', mark: 0 })
    expect(read({ taken: 0 }).packet).toEqual({ in: 'eth0', mark: 0 })
    const { packet } = read({ taken: 22 })
    expect([packet.src, packet.sport]).toEqual(['198.51.100.2', undefined])
  })

  it('of an ICMP error has what that quotes', () => {
    const header = '45000054000000004001000acb007102c6336402'
    expect(read({ packet: `${header}0301000000000000${SYN}` }).packet).toMatchObject({
      ...{ protocol: 'icmp', icmpType: 3, icmpCode: 1 },
      inner: { src: '198.51.100.2', dport: 99 },
    })
  })

  it('and any bytes at all make no drop throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3 * RECORD }), (bytes) => {
        const drops = new DropRecords().read(bytes, NAMES)
        expect(drops).toHaveLength(Math.floor(bytes.length / RECORD))
      }),
    )
  })

  it('has its address in 48 bits', () => {
    expect(locationOf(new DataView(record().buffer), 0)).toBe(0xffff_8206_e0eb)
  })
})

describe('a file', () => {
  const drops = [read(), read({ reason: 4, interface: 3 })]

  it('is read as it was written', () => {
    const told: string[] = []
    const text = drops.map(dropLine).join('') + lostDropsLine(12)
    expect(recognise(text)).toMatchObject({ kind: 'host', format: { id: 'kernel-drops' } })
    expect(kernelDrops.read(text, (...one) => told.push(one.join(' ')))).toEqual({ host: { drops } })
    expect(told).toEqual(['drops-lost 12 more drops could not be reported 3'])
    text.trimEnd().split('\n').forEach(checkOutput)
  })

  it('may be several, of which the same drop counts once', () => {
    const builder = new WorldBuilder()
    const earlier = { ...drops[0]!, time: '2026-11-20T09:00:00.000000Z' }
    for (const some of [drops, [earlier, ...drops]]) {
      const text = some.map(dropLine).join('')
      const recognised = recognise(text)
      if (recognised?.kind === 'host') builder.add('drops', text, recognised)
    }
    expect(builder.world.host.drops).toEqual([earlier, ...drops])
    expect(builder.warnings).toEqual([])
  })
})
