/** Random rules of iptables-nft, as iptables-nft-restore reads them; everything is traced. */
import type { Random } from '../generate/random.ts'
import { LEFT, OWN, PORTS, RIGHT } from './ruleset.ts'

export function randomIptables(random: Random): string {
  return [table('raw', traced), nat(random), mangle(random), filter(random)].join('')
}

const table = (name: string, lines: readonly string[]): string => `*${name}\n${lines.join('\n')}\nCOMMIT\n`

const traced = [':PREROUTING ACCEPT', ':OUTPUT ACCEPT', '-A PREROUTING -j TRACE', '-A OUTPUT -j TRACE']

function nat(random: Random): string {
  const lines = [':PREROUTING ACCEPT', ':INPUT ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT']
  const to = () => random.pick([`DNAT --to-destination ${RIGHT}:2001`, 'REDIRECT --to-ports 2003', 'ACCEPT'])
  for (let i = random.int(0, 2); i > 0; i--) lines.push(`-A PREROUTING -p udp --dport ${random.pick(PORTS)} -j ${to()}`)
  if (random.chance(0.4))
    lines.push(`-A OUTPUT -p udp --dport ${random.pick(PORTS)} -j DNAT --to-destination ${RIGHT}:2004`)
  if (random.chance(0.6)) lines.push('-A POSTROUTING -o wan -j MASQUERADE')
  return table('nat', lines)
}

function mangle(random: Random): string {
  const lines = [':PREROUTING ACCEPT', ':INPUT ACCEPT', ':FORWARD ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT']
  for (let i = random.int(0, 2); i > 0; i--)
    lines.push(
      `-A ${random.pick(['PREROUTING', 'OUTPUT'])} -p udp --dport ${random.pick(PORTS)} -j MARK --set-xmark 0x7`,
    )
  return table('mangle', lines)
}

function filter(random: Random): string {
  const users = Array.from({ length: random.int(0, 3) }, (_, i) => `user${i}`)
  const lines = [':INPUT ACCEPT', `:FORWARD ${random.pick(['ACCEPT', 'DROP'])}`, ':OUTPUT ACCEPT']
  lines.push(...users.map((name) => `:${name} -`))
  const rules = (chain: string, chains: readonly string[]) => {
    for (let i = random.int(0, 4); i > 0; i--) lines.push(`-A ${chain} ${rule(random, chains)}`.trimEnd())
  }
  for (const [i, name] of users.entries()) rules(name, users.slice(i + 1))
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) rules(chain, users)
  return table('filter', lines)
}

function rule(random: Random, chains: readonly string[]): string {
  const match = random.pick([
    '-m comment --comment "a:rule:0x7:DROP b"',
    `-p udp --dport ${random.pick(PORTS)}`,
    `-p udp -m multiport --dports ${random.pick(PORTS)},2001`,
    `-s ${LEFT}`,
    `-d ${random.pick([RIGHT, ...OWN])}`,
    '-m mark --mark 0x7',
    '-m conntrack --ctstate NEW',
  ])
  if (chains.length > 0 && random.chance(0.4)) return `${match} ${random.pick(['-j', '-g'])} ${random.pick(chains)}`
  return `${match} ${random.pick(['-j ACCEPT', '-j ACCEPT', '-j RETURN', '-j DROP', '-j REJECT', ''])}`
}
