/** Filters that tcpdump reads too, over few values, so that packets are taken and passed over. */
import fc from 'fast-check'

const V4 = ['10.0.0.1', '10.0.0.2', '10.1.2.3', '192.168.1.5']
const V6 = ['2001:db8::1', '2001:db8:1::2', '::1', 'fe80::1']
const NETS = ['10', '10.0', '10.0.0.0/8', '10.0.0.0/31', '192.168.0.0 mask 255.255.0.0', '2001:db8::/48', '::/0']
const PORTS = ['22', '53', '80', '443', '40000', 'domain']
const RANGES = ['1-100', '80-53', '443', '5000-65535']

const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words)
const before = (words: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(words, { nil: '' })
const direction = before(word('src', 'dst', 'src or dst', 'dst or src', 'src and dst', 'src && dst'))
const spaced = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ')

/** Qualifiers and the values that may follow them. */
const qualified: fc.Arbitrary<{ words: string; value: fc.Arbitrary<string> }> = fc.oneof(
  fc.record({ direction, type: word('host', '') }).map(({ direction, type }) => ({
    words: spaced(direction, type || (direction ? '' : 'host')),
    value: word(...V4, ...V6),
  })),
  direction.map((words) => ({ words: spaced('ip', words, 'host'), value: word(...V4) })),
  direction.map((words) => ({ words: spaced('ip6', words, 'host'), value: word(...V6) })),
  direction.map((words) => ({ words: spaced(words, 'net'), value: word(...NETS) })),
  fc.record({ protocol: before(word('tcp', 'udp', 'sctp')), direction }).map(({ protocol, direction }) => ({
    words: spaced(protocol, direction, 'port'),
    value: word(...PORTS.filter((port) => port !== 'domain' || protocol !== 'sctp')),
  })),
  fc.record({ protocol: before(word('tcp', 'udp', 'sctp')), direction }).map(({ protocol, direction }) => ({
    words: spaced(protocol, direction, 'portrange'),
    value: word(...RANGES),
  })),
  before(word('ip', 'ip6')).map((family) => ({
    words: spaced(family, 'proto'),
    value: word('6', '17', '1', '58', '99', '\\udp'),
  })),
)

/** One value, several in parentheses, or several bare ones that repeat the qualifiers. */
const values = (value: fc.Arbitrary<string>): fc.Arbitrary<string> => {
  const list = fc
    .tuple(value, fc.array(fc.tuple(word('and', 'or', 'or not', '&&', '||'), value), { maxLength: 2 }))
    .map(([first, rest]) => [first, ...rest.flat()].join(' '))
  return fc.oneof(
    value,
    list,
    list.map((text) => `(${text})`),
    value.map((text) => `not ${text}`),
  )
}

const primitive: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: qualified.chain(({ words, value }) => values(value).map((text) => `${words} ${text}`)) },
  {
    weight: 1,
    arbitrary: word('tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'ip', 'ip6', 'ah', 'esp', 'igmp', 'pim', 'vrrp'),
  },
)

export const anyFilter = (): fc.Arbitrary<string> =>
  fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      primitive,
      fc.tuple(tie('filter'), word(' and ', ' or ', ' && ', '||'), tie('filter')).map((parts) => parts.join('')),
      tie('filter').map((text) => `not ${text}`),
      tie('filter').map((text) => `(${text})`),
    ),
  })).filter
