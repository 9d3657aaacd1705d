/** How `session.json` of `nfwhy trace --save` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const line = new Later(() => import('./session-line.ts'))

const LABEL = /^\s{0,20}\{"schema":\s?"nfwhy\.session\/1"/

export const traceSession: HostFormat = {
  id: 'trace-session',
  describe: 'session.json of nfwhy trace --save',
  sniff: (head) => LABEL.test(head),
  load: line.load,
  read: (text, report) => line.loaded.readTraceSession(text, report),
}
