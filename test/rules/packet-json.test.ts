import { describe, expect, it } from 'vitest'
import { readPacketJson } from '../../src/rules/packet-json.ts'
import { checkAgainst, schemaOf } from '../schemas.ts'

const read = (packet: object) => readPacketJson(JSON.stringify(packet))

describe('readPacketJson', () => {
  it('takes words in any case, and gives them as the model has them', () => {
    const packet = {
      src: '2001:DB8:0::1',
      dst: '2001:db8::2',
      protocol: 'IPv6-ICMP',
      tcpFlags: ['SYN', 'Ack', 'syn'],
      tcpOptions: '020405b4',
      srcMac: '02:AA:00:00:00:01',
      ctState: 'NEW',
      ctStatus: ['Seen-Reply'],
      ctDir: 'Original',
      inner: { src: '192.0.2.1', dst: '192.0.2.2', protocol: '6' },
    }
    expect(read(packet)).toEqual({
      packet: {
        src: '2001:db8::1',
        dst: '2001:db8::2',
        protocol: 'icmpv6',
        tcpFlags: ['syn', 'ack'],
        tcpOptions: '020405B4',
        srcMac: '02:aa:00:00:00:01',
        ctState: 'new',
        ctStatus: ['seen-reply'],
        ctDir: 'original',
        inner: { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'tcp' },
      },
    })
  })

  it('keeps an empty list: no flags at all', () => {
    expect(read({ tcpFlags: [] })).toEqual({ packet: { tcpFlags: [] } })
  })

  it.each([
    [{ tcpFlags: ['SNY'] }, '"tcpFlags" has no value "SNY"; did you mean "syn"?'],
    [{ tcpFlags: 'syn' }, '"tcpFlags" must be a list of strings'],
    [{ ctState: 'open' }, '"ctState" has no value "open"; write one of new, established, related, invalid, untracked'],
    [{ ctStatus: ['assurd'] }, '"ctStatus" has no value "assurd"; did you mean "assured"?'],
    [{ ctDir: 1 }, '"ctDir" must be one of original, reply'],
    [{ protocol: 'tpc' }, '"protocol" must be a protocol: "tcp", or its number as a string'],
    [{ protocol: 'all' }, '"protocol" must be a protocol: "tcp", or its number as a string'],
    [{ protocol: '256' }, '"protocol" must be a protocol: "tcp", or its number as a string'],
    [{ dport: 65536 }, '"dport" must be a number from 0 to 65535'],
    [{ dport: 1.5 }, '"dport" must be a number from 0 to 65535'],
    [{ dport: '80' }, '"dport" must be a number from 0 to 65535'],
    [{ mark: -1 }, '"mark" must be a number from 0 to 4294967295'],
    [{ src: '192.0.2.300' }, '"src" must be an IPv4 or IPv6 address'],
    [{ src: '192.0.2.1', dst: '2001:db8::1' }, '"src" and "dst" are of different families'],
    [{ srcMac: '02:00' + ':zz' }, '"srcMac" must be a MAC address'],
    [{ tcpOptions: '020' }, '"tcpOptions" must be bytes in hex'],
    [{ in: '' }, '"in" must be a text'],
    [{ sprot: 1 }, 'a packet field "sprot" does not exist; did you mean "sport"?'],
    [{ toString: 1 }, 'a packet field "toString" does not exist'],
    [{ inner: { ttl: 256 } }, '"ttl" must be a number from 0 to 255'],
    [{ inner: [] }, 'a packet must be an object: { "src": … }'],
  ])('refuses %j', (packet, error) => {
    expect(read(packet)).toEqual({ error })
  })

  it('refuses packets in packets without end', () => {
    const deep = `${'{"inner":'.repeat(100_000)}{}${'}'.repeat(100_000)}`
    expect(readPacketJson(deep)).toHaveProperty('error')
  })

  it('takes the fields that the published schema names, and no others', () => {
    const { properties, additionalProperties } = schemaOf('packet')
    expect(additionalProperties).toBe(false)
    const known = Object.keys(properties!).filter((name) => {
      const result = read({ [name]: [] })
      return !('error' in result && result.error.startsWith('a packet field'))
    })
    expect(known).toEqual(Object.keys(properties!))
    const every = { in: 'eth0', src: '192.0.2.1', tcpFlags: ['syn'], mark: 1, ctState: 'new', inner: { ttl: 1 } }
    checkAgainst('packet', every)
    expect(read(every)).toEqual({ packet: every })
  })

  it('takes no field from the prototype', () => {
    expect(readPacketJson('{"__proto__":{"mark":1}}')).toEqual({ error: 'a packet field "__proto__" does not exist' })
  })
})
