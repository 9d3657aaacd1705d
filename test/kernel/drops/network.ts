/** A router between two hosts, each in a network namespace of its own: its interface `ra` leads to one, `rb` to the other. */
import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What send.py takes; `protocol` by number. */
export interface Sent {
  src: string
  dst: string
  protocol: number
  sport?: number
  dport?: number
  /** IP id, TCP sequence number or ICMP id, whichever there is. */
  id: number
  ttl?: number
  df?: boolean
  /** Bytes behind the transport header. */
  data?: number
  /** TCP's. */
  flags?: number
  /** How far the checksum is off. */
  wrong?: number
  times?: number
  /** Milliseconds before it. */
  pause?: number
}

export const HOST = '198.51.100.2'
export const HOST6 = '2001:db8:1::2'
export const ROUTER = '198.51.100.1'
export const ROUTER6 = '2001:db8:1::1'
export const FAR = '203.0.113.2'
export const FAR6 = '2001:db8:2::2'

const SEND = fileURLToPath(new URL('send.py', import.meta.url))

export class Network {
  private readonly prefix = `nfwhy-drops-${process.pid}`
  readonly router = `${this.prefix}-r`
  readonly host = `${this.prefix}-a`
  readonly far = `${this.prefix}-b`

  constructor() {
    const { router, host, far } = this
    shell(`
      for n in ${router} ${host} ${far}; do ip netns add $n; ip -n $n link set lo up; done
      ip -n ${router} link add ra type veth peer name eth0 netns ${host}
      ip -n ${router} link add rb type veth peer name eth0 netns ${far}
      ip -n ${router} addr add ${ROUTER}/24 dev ra
      ip -n ${router} addr add ${ROUTER6}/64 dev ra nodad
      ip -n ${router} addr add 203.0.113.1/24 dev rb
      ip -n ${router} addr add 2001:db8:2::1/64 dev rb nodad
      ip -n ${host} addr add ${HOST}/24 dev eth0
      ip -n ${host} addr add ${HOST6}/64 dev eth0 nodad
      ip -n ${far} addr add ${FAR}/24 dev eth0
      ip -n ${far} addr add ${FAR6}/64 dev eth0 nodad
      ip -n ${router} link set ra up
      ip -n ${router} link set rb up mtu 1280
      ip -n ${host} link set eth0 up
      ip -n ${far} link set eth0 up
      ip -n ${host} route add default via ${ROUTER}
      ip -n ${host} route add default via ${ROUTER6}
      ip -n ${far} route add default via 203.0.113.1
      ip -n ${far} route add default via 2001:db8:2::1
      ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
      # a link that came up is activated by a worker of the kernel's, and drops what is sent before (net/core/link_watch.c)
      for n in ${router} ${host} ${far}; do
        for i in $(seq 3000); do ip -n $n link show | grep -Eq 'qdisc noop |state (LOWERLAYER)?DOWN' || break; sleep 0.02; done
      done`)
  }

  /** Runs a shell script as the router. */
  onRouter(script: string): string {
    return shell(script, this.router)
  }

  /** What the cases need besides rules. */
  dropsAll(): void {
    this.onRouter(`
      sysctl -qw net.ipv4.conf.ra.rp_filter=1
      ip route add blackhole 192.0.2.64/26`)
  }

  withoutIpv6(): void {
    for (const name of [this.host, this.far, this.router]) shell('sysctl -qw net.ipv6.conf.all.disable_ipv6=1', name)
  }

  /** The inode that the kernel tells namespaces apart by. */
  inodeOf(name: string): number {
    return statSync(`/run/netns/${name}`).ino
  }

  send(packets: readonly Sent[], from: string = this.host): number {
    const input = packets.map((one) => JSON.stringify(one)).join('\n')
    const { status, stdout, stderr } = spawnSync('env', ['ip', 'netns', 'exec', from, 'python3', SEND], {
      input,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    return Number(stdout)
  }

  /** The same, while this process goes on. */
  async sendMeanwhile(packets: readonly Sent[]): Promise<void> {
    const sender = spawn('env', ['ip', 'netns', 'exec', this.host, 'python3', SEND], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    sender.stdin.end(packets.map((one) => JSON.stringify(one)).join('\n'))
    const status = await new Promise((resolve) => sender.once('exit', resolve))
    if (status !== 0) throw new Error(`send.py: ${status}`)
  }

  remove(): void {
    for (const name of [this.router, this.host, this.far]) spawnSync('env', ['ip', 'netns', 'del', name])
  }
}

function shell(script: string, namespace?: string): string {
  const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
  const { status, stdout, stderr } = spawnSync('env', [...inside, 'sh', '-e'], { input: script, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${stderr}\n${script}`)
  return stdout
}
