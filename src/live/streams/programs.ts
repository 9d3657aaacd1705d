/** Which program reads a stream, where the kernel's sockets cannot be reached from here. */
import type { Stream } from '../plan.ts'
import type { Facts } from '../survey/facts.ts'

export interface Program {
  /** As people call it. */
  name: string
  /** What the shell is told; it takes the shell's place. */
  sh: string
  /** The capture format of what it prints. */
  format: string
  /** sh that is true when the program `$child` listens. */
  listens: string
  /** It begins with what was before; only lines from now on count. */
  fromNow?: true
  /** Settings that it changes by itself as it starts, and leaves so. */
  leaves?: string
}

/** A netlink socket of the program's that has joined groups (/proc/net/netlink: protocol 12, port, groups). */
const JOINED = `grep -q "^[0-9a-f]* 12 *$child  *0*[1-9a-f]" /proc/net/netlink`

export function programFor(stream: Stream, { programs }: Facts): Program | { problem: string } {
  switch (stream.kind) {
    case 'nft-trace':
      if (programs.has('nft'))
        return { name: 'nft monitor trace', sh: 'exec nft -a monitor trace', format: 'nft-trace', listens: JOINED }
      if (programs.has('xtables-monitor'))
        return {
          name: 'xtables-monitor',
          sh: 'exec xtables-monitor --trace',
          format: 'xtables-monitor',
          listens: JOINED,
        }
      return { problem: 'there is neither nft nor xtables-monitor to read the trace with' }
    case 'nflog':
      if (programs.has('tcpdump'))
        return {
          name: 'tcpdump',
          sh: `exec tcpdump -n -p -U -B 65536 -i nflog:${stream.group} -w - 2>/dev/null`,
          format: 'nflog-pcap',
          listens: 'grep -q "^ *[0-9]" /proc/net/netfilter/nfnetlink_log',
          leaves: '/proc/sys/net/netfilter/nf_log/2',
        }
      return { problem: 'there is no tcpdump to read NFLOG with' }
    case 'kernel-log':
      if (programs.has('dmesg'))
        return { name: 'the kernel log', sh: KERNEL_LOG, format: 'kernel-log', listens: ':', fromNow: true }
      return { problem: 'there is no program to read the kernel log with' }
  }
}

/** BusyBox has a dmesg that cannot wait for more; the device can, one record a line. */
const KERNEL_LOG =
  'if dmesg --help 2>&1 | grep -q -- --follow; then exec dmesg --follow --color=never; else exec cat /dev/kmsg; fi'
