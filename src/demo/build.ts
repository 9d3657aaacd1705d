/** An incident made real: the commands that a person would type, run in the lab, and told as they are. */
import type { HostSpec, Incident, Listener, Rules } from './incident.ts'
import type { Lab } from './lab.ts'
import { LabError } from './lab.ts'
import { type Tools, toolsFor } from './tools.ts'

/** One line of `HOST$ COMMAND`; `input`: what it is fed. */
export interface Done {
  host: string
  command: string
  input?: string
}

/** Quiet machines: what the first namespace has set for all must not decide here. */
const SETTINGS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.send_redirects': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.router_solicitations': '0',
}

export async function build(
  lab: Lab,
  { hosts, links, backend }: Pick<Incident, 'hosts' | 'links' | 'backend'>,
): Promise<Done[]> {
  const done: Done[] = []
  const tools = toolsFor(backend)
  const run = async (host: string, words: string, input?: string) => {
    done.push({ host, command: words, ...(input === undefined ? {} : { input }) })
    await lab.must(host, words.split(' '), input)
  }
  for (const [host, { sysctls = {} }] of Object.entries(hosts)) {
    await writeSysctls(lab, host, SETTINGS)
    await lab.must(host, ['ip', 'link', 'set', 'lo', 'up'])
    await writeSysctls(lab, host, sysctls)
    for (const [key, value] of Object.entries(sysctls)) done.push({ host, command: `sysctl -w ${key}=${value}` })
  }
  for (const [one, other] of links) {
    const [host, name] = one.split(':') as [string, string]
    const [peer, peerName] = other.split(':') as [string, string]
    const words = ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', peerName, 'netns']
    done.push({ host, command: [...words, peer].join(' ') })
    await lab.must(host, [...words, String(lab.hosts.get(peer)!.pid)])
  }
  for (const [host, spec] of Object.entries(hosts)) await configure(host, spec, links, run)
  await Promise.all(Object.entries(hosts).map(([host, spec]) => settled(lab, host, spec)))
  for (const [host, { rules, listeners = [] }] of Object.entries(hosts)) {
    if (rules) await load(host, rules, tools, run)
    for (const listener of listeners) done.push(await listen(lab, host, listener))
  }
  return done
}

type Run = (host: string, words: string, input?: string) => Promise<void>

async function configure(host: string, spec: HostSpec, links: Incident['links'], run: Run): Promise<void> {
  const { addresses = {}, bridges = {}, mtu = {}, routes = [] } = spec
  const wires = links.flat().flatMap((end) => (end.startsWith(`${host}:`) ? [end.slice(host.length + 1)] : []))
  for (const [bridge, members] of Object.entries(bridges)) {
    await run(host, `ip link add ${bridge} type bridge`)
    for (const member of members) await run(host, `ip link set ${member} master ${bridge}`)
  }
  for (const [name, bytes] of Object.entries(mtu)) await run(host, `ip link set ${name} mtu ${bytes}`)
  for (const [name, list] of Object.entries(addresses))
    for (const address of list)
      await run(host, `ip addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`)
  for (const name of [...wires, ...Object.keys(bridges)]) await run(host, `ip link set ${name} up`)
  for (const route of routes) await run(host, `ip${route.includes(':') ? ' -6' : ''} route add ${route}`)
}

/** Milliseconds. */
const SETTLING = { most: 20_000, pause: 20 }

/**
 * Waits until every wire carries, and IPv6 addresses have their routes: the kernel sees to both a little later, and what
 * is sent before is lost.
 */
async function settled(lab: Lab, host: string, { bridges = {} }: HostSpec): Promise<void> {
  const empty = Object.keys(bridges).filter((name) => bridges[name]!.length === 0)
  for (const until = Date.now() + SETTLING.most; ; ) {
    const links = JSON.parse(await lab.must(host, ['ip', '-d', '-j', 'addr'])) as Interface[]
    const routes = JSON.parse(await lab.must(host, ['ip', '-6', '-j', 'route', 'show', 'table', 'local'])) as Route[]
    const reached = new Set(routes.map(({ dst }) => dst))
    const waiting = links.find(
      ({ ifname, operstate, linkinfo, addr_info }) =>
        !empty.includes(ifname) &&
        (!['UP', 'UNKNOWN'].includes(operstate) ||
          (linkinfo?.info_slave_data?.state ?? 'forwarding') !== 'forwarding' ||
          addr_info.some((one) => one.family === 'inet6' && (one.tentative || !reached.has(one.local)))),
    )
    if (!waiting) return
    if (Date.now() > until) throw new LabError(`${host}: the interface ${waiting.ifname} does not come up.`)
    await new Promise((resolve) => setTimeout(resolve, SETTLING.pause))
  }
}

/** As `ip -j` prints them, as far as it matters here. */
interface Interface {
  ifname: string
  /** `lo` does not know. */
  operstate: string
  /** Of an interface in a bridge. */
  linkinfo?: { info_slave_data?: { state?: string } }
  addr_info: { family: string; local: string; tentative?: boolean }[]
}
interface Route {
  dst: string
}

async function load(host: string, { nft, v4, v6, ipset }: Rules, tools: Tools, run: Run): Promise<void> {
  if (ipset !== undefined) await run(host, 'ipset restore', ipset)
  if (v4 !== undefined) await run(host, `${tools.v4}-restore`, v4)
  if (v6 !== undefined) await run(host, `${tools.v6}-restore`, v6)
  if (nft !== undefined) await run(host, 'nft -f -', nft)
}

export async function listen(lab: Lab, host: string, { protocol, address, port }: Listener): Promise<Done> {
  await lab.ask(host, { do: 'listen', protocol, address: address ?? '0.0.0.0', port })
  const flags = `${protocol === 'udp' ? ' -u' : ''}${address?.includes(':') ? ' -6' : ''}`
  return { host, command: `nc${flags} -lk ${address === undefined ? '' : `${address} `}${port} &` }
}

async function writeSysctls(lab: Lab, host: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const paths = Object.entries(settings).map(
    ([key, value]) => [`/proc/sys/${key.replaceAll('.', '/')}`, value] as const,
  )
  try {
    await lab.ask(host, { do: 'write', files: paths })
  } catch (error) {
    throw new LabError(`${host}: a kernel setting cannot be written: ${(error as Error).message}`)
  }
}
