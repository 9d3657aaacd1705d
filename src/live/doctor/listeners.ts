/** Who reads what a trace says: netlink sockets in this namespace, and monitors that sit in another one. */
import type { Facts, Process } from '../survey/facts.ts'

type Holder = Pick<Process, 'pid' | 'name'>

interface NetlinkSocket {
  /** The line of /proc/net/netlink. */
  line: string
  protocol: number
  portId: number
  /** Bit N - 1 is multicast group N. */
  groups: number
  inode: string
  /** Absent: a process that cannot be seen from here. */
  holder?: Holder
}

const NETLINK_NETFILTER = 12
/** NFNLGRP_NFTRACE is 9 (include/uapi/linux/netfilter/nfnetlink.h). */
const NFTRACE = 1 << 8
/** NFNLGRP_NFTABLES is 7: changes of the rules. */
const NFTABLES = 1 << 6

/** Columns of net/netlink/af_netlink.c, netlink_native_seq_show: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode. */
function netlinkSockets({ files, sockets }: Facts): NetlinkSocket[] {
  return (files.get('/proc/net/netlink') ?? []).flatMap((line) => {
    const [, protocol, portId, groups, , , , , , inode] = line.trim().split(/\s+/)
    if (inode === undefined || protocol === 'Eth') return []
    const holder = sockets.get(inode)
    const socket = { line, protocol: Number(protocol), portId: Number(portId), groups: Number.parseInt(groups!, 16) }
    return [{ ...socket, inode, ...(holder ? { holder } : {}) }]
  })
}

/** Those that get nft's trace events of this namespace. */
export const traceListeners = (facts: Facts): NetlinkSocket[] =>
  netlinkSockets(facts).filter(({ protocol, groups }) => protocol === NETLINK_NETFILTER && (groups & NFTRACE) !== 0)

/** Of these, those that want nothing else; a plain `nft monitor` listens to all there is. */
export const waitsForTraces = ({ groups }: { groups: number }): boolean => (groups & NFTABLES) === 0

export interface LogGroup {
  /** The line of /proc/net/netfilter/nfnetlink_log. */
  line: string
  group: number
  holder?: Holder
}

/** Groups of NFLOG that somebody reads; undefined where we may not see that. */
export function logGroups(facts: Facts): LogGroup[] | undefined {
  const path = '/proc/net/netfilter/nfnetlink_log'
  if (facts.unreadable.has(path)) return undefined
  const sockets = netlinkSockets(facts)
  return (facts.files.get(path) ?? []).map((line) => {
    const [group, portId] = line.trim().split(/\s+/).map(Number)
    const socket = sockets.find((one) => one.protocol === NETLINK_NETFILTER && one.portId === portId)
    return { line: line.trim(), group: group!, ...(socket?.holder ? { holder: socket.holder } : {}) }
  })
}

export const holderWords = (holder: Holder | undefined): string =>
  holder ? `${holder.name || 'a process'} (process ${holder.pid})` : 'a process that is not visible from here'

/** `nft monitor trace` and `xtables-monitor --trace`, in whatever namespace. */
export const monitors = ({ processes }: Facts): Process[] =>
  processes.filter(({ command }) => /\bmonitor\b/.test(command) && /\btrace\b|\s-t\b/.test(command))

/** `tcpdump -i nflog` and ulogd2, in whatever namespace. */
export const logListeners = ({ processes }: Facts): Process[] =>
  processes.filter(({ name, command }) => /^ulogd/.test(name) || /\bnflog\b/.test(command))

/** One that runs in another network namespace. */
export const elsewhere = (facts: Facts, processes: readonly Process[]): Process | undefined =>
  processes.find(({ namespace }) => namespace !== undefined && namespace !== facts.namespace)

/** `nfwhy-12` of each session that runs: it shows that word behind its `sh -s`. */
export const sessionsOf = ({ processes }: Facts): { id: string; namespace?: string }[] =>
  processes.flatMap(({ command, namespace }) => {
    const id = /\bsh -s (nfwhy-\d+)$/.exec(command)?.[1]
    return id === undefined ? [] : [{ id, ...(namespace === undefined ? {} : { namespace }) }]
  })

/** Those that follow the kernel's log. */
export const logReaders = ({ processes }: Facts): Process[] =>
  processes.filter(
    ({ name, command }) =>
      (name === 'dmesg' && /\s(?:-\w*[wW]|--follow)/.test(command)) ||
      (name === 'journalctl' && /\s(?:-\w*f|--follow)/.test(command)) ||
      (name === 'logread' && /\s-\w*f/.test(command)),
  )
