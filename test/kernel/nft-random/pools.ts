/** What rules and packets are both drawn from, so that a rule matches about as often as not. */
export const V4 = {
  /** Behind in0, and a network that is routed back by in1. */
  clients: ['10.0.1.2', '10.0.1.3', '10.0.1.77'],
  servers: ['10.0.2.2', '10.0.2.3', '10.0.2.77', '198.51.100.7', '203.0.113.5', '10.0.9.2'],
  own: ['10.0.1.1', '10.0.2.1'],
  /** Routed nowhere, or by routes that say no. */
  nowhere: ['192.0.2.1', '192.0.2.17', '192.0.2.33', '172.31.0.1'],
  /** Of a network, or of groups. */
  everybody: ['10.0.1.255', '10.0.2.255', '255.255.255.255', '224.0.0.1'],
  networks: ['10.0.1.0/24', '10.0.2.0/24', '10.0.0.0/16', '10.0.2.2/31', '198.51.100.0/24', '203.0.113.0/28'],
  masks: ['255.255.255.0', '0.0.0.3', '255.255.0.255'],
}
export const V6 = {
  clients: ['2001:db8:1::2', '2001:db8:1::3', '2001:db8:1::77'],
  servers: ['2001:db8:2::2', '2001:db8:2::3', '2001:db8:2::77', '2001:db8:51::7', '2001:db8:9::2'],
  own: ['2001:db8:1::1', '2001:db8:2::1'],
  nowhere: ['2001:db8:ffff::1'],
  everybody: ['ff02::1'],
  networks: ['2001:db8:1::/64', '2001:db8:2::/64', '2001:db8::/32', '2001:db8:2::2/127'],
  masks: ['ffff:ffff:ffff::', '::ff'],
}
export const addresses = ({ clients, servers, own }: typeof V4): string[] => [...clients, ...servers, ...own]

export const PORTS = [22, 53, 80, 4000, 4001, 8080]
export const MARKS = [0, 1, 2, 5, 0x13]
export const TTLS = [1, 2, 9, 64]
/** The type of service: none, EF, CS1, and with each of ECN's bits. */
export const TOSES = [0, 0xb8, 0x20, 0xb9, 3]
export const LENGTHS = [0, 4, 60]
export const SEQUENCES = [1, 1000]
export const WINDOWS = [1024, 512]
export const IDS = [0, 77]
export const WIRES = ['in0', 'in1']
