/** Addresses, interfaces and ports that everything is drawn from. */
/** `none`: an address of the network behind it that nobody has. */
export const ADDRESSES = {
  ip: {
    ...{ remote: '203.0.113.9', wan: '203.0.113.1', lan: '192.168.1.1', pc: '192.168.1.10' },
    ...{ dmz: '172.16.0.1', box: '172.16.0.10', none: '192.168.1.77' },
  },
  ip6: {
    ...{ remote: '2001:db8:f::9', wan: '2001:db8:f::1', lan: '2001:db8:1::1', pc: '2001:db8:1::10' },
    ...{ dmz: '2001:db8:2::1', box: '2001:db8:2::10', none: '2001:db8:1::77' },
  },
} as const

export const NETS = {
  ip: ['192.168.1.0/24', '172.16.0.0/24', '203.0.113.0/24'],
  ip6: ['2001:db8:1::/64', '2001:db8:2::/64', '2001:db8:f::/64'],
} as const

export const DEVICES = ['wan', 'lan', 'dmz'] as const

export const TCP_PORTS = [22, 80, 443, 8080, 81]
export const UDP_PORTS = [53, 123, 5353]
/** What is asked here is replied to from the next port. */
export const ELSEWHERE = 6900
