/** How a line of tcpdump's text begins: its ts_print, print_ip, ether_print and sll_print. */

/** With -tttt the date, with -tt seconds since 1970, with -ttt and -ttttt since an earlier packet. */
const STAMP = String.raw`(?:(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d|\d{10})\.\d{6,9} {1,2}`

/** `eth0  In  ` of `-i any`; older ones with -e have no name there. */
const WAY = String.raw`(?:(?<device>[\w.-]{1,15}) {1,4})?(?<way>In|Out|M|B|P) {1,4}`

const MAC = String.raw`(?:[\da-f]{2}:){5}[\da-f]{2}`

/** With -e, in place of `IP`. */
const FRAME = String.raw`(?:${MAC} > ${MAC}, |(?:ifindex \d{1,6} )?${MAC} )ethertype `

/** With --number, the number. */
const FRONT = String.raw`^[ \t]{0,8}(?:\d{1,6} {2})?`

export const BEGINS = `${FRONT}(?<stamp>${STAMP})?(?:${WAY})?`

/** What stands behind that, and is followed by addresses, or by more of the frame's header. */
export const HEADER = `IP6? |ip6?: |${FRAME}`

const LINE = new RegExp(String.raw`${BEGINS}(?:${FRAME}|(?=(?:IP6?|ARP) (?:\S{1,60} > \S{1,60}: |\([a-z]{3,9} )))`, 'm')

/** Behind a time, less is needed. */
const STAMPED = new RegExp(`${FRONT}${STAMP}(?:${WAY})?(?:IP6?|ARP|ip6?:)(?: |$)`, 'm')

export const hasTcpdump = (text: string): boolean => STAMPED.test(text) || LINE.test(text)
