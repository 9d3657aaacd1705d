/** How a record of packets that the kernel dropped is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const lines = new Later(() => import('./drop-lines.ts'))

const LABEL = /^\s*\{"schema":\s?"nfwhy\.drop\/1"/

export const kernelDrops: HostFormat = {
  id: 'kernel-drops',
  describe: 'packets that the kernel dropped, with its reasons',
  sniff: (head) => LABEL.test(head),
  load: lines.load,
  read: (text, report) => lines.loaded.readDrops(text, report),
}
