/** NFLOG records in capture files, as `tcpdump -i nflog:GROUP -w FILE` writes them (docs/formats/nflog-pcap.md). */
import { DeviceNames } from '../device-names.ts'
import type { CaptureContext } from '../format.ts'
import { CaptureFile } from '../pcap/file.ts'
import { NFLOG } from '../pcap/link-types.ts'
import { NflogMessages } from './messages.ts'

export class NflogReader extends CaptureFile {
  private readonly messages: NflogMessages

  constructor(context: CaptureContext) {
    super(context, NFLOG)
    this.messages = new NflogMessages(context, new DeviceNames(context.states.names, context.links))
  }

  protected take(bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean): void {
    if (!this.messages.take(bytes, view, start, end, little, this.moment, this.number))
      this.skip('not-a-packet', 'a packet has no NFLOG attributes; it was skipped')
  }

  protected otherLinkType(found: string): string {
    return `its packets are of link type ${found}; netfilter's verdicts are only in captures of link type NFLOG (${NFLOG}), as written by tcpdump -i nflog`
  }

  protected ended(): number {
    this.messages.end()
    return this.messages.lost
  }
}
