/**
 * Netlink messages of netfilter in capture files (docs/formats/nft-netlink.md): trace events of nf_tables, changes of its
 * ruleset, and what the program that wrote the file could not receive. Messages of other kinds, as captures of an nlmon
 * device have them, are passed over.
 */
import { DeviceNames } from '../device-names.ts'
import type { CaptureContext } from '../format.ts'
import { CaptureFile } from '../pcap/file.ts'
import { NETLINK } from '../pcap/link-types.ts'
import { TraceMessages } from './messages.ts'

/** In front of the messages: packet type, device type, an unused address, the netlink family; in network byte order. */
const COOKED = 16
const FAMILY = 14
const NETLINK_NETFILTER = 12
const NLMSGHDR = 16

const NLMSG_OVERRUN = 4
const NFT_MSG_NEWGEN = 0x0a0f
const NFT_MSG_TRACE = 0x0a11

export class NftNetlinkReader extends CaptureFile {
  private readonly messages: TraceMessages
  private readonly devices: DeviceNames
  private lost = 0
  private losing = false
  private begun = false
  /** Rules were changed, and more events may follow. */
  private changed = false

  constructor(context: CaptureContext) {
    super(context, NETLINK)
    this.devices = new DeviceNames(context.states.names, context.links)
    this.messages = new TraceMessages(context, this.devices)
  }

  protected take(_bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean): void {
    if (end - start < COOKED) this.cut()
    else if (view.getUint16(start + FAMILY) === NETLINK_NETFILTER) this.walk(view, start + COOKED, end, little)
  }

  private walk(view: DataView, start: number, end: number, little: boolean): void {
    let at = start
    while (at + NLMSGHDR <= end) {
      const length = view.getUint32(at, little)
      if (length < NLMSGHDR) break
      const whole = at + length <= end
      this.message(view, at, whole ? at + length : end, whole, little)
      if (!whole) return
      at += (length + 3) & ~3
    }
    if (at < end) this.cut()
  }

  /** `whole`: it ends where it says. */
  private message(view: DataView, start: number, end: number, whole: boolean, little: boolean): void {
    const type = view.getUint16(start + 4, little)
    switch (type) {
      case NFT_MSG_TRACE:
        if (this.changed) this.tell('ruleset-change', 'the ruleset was changed during this capture')
        this.changed = false
        this.begun = true
        if (!whole || !this.messages.take(view, start + NLMSGHDR, end, little, this.moment, this.number)) this.cut()
        return
      case NFT_MSG_NEWGEN:
        // before the first event it is of no interest: tracing was set up then
        this.changed = this.begun
        return
      case NLMSG_OVERRUN:
        this.overrun(end - start >= NLMSGHDR + 4 ? view.getUint32(start + NLMSGHDR, little) : 1)
    }
  }

  /** Events that are missing here. 0: some are missing between here and the next such message, which says how many. */
  private overrun(count: number): void {
    this.lost += count
    this.losing = count === 0 && !this.losing
    this.context.sink.lost?.(this.number, this.losing)
    this.tell('events-lost', "events are missing here: the kernel's buffer was full")
  }

  private cut(): void {
    this.skip('cut-message', 'an incomplete trace event was skipped')
  }

  protected otherLinkType(found: string): string {
    return `its packets are of link type ${found}; events of nft's tracing are in captures of link type NETLINK (${NETLINK})`
  }

  protected ended(): number {
    this.devices.end(this.context.report)
    return this.lost
  }
}
