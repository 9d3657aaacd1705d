/** What people type: filters, packets, names of rules and commands, of which cases are made. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the repository is; the fuzzer runs there. */
const FIXTURES = join(process.cwd(), 'fixtures')

/** The list is made when it is first asked for. */
function once(make: () => string[]): () => readonly string[] {
  let made: readonly string[] | undefined
  return () => {
    made ??= make()
    return made
  }
}

const lines = (path: string): string[] =>
  readFileSync(join(FIXTURES, path), 'latin1')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

export const filterSources = once(() =>
  ['filter/accepted.txt', 'filter/refused.txt'].flatMap((path) => lines(path).map((line) => line.split(' ; ')[0]!)),
)

/** What is indented there is what a command is printed as, and is a command too. */
export const applySources = once(() =>
  readdirSync(join(FIXTURES, 'edits/commands'))
    .sort()
    .flatMap((name) => lines(`edits/commands/${name}`))
    .map((line) => line.trim()),
)

export const ruleSources: readonly string[] = [
  ...[
    'nat:KUBE-NODEPORTS:16',
    'filter:INPUT:1',
    'ip6/filter:FORWARD:3',
    'inet filter input handle 7',
    'ip nat x handle 1',
  ],
]

export const specSources: readonly string[] = [
  'in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn',
  'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn',
  'tcp 10.0.0.1:40000 > 192.0.2.9:443 syn',
  'in wan udp 203.0.113.7:53 > 192.0.2.1:4242',
  'in eth1 icmp 192.0.2.1 > 192.0.2.2 echo-request',
  'in eth0 tcp [2001:db8::1]:4000 > [2001:db8::2]:22 syn ttl 3',
  'icmpv6 fe80::1 > ff02::1',
  'in docker0 tcp 172.17.0.2:4000 > 10.0.0.9:8080 ack mark 0x10',
  '{"in":"eth0","src":"192.0.2.1","dst":"192.0.2.2","protocol":"tcp","sport":4000,"dport":80,"tcpFlags":["syn"]}',
  '{"src":"192.0.2.2","dst":"192.0.2.1","protocol":"udp","sport":53,"dport":4000,"ctState":"established","mark":7,"uid":0}',
  '{"in":"eth0","src":"192.0.2.9","dst":"192.0.2.2","protocol":"icmp","icmpType":3,"icmpCode":4,"inner":{"src":"192.0.2.2","dst":"192.0.2.1","protocol":"tcp","sport":4000,"dport":80}}',
  '{"in":"br0","physIn":"eth0","src":"2001:db8::1","dst":"2001:db8::2","protocol":"17","length":2000,"fragOffset":64,"moreFragments":true,"ttl":1,"srcMac":"02:00:00:00:00:01","vlan":5}',
]
