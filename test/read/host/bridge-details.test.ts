/** What holds back frames in a bridge, in both forms of `ip -d addr`. */
import { expect, it } from 'vitest'
import { readIpAddrJson } from '../../../src/read/host/ip-addr-json-reader.ts'
import { readIpAddrText } from '../../../src/read/host/ip-addr-text-reader.ts'

const port = (state: string) => ({
  ...{ ifindex: 3, ifname: 'v1', flags: ['UP'], mtu: 1500, master: 'br0' },
  linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { state, hairpin: false } },
})
const bridge = (snooping: number, querier: number) => ({
  ...{ ifindex: 2, ifname: 'br0', flags: ['UP'], mtu: 1500 },
  linkinfo: { info_kind: 'bridge', info_data: { mcast_snooping: snooping, mcast_querier: querier } },
})
const ofJson = (...links: object[]) => readIpAddrJson(JSON.stringify(links), () => {}).host!.links!
const ofText = (details: string) =>
  readIpAddrText(
    `3: v1@if2: <BROADCAST,UP> mtu 1500 qdisc noqueue master br0 state UP\n    link/ether 12:63:60:db:33:d6 brd ff:ff:ff:ff:ff:ff\n    ${details}\n`,
    () => {},
  ).host!.links![0]!

it.each(['listening', 'learning', 'blocking'])('a port that is %s forwards nothing', (state) => {
  expect(ofJson(port(state))[0]?.portState).toBe(state)
  expect(ofText(`bridge_slave state ${state} priority 32 cost 2 hairpin off isolated off `).portState).toBe(state)
})

it('one that forwards is as any other', () => {
  expect(ofJson(port('forwarding'))[0]).not.toHaveProperty('portState')
  expect(ofText('bridge_slave state forwarding priority 32 cost 2 hairpin off ')).not.toHaveProperty('portState')
})

it('a bridge withholds multicast where it snoops and is the querier', () => {
  expect(ofJson(bridge(1, 1), bridge(1, 0), bridge(0, 1)).map(({ snoops }) => snoops)).toEqual([
    true,
    undefined,
    undefined,
  ])
  expect(ofText('bridge forward_delay 1500 mcast_snooping 1 mcast_router 1 mcast_querier 1 numtxqueues 1').snoops).toBe(
    true,
  )
  expect(ofText('bridge forward_delay 1500 mcast_snooping 1 mcast_querier 0 numtxqueues 1')).not.toHaveProperty(
    'snoops',
  )
})
