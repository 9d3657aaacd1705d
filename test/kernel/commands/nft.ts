/** Random commands for nft: most go through, some are refused for what they say or for what is there by then. */
import type { Random } from '../generate/random.ts'

export const NFT_SETUP = [
  `nft 'table inet filter {
	set hosts { type ipv4_addr; }
	set pairs { type ipv4_addr . inet_service; elements = { 192.0.2.1 . 22 } }
	map ways { type inet_service : verdict; elements = { 80 : jump web } }
	chain web { accept; }
	chain spare { }
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr @hosts accept
		tcp dport 22 counter accept comment "ssh, of course"
		tcp dport vmap @ways
		udp dport { 53, 123 } accept
		drop
	}
}
table ip nat {
	chain post { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }
}'`,
]

const RULES = [
  'tcp dport 443 accept',
  'ip saddr 192.0.2.0/24 drop',
  'ct state established,related accept',
  'counter',
  'jump web',
  'jump nowhere',
  'ip daddr @hosts drop',
  'ip daddr @nothing drop',
  'meta mark set 0x1',
  'log prefix "in: "',
  'udp dport 53 accept comment "names"',
  'no such thing',
]
const CHAINS = ['input', 'web', 'spare', 'fresh', 'nowhere']
const HOSTS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.7']

const TYPES = ['', ' { type ipv4_addr; }', ' { type ipv4_addr; flags interval; }']

export function randomNftCommands(random: Random, count: number): string[] {
  const chain = () => random.pick(CHAINS)
  const handle = () => random.int(1, 13)
  const makers: (() => string)[] = [
    () => `add element inet filter hosts { ${random.pick(HOSTS)} }`,
    () => `add element inet filter hosts { ${random.pick(HOSTS)}, ${random.pick(HOSTS)} }`,
    () => `${random.pick(['delete', 'create'])} element inet filter hosts { ${random.pick(HOSTS)} }`,
    () => `add element inet filter pairs { ${random.pick(HOSTS)} . ${random.pick(['22', '80'])} }`,
    () => `delete element inet filter pairs { ${random.pick(HOSTS)} . 22 }`,
    () => `add element inet filter ways { ${random.int(1, 4)} : ${random.pick(['accept', 'jump web', 'jump spare'])} }`,
    () => `delete element inet filter ways { ${random.int(1, 4)} }`,
    () => `flush set inet filter ${random.pick(['hosts', 'pairs', 'nothing'])}`,
    () => `add rule inet filter ${chain()} ${random.pick(RULES)}`,
    () => `insert rule inet filter ${chain()} ${random.pick(RULES)}`,
    () => `${random.pick(['add', 'insert'])} rule inet filter input position ${handle()} ${random.pick(RULES)}`,
    () => `add rule inet filter input index ${random.int(0, 6)} ${random.pick(RULES)}`,
    () => `replace rule inet filter input handle ${handle()} ${random.pick(RULES)}`,
    () => `delete rule inet filter ${chain()} handle ${handle()}`,
    () => `flush chain inet filter ${chain()}`,
    () => `${random.pick(['add', 'create', 'delete'])} chain inet filter ${chain()}`,
    () => `rename chain inet filter ${chain()} ${chain()}`,
    () => `add chain inet filter late { type filter hook input priority 10; policy drop; }`,
    () => `${random.pick(['add', 'create'])} set inet filter ${random.pick(['hosts', 'more'])}${random.pick(TYPES)}`,
    () => `delete set inet filter ${random.pick(['hosts', 'more'])}`,
    () => `${random.pick(['add', 'create'])} table ip ${random.pick(['nat', 'other'])}`,
    () => `delete table ip ${random.pick(['nat', 'other', 'nothing'])}`,
    () => 'list ruleset',
    () => (random.chance(0.05) ? 'flush table inet filter' : 'add rule ip nat post counter'),
  ]
  return Array.from({ length: count }, () => {
    const command = random.pick(makers)()
    return /[{";]/.test(command) ? `nft '${command}'` : `nft ${command}`
  })
}
