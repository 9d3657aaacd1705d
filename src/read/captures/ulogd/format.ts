import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'

export const reader = new Later(() => import('./reader.ts'))

/** A key that only its NFLOG plugin has; or a row that jq made short. */
const ROW =
  /"oob\.(?:prefix|family|hook|mark|time\.sec)"\s{0,20}:|(?:^|[\s"])prefix:\s?TRACE: [^\s:]{1,64}:\S{1,200}?:(?:rule|return|policy):\d+\s+(?!IN=)/

export const ulogdJson: CaptureFormat = {
  id: 'ulogd-json',
  describe: 'JSON of ulogd2',
  sniff: (head) => ROW.test(head),
  load: reader.load,
  open: (context) => new reader.loaded.UlogdReader(context),
}
