/**
 * A router in a network namespace of its own, with wires to the left and right of it that end in our hands: packets
 * go in as bytes, and what the kernel makes of them comes back as bytes, as counters and as lines of its log.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Packet } from '../../../src/model/packet.ts'
import { decodePacket } from './decode.ts'
import { encodePacket, join } from './encode.ts'
import { makeTopology, type Side, type Topology } from './topology.ts'

export type Family = 'ip' | 'ip6'

/** A packet to be sent: onto a wire towards the router, or by the router itself. */
export interface Sent {
  n: number
  at: Side | 'router'
  packet: Packet
}

/** What came of the packets that were sent. */
export interface Gathered {
  /** Left the router. */
  left: { at: Side; packet: Packet }[]
  /** Reached the router's own stack, as raw sockets see it behind INPUT. */
  delivered: Packet[]
  /** Lines of /dev/kmsg that are this lab's. */
  log: string[]
  /** The log was overwritten before it was read. */
  lost: number
}

/** Of the router's namespace, beyond what every lab has. */
export interface Furniture {
  settings: [key: string, value: string][]
  /** Lines for `ip -batch`, once the links are there. */
  routing: string[]
}

interface Answer {
  failed?: string
  [key: string]: unknown
}

export interface Ran {
  status: number
  out: string
  error: string
}

export class Lab {
  readonly topology: Topology
  private readonly hands: ChildProcessByStdio<Writable, Readable, null>
  private readonly waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = []
  private ended: Promise<void>

