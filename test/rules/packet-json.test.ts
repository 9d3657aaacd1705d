import { describe, expect, it } from 'vitest'
import { readPacketJson } from '../../src/rules/packet-json.ts'

const read = (packet: object) => readPacketJson(JSON.stringify(packet))

describe('a packet as JSON', () => {
  it('takes words in any case', () => {
    expect(read({ tcpFlags: ['SYN', 'Ack'], ctState: 'NEW', ctDir: 'Reply', inner: { ctState: 'RELATED' } })).toEqual({
      packet: { tcpFlags: ['syn', 'ack'], ctState: 'new', ctDir: 'reply', inner: { ctState: 'related' } },
    })
  })

  it.each([
    [{ ctState: '' }, '"ctState" cannot be "": it is one of new, established, related, invalid, untracked'],
    [{ ctState: 'establised' }, '"ctState" cannot be "establised"; did you mean "established"?'],
    [{ ctDir: 'constructor' }, '"ctDir" cannot be "constructor": it is one of original, reply'],
    [{ tcpFlags: ['syn', 'sny'] }, '"tcpFlags" cannot be "sny"; did you mean "syn"?'],
    [{ src: '' }, '"src" is an IPv4 or IPv6 address'],
    [{ inner: { dst: '10.0.0.300' } }, '"dst" is an IPv4 or IPv6 address'],
    [{ constructor: 1 }, 'a packet has no field "constructor"'],
  ])('%j is refused', (packet, error) => {
    expect(read(packet)).toEqual({ error })
  })

  it('refuses __proto__, which JSON makes a field of', () => {
    expect(readPacketJson('{"__proto__":{"src":"10.0.0.1"}}')).toEqual({ error: 'a packet has no field "__proto__"' })
  })
})
