/** The lines of `ss`. */

export const HEADER = /^(Netid\s+)?State\s+Recv-Q\s+Send-Q\s/
const STATES =
  'LISTEN|UNCONN|ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|TIME-WAIT|CLOSE-WAIT|LAST-ACK|CLOSING|UNKNOWN'
/** With a colon in it: looked for beforehand, so that a word of colons is not split in every way. */
const END = '(?=\\S+:\\S)(\\S+)'
export const ROW = new RegExp(`^(?:(\\w+)\\s+)?(${STATES})\\s+(\\d+)\\s+(\\d+)\\s+${END}\\s+${END}\\s*(.*)$`)