  private constructor(topology: Topology) {
    this.topology = topology
    this.hands = spawn('python3', [fileURLToPath(new URL('lab.py', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    createInterface({ input: this.hands.stdout }).on('line', (line) => this.waiting.shift()?.resolve(JSON.parse(line)))
    this.ended = new Promise((resolve) =>
      this.hands.on('close', (code) => {
        for (const { reject } of this.waiting) reject(new Error(`lab.py ended with ${code}`))
        resolve()
      }),
    )
  }

  static async open(furnish: (topology: Topology) => Furniture = () => ({ settings: [], routing: [] })): Promise<Lab> {
    const lab = new Lab(makeTopology(Math.floor(Math.random() * 0x10000)))
    try {
      await lab.setUp(furnish(lab.topology))
    } catch (error) {
      await lab.close()
      throw error
    }
    return lab
  }

  async close(): Promise<void> {
    this.hands.stdin.end()
    await this.ended
  }

  private ask(command: { do: string; [key: string]: unknown }): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.hands.stdin.write(`${JSON.stringify(command)}\n`)
    }).then((answer) => {
      if (answer.failed !== undefined) throw new Error(answer.failed)
      return answer
    })
  }

  /** Runs a command in the router's namespace, or outside of it. */
  run(argv: string[], stdin = '', namespace: 'router' | 'outside' = 'router'): Promise<Ran> {
    return this.ask({ do: 'run', namespace, argv, stdin }) as Promise<Answer & Ran>
  }

  /** As run; a failure is an error that tells what the command said. */
  async must(argv: string[], stdin = '', namespace: 'router' | 'outside' = 'router'): Promise<string> {
    const { status, out, error } = await this.run(argv, stdin, namespace)
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${error || out}`)
    return out
  }

  /** What `nfwhy collect` would save of this host, without its rules. */
  async hostState(): Promise<Record<string, string>> {
    const route = ['route', 'show', 'table', 'all']
    return {
      'ip-addr.json': await this.must(['ip', '-j', 'addr']),
      'ip-route.json': await this.must(['ip', '-j', ...route]),
      'ip6-route.json': await this.must(['ip', '-6', '-j', ...route]),
      'ip-rule.json': await this.must(['ip', '-j', 'rule']),
      'ip6-rule.json': await this.must(['ip', '-6', '-j', 'rule']),
      'sysctl.txt': await this.must(['sysctl', 'net']),
    }
  }

  /** Real servers in the router, in place of those before; UDP answers with what it gets, while `gather` waits. */
  async listen(
    servers: readonly { protocol: 'tcp' | 'udp'; address?: string; device?: string; port: number }[],
  ): Promise<void> {
    await this.ask({
      do: 'listen',
      servers: servers.map(({ protocol, address = '0.0.0.0', device = '', port }) => [protocol, address, device, port]),
    })
  }

  /** All lists at once, each on a CPU of its own. Tells whom the kernel refused, and how. */
  async send(...senders: Sent[][]): Promise<Map<number, string>> {
    const { refused } = await this.ask({
      do: 'send',
      senders: senders.map((list) => list.map((one) => this.wire(one))),
    })
    return new Map((refused as { n: number; error: string }[]).map(({ n, error }) => [n, error]))
  }

  private wire({ n, at, packet }: Sent): object {
    const bytes = encodePacket(packet)
    if (at === 'router') return { n, at, to: packet.dst, mark: packet.mark ?? 0, bytes: hex(bytes) }
    const { sides, hosts } = this.topology
    const from = packet.srcMac ?? hosts.find((host) => host.side === at)!.mac
    const type = packet.src!.includes(':') ? [0x86, 0xdd] : [0x08, 0x00]
    return {
      n,
      at,
      bytes: hex(join(macBytes(packet.dstMac ?? sides[at].mac), macBytes(from), Uint8Array.from(type), bytes)),
    }
  }

  /** Waits until nothing is on its way any more. */
  async gather(): Promise<Gathered> {
    const answer = await this.ask({ do: 'gather' })
    const frames = answer.frames as { at: Side; bytes: string }[]
    return {
      left: frames.map(({ at, bytes }) => ({ at, packet: decodePacket(Buffer.from(bytes, 'hex').subarray(14)) })),
      delivered: (answer.delivered as { bytes: string }[]).map(({ bytes }) => decodePacket(Buffer.from(bytes, 'hex'))),
      log: answer.log as string[],
      lost: answer.lost as number,
    }
  }

  /** Starts a program in the router that prints while packets pass. */
  async watch(argv: string[]): Promise<void> {
    await this.ask({ do: 'watch', argv })
  }

  /** What it has printed since, once it is quiet. */
  async watched(): Promise<string[]> {
    return (await this.ask({ do: 'watched' })).lines as string[]
  }

  private async setUp({ settings, routing }: Furniture): Promise<void> {
    const { sides, hosts, far, own, nowhere, words } = this.topology
    const { path } = await this.ask({ do: 'namespace_path' })
    // quiet before the interfaces come up: no neighbour discovery, no multicast reports, answers without limits
    await this.must(['sh', '-e'], [...ROUTER_SETTINGS, ...settings].map(([key, value]) => setting(key, value)).join(''))
    await this.must(['sh', '-e'], setting('net.ipv6.conf.default.disable_ipv6', '1'), 'outside')
    const links = Object.values(sides)
    const outside = links.map((link) => [
      `link add ${link.outside} type veth peer name ${link.interface} address ${link.mac} netns ${path}`,
      `link set ${link.outside} up`,
    ])
    await this.must(['ip', '-batch', '-'], outside.flat().join('\n'), 'outside')
    const inside = links.map((link) => [
      `link set ${link.interface} addrgenmode none`,
      `link set ${link.interface} up`,
      `addr add ${link.ip}/25 broadcast + dev ${link.interface}`,
      `addr add ${link.ip6}/64 dev ${link.interface} nodad`,
    ])
    const neighbours = hosts.flatMap(({ side, ip, ip6, mac }) =>
      [ip, ip6].map((address) => `neigh add ${address} lladdr ${mac} dev ${sides[side].interface} nud permanent`),
    )
    for (const [i, side] of (['left', 'right'] as const).entries())
      for (const n of this.topology.neighbours)
        for (const address of [
          sides[side].ip.replace(/\d+$/, String(128 * i + n)),
          sides[side].ip6.replace(/1$/, String(n)),
        ])
          neighbours.push(`neigh add ${address} lladdr ${hosts[3 * i]!.mac} dev ${sides[side].interface} nud permanent`)
    const beyond = (['left', 'right'] as const).flatMap((side) => {
      const gateway = hosts.find((host) => host.side === side)!
      return [`route add ${far[side].net} via ${gateway.ip}`, `route add ${far[side].net6} via ${gateway.ip6}`]
    })
    const refusals = ['blackhole', 'unreachable', 'prohibit'].map((type, i) => `route add ${type} ${nowhere.ip[i]}/28`)
    const refusals6 = ['blackhole', 'unreachable'].map((type, i) => `route add ${type} ${nowhere.ip6[i]}/64`)
    const script = [
      'link set lo up',
      `addr add ${own.ip6[2]}/128 dev lo nodad`,
      ...inside.flat(),
      ...neighbours,
      ...beyond,
      ...refusals.map((line) => line.replace(/\.\d+\/28/, (end) => `.${Number(end.slice(1, -3)) & 0xf0}/28`)),
      ...refusals6.map((line) => line.replace('::1/64', '::/64')),
      ...routing,
    ]
    await this.must(['ip', '-batch', '-'], script.join('\n'))
    const wires = Object.fromEntries(
      Object.entries(sides).map(([name, { outside: end, ip }]) => [name, { interface: end, router: ip }]),
    )
    await this.ask({ do: 'open', links: wires, words })
    // what interfaces say as they come up is none of any case
    for (let seen = 1; seen > 0; ) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      seen = (await this.gather()).left.length
    }
  }
}

const ROUTER_SETTINGS: [string, string][] = [
  ['net.netfilter.nf_log.2', 'nf_log_ipv4'],
  ['net.netfilter.nf_log.10', 'nf_log_ipv6'],
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv6.conf.all.forwarding', '1'],
  ['net.ipv4.conf.all.rp_filter', '0'],
  ['net.ipv4.conf.default.rp_filter', '0'],
  ['net.ipv4.conf.all.send_redirects', '0'],
  ['net.ipv4.conf.default.send_redirects', '0'],
  ['net.ipv4.icmp_ratelimit', '0'],
  ['net.ipv4.icmp_msgs_per_sec', '1000000'],
  ['net.ipv4.icmp_msgs_burst', '1000000'],
  ['net.ipv6.icmp.ratelimit', '0'],
  ['net.ipv6.conf.default.mldv2_unsolicited_report_interval', '1'],
  ['net.ipv6.conf.lo.mldv2_unsolicited_report_interval', '1'],
  ['net.ipv6.conf.default.router_solicitations', '0'],
  ['net.ipv6.conf.default.accept_dad', '0'],
  // a part that waits for the others is not given up, with an error, while other rules are in place
  ['net.ipv4.ipfrag_time', '600'],
  ['net.ipv6.ip6frag_time', '600'],
  ['net.netfilter.nf_conntrack_frag6_timeout', '600'],
  ['net.ipv4.tcp_synack_retries', '0'],
  ['net.ipv4.tcp_syncookies', '0'],
]

/** A setting that this kernel does not have for a namespace is passed over. */
const setting = (key: string, value: string) =>
  `[ ! -w /proc/sys/${key.replaceAll('.', '/')} ] || echo ${value} > /proc/sys/${key.replaceAll('.', '/')}\n`

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const macBytes = (mac: string) => Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16))
