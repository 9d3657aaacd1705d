/** A proxy's own connections, which a rule spares by the proxy's mark, and which come back to the proxy once others have set bits of it. */
import { describe, expect, it } from 'vitest'
import type { Host, Packet } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const { in: _, ...OUT } = SYN
const SENT: Packet = { ...OUT, src: '10.0.2.1', dst: '10.0.2.2', out: 'eth1', mark: 0xff }
const UPLINK = '-A OUTPUT -p tcp -j MARK --set-xmark 0x100/0x3f00'
const SPARES = '-A OUTPUT -m mark --mark 0xff -j RETURN'
const TAKES = '-A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 1041'
const sent = (mangle: string[], nat: string[], more: Partial<Packet> = {}): Case => ({
  rules: { mangle, nat, filter: [] },
  packet: { ...SENT, ...more },
})
/** A mark for the uplink, and one that leads to the proxy. */
const LED_BY_MARKS: Host = {
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.2.2', device: 'eth1', table: '1' },
    { family: 'ip', type: 'local', destination: '0.0.0.0/0', device: 'lo', table: '999' },
  ],
  routingRules: [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 999, mark: 1, action: { table: '999' } },
    { family: 'ip', priority: 2001, mark: 0x100, markMask: 0x3f00, action: { table: '1' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ],
}

describe("a proxy's own connection", () => {
  it('is not spared where another rule has set bits of its mark', () => {
    expect(told(sent([UPLINK], [SPARES, TAKES]), 'mark-missing')).toEqual({
      message:
        "nat OUTPUT rule 1 requires mark 0xff, which the packet no longer has: mangle OUTPUT rule 1 changed it to 0x1ff. So nat OUTPUT rule 2 took the packet. If the proxy that it leads to sent the packet, the proxy's connections come back to itself.",
      rules: ['nat OUTPUT rule 1', 'nat OUTPUT rule 2', 'mangle OUTPUT rule 1'],
      fix: 'iptables -t nat -R OUTPUT 1 -m mark --mark 0xff/0xffffc0ff -j RETURN → sent',
    })
  })

  it('is spared by what compares its bits alone', () => {
    const masked = SPARES.replace('0xff', '0xff/0xff')
    expect(told(sent([UPLINK], [masked, TAKES]), 'mark-missing')).toBeUndefined()
  })

  it('is not looked for where the rule asks for more, or for another mark, or nothing takes the packet', () => {
    const more = SPARES.replace('-m mark', '-d 10.9.9.9/32 -m mark')
    expect(told(sent([UPLINK], [more, TAKES]), 'mark-missing')).toBeUndefined()
    expect(told(sent([UPLINK], [SPARES, TAKES], { mark: 0xfe }), 'mark-missing')).toBeUndefined()
    expect(told(sent([UPLINK], [SPARES, TAKES], { dport: 22 }), 'mark-missing')).toBeUndefined()
  })

  it('is not told of with a fix where the bits themselves were written over', () => {
    const over = '-A OUTPUT -p tcp -j MARK --set-xmark 0x10/0xff'
    expect(told(sent([over], [SPARES, TAKES]), 'mark-missing')).toBeUndefined()
  })

  it('that a mark leads there lacks no mark of an uplink', () => {
    const marks = '-A OUTPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff'
    const one = { ...sent([UPLINK, SPARES, marks], [], { dst: '198.51.100.7' }), host: LED_BY_MARKS }
    const found = findingsOf(played(one), 'mark-missing')
    expect(found.map(({ message, rules: [ref] }) => [message.split(' requires')[0], ref?.ruleNumber])).toEqual([
      ['mangle OUTPUT rule 2', 2],
    ])
  })
})
