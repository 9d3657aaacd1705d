/** Two things that are wrong with where nat sends it, each of which hides the other; and what is no repair of it. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/index.ts'
import { ROUTER } from '../simulate/world.ts'
import { LISTENS_ON, SYN, TO_ROUTER, told } from './findings/played.ts'
import { repairOf } from './repaired.ts'

describe('two things wrong with where nat sends it', () => {
  const filter = [
    '-P FORWARD DROP',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A FORWARD -d 10.0.2.9/32 -j ACCEPT',
  ]
  const host = LISTENS_ON(22)

  it('are a rule in front, and one behind it for another protocol', () => {
    const nat = [
      '-A PREROUTING -s 10.0.1.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.1',
      '-A PREROUTING -p udp -m udp --dport 80 -j DNAT --to-destination 10.0.2.9:80',
    ]
    expect(repairOf({ nat, filter }, TO_ROUTER, host)?.command).toBe(
      'iptables -t nat -D PREROUTING 1 && iptables -t nat -I PREROUTING 1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80',
    )
  })

  it('are a rule in front, and one behind it for another source of the very service', () => {
    const nat = [
      '-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.1.1',
      '-A PREROUTING -s 192.0.2.0/24 -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80',
    ]
    expect(repairOf({ nat, filter }, TO_ROUTER, host)?.command).toBe(
      'iptables -t nat -D PREROUTING 1 && iptables -t nat -I PREROUTING 1 -s 10.0.1.2/32 -d 10.0.1.1/32 -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80',
    )
  })

  it('are not looked for behind a rule that sends the very service elsewhere', () => {
    const nat = [
      '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.1',
      '-A PREROUTING -p tcp -m tcp --dport 81 -j DNAT --to-destination 10.0.2.9:80',
    ]
    expect(repairOf({ nat, filter }, TO_ROUTER, host)).toBeUndefined()
  })
})

it('repairs nothing for a made-up address by letting it out', () => {
  const packet = { ...SYN, dst: '172.29.1.1' }
  const nat = ['-A PREROUTING -d 172.29.1.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.2.9:53']
  const rules = { mangle: ['-A PREROUTING -s 10.0.1.2/32 -j DROP'], nat, filter: ['-A FORWARD -s 10.0.1.2/32 -j DROP'] }
  expect(repairOf(rules, packet)).toBeUndefined()
  expect(repairOf({ ...rules, nat: [] }, packet)?.command).toMatch(/^iptables -t mangle .* && iptables .*FORWARD /)
})

it('repairs nothing for a service of nat by letting it out on the route that its address has', () => {
  const nat = ['-A services -d 172.29.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80']
  const rules = { nat, filter: ['-A FORWARD -d 172.29.1.1/32 -j DROP', '-A FORWARD -d 10.0.2.9/32 -j DROP'] }
  const lead = { family: 'ip', type: 'unicast', destination: '172.29.0.0/16', table: 'main', device: 'eth1' } as const
  const routes = [...ROUTER.routes!, { ...lead, gateway: '10.0.2.254' }]
  const found = (dport: number) => repairOf(rules, { ...SYN, dst: '172.29.1.1', dport }, { routes })?.command
  expect(found(80)).toMatch(
    /^iptables -t nat -A PREROUTING -j services && iptables -I FORWARD 2 -s 10.0.1.2 -d 10.0.2.9 /,
  )
  expect(found(81)).toBeUndefined()
})

describe('a chain of nat that nothing leads to, and a rule of it in front for this source', () => {
  const jump = (...web: string[]) => {
    const rules = { nat: ['-N web', ...web.map((one) => `-A web ${one}`)], filter: ['-P INPUT DROP'] }
    return told({ rules, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'never-reached')?.fix
  }
  const skipped = '-s 10.0.1.2/32 -j RETURN'

  it('is led to for the service alone where the chain takes whatever comes', () => {
    expect(jump(skipped, '-p tcp -j DNAT --to-destination 10.0.2.9')).toMatch(
      /^iptables -t nat -A PREROUTING -d 10.0.1.1 -p tcp --dport 80 -j web /,
    )
  })

  it('is led to for all where the chain chooses', () => {
    expect(jump(skipped, '-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9')).toMatch(
      /^iptables -t nat -A PREROUTING -j web /,
    )
  })
})

it('sends such packets on beside a rule of nat that asks for the other port, which others may need', () => {
  const nat = (counters: string) => [
    `${counters}-A PREROUTING -d 172.29.1.1/32 -p udp -m udp --sport 53 -j DNAT --to-destination 10.0.2.9:53`,
  ]
  const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...asked } = SYN
  const packet = { ...asked, protocol: 'udp', dst: '172.29.1.1', dport: 53 }
  const fix = (counters: string) =>
    told({ rules: { nat: nat(counters), filter: ['-P FORWARD DROP'] }, packet }, 'near-miss')?.fix
  expect(fix('')).toMatch(
    /^iptables -t nat -I PREROUTING 1 -s 10.0.1.2 -d 172.29.1.1 -i eth0 -p udp --dport 53 -j DNAT /,
  )
  expect(fix('[0:0] ')).toMatch(/^iptables -t nat -R PREROUTING 1 -d 172.29.1.1 -p udp --dport 53 -j DNAT /)
  expect(fix('[5:300] ')).toBeUndefined()
})

it('harms nobody by removing a route that leads astray', () => {
  const stray = { family: 'ip', type: 'unicast', destination: '10.0.2.2/32', table: 'main' } as const
  const routes = [...ROUTER.routes!, { ...stray, device: 'eth0', gateway: '10.0.1.9' }]
  const neighbours: NonNullable<Host['neighbours']> = [
    { family: 'ip', address: '10.0.2.2', device: 'eth1', mac: '02:00:00:00:00:02', state: ['REACHABLE'] },
  ]
  const filter = ['-A FORWARD -o eth1 -p tcp -m tcp --dport 80 -j DROP']
  const nat = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2:80']
  const found = repairOf({ nat, filter }, TO_ROUTER, { routes, neighbours })
  expect(found?.command).toMatch(/^ip route del 10.0.2.2\/32 .* && iptables -I FORWARD 1 -s 10.0.1.2 -d 10.0.2.2 /)
})
