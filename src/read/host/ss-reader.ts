/**
 * `ss -lntup`, `ss -tulpen`, `ss -tunap` … (iproute2, misc/ss.c). Columns: Netid (left out where one kind of socket was
 * asked for), State, Recv-Q, Send-Q, local and peer `ADDRESS:PORT`, process and other details.
 *
 * Without Netid the state tells the protocol: UNCONN is taken as UDP, everything else as TCP.
 * Where an IPv6 socket takes IPv4 packets too, its any-address is `*`; otherwise `[::]`. Releases before 2017 wrote
 * `:::22` for IPv6 and `*:22` for IPv4, and did not say which of the former take both; they are told by the `:::`.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { Socket } from '../../model/host.ts'
import { SERVICES } from '../../rules/iptables/values/services.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'
import type { HostReading } from './format.ts'
import { forEachLine, quoted } from './lines.ts'
import { HEADER, ROW } from './ss-line.ts'

/** The header's last column, where a terminal was too narrow for it. */
const HEADER_REST = /^\s*Process\s*$/
/** Unix, netlink, packet, vsock, XDP and TIPC sockets meet no IP packet. */
const OTHER_ROW = /^(u_str|u_dgr|u_seq|nl|p_raw|p_dgr|v_str|v_dgr|xdp|ti_st|ti_dg|ti_rd|ti_sq|\?\?\?)\s/
/** What `nfwhy collect` writes behind them: a host where nothing listens has no row to tell so. */
const ALL = /^# all listening sockets of (tcp) and (udp)$/
/** The command in front, where it chooses: `# ss -lnt | grep nginx`, `# ss -tn '( sport = :22 )'`. */
const CHOSEN = /^# .{0,20}\bss\b[^|]{0,120}?(?:\|\s*(\S.*)|\s((?:'?\(|[sd]port\b|src\b|dst\b).*))$/
/** From standard error, and without harm. */
const NOISE = /^Failed to find cgroup2 mount/
const IGNORED = [HEADER, HEADER_REST, OTHER_ROW, NOISE]

export function readSs(text: string, report: Report): HostReading {
  const sockets: Socket[] = []
  const chosen: string[] = []
  let listening: string[] | undefined
  const oldRelease = /(^|\s):::/m.test(text)
  forEachLine(text, (line, number) => {
    if (line.trim() === '' || IGNORED.some((pattern) => pattern.test(line))) return
    const [, filter, choice = filter] = CHOSEN.exec(line) ?? []
    if (choice !== undefined) {
      report('output-filtered', `ss shows only some sockets here ("${choice}"): others may listen as well`, number)
      chosen.push(choice)
      return
    }
    const [, ...all] = ALL.exec(line) ?? []
    if (all.length > 0) {
      listening = all
      return
    }
    const last = sockets.at(-1)
    if (/^\s/.test(line) && last) {
      // the last column again, or the details of -i, -m, -o
      addDetails(last, line)
      return
    }
    const socket = readRow(line, oldRelease)
    if (socket) sockets.push(socket)
    else report('line-not-understood', `this line is not a socket as ss prints it: ${quoted(line)}`, number)
  })
  const unread = chosen.length > 0 ? { unread: { sockets: chosen } } : {}
  return { host: { sockets, ...(listening ? { listening } : {}), ...unread } }
}

function readRow(line: string, oldRelease: boolean): Socket | undefined {
  const [, netid, state, waiting, backlog, localText, peerText, details] = ROW.exec(line) ?? []
  if (state === undefined || localText === undefined || peerText === undefined) return undefined
  const protocol = netid ?? (state === 'UNCONN' ? 'udp' : 'tcp')
  const local = readEnd(localText, protocol, oldRelease)
  const peer = readEnd(peerText, protocol, oldRelease)
  if (!local || !peer) return undefined
  const socket: Socket = { protocol, state, family: local.family }
  if (local.address !== undefined) socket.address = local.address
  if (local.port !== undefined) socket.port = local.port
  if (local.device !== undefined) socket.device = local.device
  if (peer.address !== undefined) socket.peerAddress = peer.address
  if (peer.port !== undefined) socket.peerPort = peer.port
  addDetails(socket, details ?? '')
  // sk_acceptq_is_full in include/net/sock.h
  const [full, most] = [Number(waiting), Number(backlog)]
  if (state === 'LISTEN' && protocol === 'tcp' && full > most && Number.isSafeInteger(full))
    socket.fullQueue = { waiting: full, backlog: most }
  if (protocol === 'udp' && full > 0 && Number.isSafeInteger(full)) socket.unread = full
  return socket
}

type End = Pick<Socket, 'family' | 'address' | 'port' | 'device'>

function readEnd(text: string, protocol: string, oldRelease: boolean): End | undefined {
  const colon = text.lastIndexOf(':')
  const port = readPort(text.slice(colon + 1), protocol)
  const [host = '', device] = text.slice(0, colon).split('%')
  const anyAddress = readAnyAddress(host, oldRelease)
  const address = anyAddress ? undefined : canonicalAddress(host)
  if (port === undefined || (!anyAddress && address === undefined)) return undefined
  const end: End = { family: anyAddress ?? familyOf(address!) }
  // an IPv6 socket that is bound to an IPv4 address takes IPv4 packets alone
  const mapped = address !== undefined && /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  if (mapped) end.family = 'ip'
  if (address !== undefined) end.address = mapped ? mapped[1]! : address
  if (port !== '*') end.port = port
  if (device !== undefined) end.device = device
  return end
}

function readAnyAddress(host: string, oldRelease: boolean): Socket['family'] | undefined {
  if (host === '*') return oldRelease ? 'ip' : 'any'
  if (host === '0.0.0.0') return 'ip'
  if (host === '[::]') return 'ip6'
  return host === '::' ? 'any' : undefined
}

function readPort(text: string, protocol: string): number | '*' | undefined {
  if (text === '*') return '*'
  if (/^\d{1,10}$/.test(text)) return Number(text)
  if (protocol === 'raw') return { icmp: 1, 'ipv6-icmp': 58 }[text]
  return Object.hasOwn(SERVICES, text) ? SERVICES[text] : undefined
}

function addDetails(socket: Socket, text: string): void {
  const user = /users:\(\("(.{0,64}?)",pid=(\d{1,10})/.exec(text)
  if (user && socket.process === undefined) {
    socket.process = user[1]!
    socket.pid = Number(user[2])
  }
  // --inet-sockopt: the names of those that are set
  const [, options] = /\binet-sockopt: \(([ \w-]{0,400})\)/.exec(text) ?? []
  if (options !== undefined) socket.transparent = options.split(' ').includes('transparent')
  if (/\bv6only:1\b/.test(text) && socket.family === 'any') socket.family = 'ip6'
}
