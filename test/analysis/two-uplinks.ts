/** A host with two uplinks: eth0, by which the default route leads, and eth1, to which table 100 leads what has mark 1. */

const link = (index: number, name: string, address: string): string =>
  `${index}: ${name}    inet ${address}/24 scope global ${name}\\       valid_lft forever preferred_lft forever\n`

export const ADDRESSES = [link(2, 'eth0', '192.0.2.1'), link(3, 'eth1', '198.51.100.1')].join('')
export const ROUTES = `default via 192.0.2.254 dev eth0
default via 198.51.100.254 dev eth1 table 100
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
local 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1
`
export const RULES_OF_ROUTING =
  '0:\tfrom all lookup local\n100:\tfrom all fwmark 0x1 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
