/** Connections, and random commands that delete some of them. */
import type { Random } from '../generate/random.ts'

export const CONNECTIONS = [
  'tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 5',
  'tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1001 --dport 80 --state SYN_SENT --dst-nat 10.0.0.9:8080',
  'tcp -s 10.0.0.3 -d 10.0.1.2 --sport 1001 --dport 443 --state TIME_WAIT --src-nat 10.0.0.8',
  'udp -s 10.0.0.1 -d 10.0.0.2 --sport 1001 --dport 53 --src-nat 10.0.0.8 --dst-nat 10.0.0.9',
  'udp -s 10.0.0.3 -d 10.0.0.2 --sport 1001 --dport 53 -m 0x10 --zone 3',
  'udp -s 10.0.0.1 -d 10.0.0.2 --sport 1002 --dport 53 --dst-nat 10.0.0.2:5353',
  'icmp -s 10.0.0.3 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 7',
  'tcp -s 2001:db8::1 -d 2001:db8::2 --sport 1000 --dport 80 --state ESTABLISHED -m 1',
  'udp -s 2001:db8::1 -d 2001:db8::3 --sport 1000 --dport 53 --dst-nat 2001:db8::9',
  'icmpv6 -s 2001:db8::1 -d 2001:db8::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 3',
].map((words) => `conntrack -I -p ${words} -t 3000 2> /dev/null`)

export function randomDeletions(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => {
    const options = random.some(
      [
        `${random.pick(['-s', '--src', '--orig-src'])} ${address(random)}`,
        `${random.pick(['-d', '--dst', '--orig-dst', '--orig-dst'])} ${address(random)}`,
        `${random.pick(['-r', '--reply-src', '-q', '--reply-dst'])} ${address(random)}`,
        `-p ${random.pick(['tcp', 'udp', 'icmp', '17', 'icmpv6', 'foo'])}`,
        `-p ${random.pick(['tcp', 'udp'])} ${random.pick(['--sport', '--dport', '--orig-port-dst', '--reply-port-src'])} ${random.pick([80, 53, 1001, 8080])}`,
        `-p tcp --state ${random.pick(['ESTABLISHED', 'SYN_SENT', 'established', 'OPEN'])}`,
        `-p icmp --icmp-type ${random.pick([8, 0])}`,
        random.pick(['-m 5', '--mark 0x10', '-m 0', '-m 1/0x1', '--mark=5']),
        random.pick(['-w 3', '--zone 0', '-w 7']),
        random.pick([
          '-n',
          '-g',
          '--src-nat',
          '--dst-nat',
          '-g 10.0.0.9',
          '--dst-nat 10.0.0.9:8080',

          '-n 10.0.0.8',
        ]),
        random.pick(['-f ipv4', '-f ipv6', '--family ipv4']),
        random.pick(['--dport 80', '--state ESTABLISHED', '-x', '--mrk 5', '-D', '-F', '-s 10.0.0.0/33', '-f inet']),
      ],
      random.pick([0, 1, 1, 2, 2, 3]),
    )
    const command = random.weighted([
      [20, '-D'],
      [1, '--delete'],
      [0.5, '-F'],
      [0.5, '-L'],
    ])
    return `conntrack ${command} ${options.join(' ')}`.trim()
  })
}

const address = (random: Random): string =>
  random.pick([
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.3',
    '10.0.0.9',
    '10.0.0.0/24',
    '10.0.0.0/8',
    '10.0.0.77',
    '2001:db8::1',
    '2001:db8::/64',
  ])
