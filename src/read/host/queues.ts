/**
 * /proc/net/netfilter/nfnetlink_queue (Linux, net/netfilter/nfnetlink_queue.c seq_show): a line for each queue of
 * NFQUEUE that a program reads. Where none is read it is empty, and an empty file is nobody's: `head -v` writes its
 * name above it.
 */
import type { Queue } from '../../model/host.ts'
import type { HostFormat } from './format.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'

const TITLE = /^==> \S*\/nfnetlink_queue <==\s*$/
/** Number, port id, waiting, what is copied, how much of it, dropped, dropped by the socket, sequence, always 1. */
const LINE = /^\s*(\d{1,20})\s+(\d{1,20})\s+(\d{1,20})\s+[012]\s+\d+\s+(\d{1,20})\s+(\d{1,20})\s+\d+\s+1\s*$/

export const queues: HostFormat = {
  id: 'nfnetlink-queue',
  describe: '/proc/net/netfilter/nfnetlink_queue',
  sniff(head) {
    const lines = [...wholeLines(head)]
    return lines.length > 0 && (TITLE.test(lines[0]!) || lines.every((line) => LINE.test(line)))
  },
  read(text, report) {
    const list: Queue[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '' || TITLE.test(line)) return
      const [, queue, portId, waiting, dropped, userDropped] = LINE.exec(line) ?? []
      if (queue === undefined) {
        report('line-not-understood', `not a line of nfnetlink_queue: ${quoted(line)}`, number)
        return
      }
      const numbers = { number: Number(queue), portId: Number(portId), waiting: Number(waiting) }
      list.push({ ...numbers, dropped: Number(dropped), userDropped: Number(userDropped) })
    })
    return { host: { queues: list } }
  },
}
