/** The traced machine's rules and state, as the commands of docs/formats/host-state.md print them. */
import { inNftWords } from './capture.ts'
import type { Incident } from './incident.ts'
import type { Lab } from './lab.ts'
import { toolsFor } from './tools.ts'

/** By file name; what a tool that is not there would say is left out. */
export type Files = Record<string, string>

/** What the vanished-… findings and conntrack-full ask for. */
const SYSCTLS = [
  ...['ip_forward', 'icmp_echo_ignore_all', 'tcp_syncookies'].map((name) => `net.ipv4.${name}`),
  'net.ipv6.conf.all.forwarding',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_tcp_be_liberal',
  'net.netfilter.nf_conntrack_tcp_loose',
]
const OF_EACH_INTERFACE = ['accept_local', 'forwarding', 'route_localnet', 'rp_filter', 'src_valid_mark']

const COMMANDS: Readonly<Record<string, string>> = {
  'ip-addr.json': 'ip -j addr',
  'ip-route.json': 'ip -j route show table all',
  'ip6-route.json': 'ip -6 -j route show table all',
  'ip-rule.json': 'ip -j rule',
  'ip6-rule.json': 'ip -6 -j rule',
  'ss.txt': 'ss -lntup',
  'conntrack.txt': 'conntrack -L',
  'conntrack-stats.txt': 'conntrack -S',
  'kernel.txt': 'uname -r',
}

export async function hostState(lab: Lab, host: string): Promise<Files> {
  const files: Files = {}
  for (const [name, command] of Object.entries(COMMANDS)) {
    const { status, out } = await lab.run(host, command.split(' '))
    if (status === 0 && out.trim() !== '') files[name] = out
  }
  const links = (JSON.parse(files['ip-addr.json'] ?? '[]') as { ifname: string }[]).map(({ ifname }) => ifname)
  const keys = [
    ...SYSCTLS,
    ...['all', 'default', ...links].flatMap((link) => OF_EACH_INTERFACE.map((key) => `net.ipv4.conf.${link}.${key}`)),
  ]
  // a dot in a name is a slash to sysctl; none of our interfaces has one
  const paths = keys.map((key) => `/proc/sys/${key.replaceAll('.', '/')}`)
  const { texts } = (await lab.ask(host, { do: 'read', paths })) as unknown as { texts: (string | null)[] }
  files['sysctl.txt'] = keys.flatMap((key, i) => (texts[i] == null ? [] : [`${key} = ${texts[i]!.trim()}\n`])).join('')
  return files
}

/** The rules in force, with those that trace. */
export async function savedRules(lab: Lab, incident: Incident): Promise<Files> {
  const { backend, traced: host, hosts } = incident
  const files: Files = {}
  const { nft, v4, v6, ipset } = hosts[host]!.rules ?? {}
  const tools = toolsFor(backend)
  const save = async (tool: string) => await lab.must(host, [`${tool}-save`, '-c'])
  const asNft = inNftWords(incident)
  // of iptables-nft one listing will do; asking iptables-legacy for a family makes its tables
  const asIptables = backend !== 'xtables-nft' || !asNft
  if (asIptables && (v4 !== undefined || (backend === 'legacy' && v6 === undefined)))
    files['rules.v4'] = await save(tools.v4)
  if (asIptables && v6 !== undefined) files['rules.v6'] = await save(tools.v6)
  if (asNft || nft !== undefined) files['rules.nft'] = await lab.must(host, ['nft', '-a', 'list', 'ruleset'])
  if (ipset !== undefined) files['ipset.txt'] = await lab.must(host, ['ipset', 'save'])
  return files
}
