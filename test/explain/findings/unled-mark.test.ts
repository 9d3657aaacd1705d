/** A rule for an interface that is gone was to mark the packet for a table, to which no routing rule leads either. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { played, SYN } from './played.ts'

const VPN = {
  ...{ index: 4, name: 'tun0', mtu: 1420 },
  addresses: [{ family: 'ip' as const, address: '10.8.0.1', prefixLength: 24, scope: 'global' }],
}
const PACKET = { ...SYN, dst: '10.99.0.9' }
const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
const RULES = [rule(0, { action: { table: 'local' } }), rule(32_766, { action: { table: 'main' } })]

function found(mark: string, { more = [] as object[], status = ['unreplied'] } = {}) {
  const tuple = { src: '10.0.1.2', dst: '10.99.0.9', sport: 40_000, dport: 80 }
  const reply = { src: '10.99.0.9', dst: '10.0.1.2', sport: 80, dport: 40_000 }
  const host = {
    links: [...ROUTER.links!, VPN],
    routes: [
      ...ROUTER.routes!,
      { family: 'ip', type: 'unicast', destination: '10.8.0.0/24', table: 'main', device: 'tun0' },
      { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '100', device: 'tun0', gateway: '10.8.0.2' },
    ],
    routingRules: [...RULES.slice(0, 1), ...more, ...RULES.slice(1)],
  } as Host
  const listed = [entry({ original: tuple, reply, status: status as ['unreplied'] })]
  const rules = { mangle: [`-A PREROUTING ${mark} -j MARK --set-xmark 0x1/0xffffffff`], filter: [] }
  const said = played({ rules, packet: PACKET, host, listed }).findings.find(({ code }) => code === 'wrong-way-out')
  return (
    said && {
      message: said.message,
      command: said.fix[0] && String(fixCommands(said.fix[0]).command),
      after: said.fix[0]?.after,
    }
  )
}

const GONE = '-d 10.99.0.0/24 -i br-lan'

it('is named with the table, and both are mended', () => {
  expect(found(GONE)).toEqual({
    message:
      'It went the wrong way: the default route of table 100 leads out of tun0, and no routing rule selects that table. mangle PREROUTING rule 1 would have set mark 0x1, but only matches -i br-lan, an interface that is not there.',
    command:
      'iptables -t mangle -R PREROUTING 1 -d 10.99.0.0/24 -i eth0 -j MARK --set-xmark 0x1/0xffffffff && ip rule add fwmark 0x1 table 100',
    after: 'forwarded',
  })
})

it('is none for other destinations or interfaces, where the mark is led already, or where a reply came', () => {
  expect(found('-i br-lan')).toBeUndefined()
  expect(found('-d 10.99.0.0/24 -i eth1')).toBeUndefined()
  expect(found(GONE, { more: [rule(90, { mark: 1, action: { table: '7' } })] })).toBeUndefined()
  expect(found(GONE, { status: [] })).toBeUndefined()
})
