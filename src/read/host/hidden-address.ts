/** An address of this host that whoever pasted the listing has made unreadable: `inet x.x.x.5/24 scope global eth0`. */
import type { Unread } from '../../model/host.ts'

export type Hidden = NonNullable<Unread['addresses']>[number]

export function hiddenAddress(line: string): Hidden | undefined {
  const [, family, text] = /^\s*(inet6?) (\S{1,60})(?: |$)/.exec(line) ?? []
  return text === undefined ? undefined : { family: family === 'inet6' ? 'ip6' : 'ip', text }
}

export const hiddenWords = (text: string): string =>
  `the address "${text}" is not readable: nfwhy does not know whether another address is this host's`
