/** Interfaces of this host by their names. */
import type { Host, Link } from '../model/host.ts'

export const linkNamed = ({ links }: Pick<Host, 'links'>, name: string | undefined): Link | undefined =>
  name === undefined ? undefined : links?.find((link) => link.name === name)

/** Those that it has as its ports, of whatever kind the one above them is. */
export const portsOfBridge = ({ links = [] }: Pick<Host, 'links'>, bridge: string): Link[] =>
  links.filter(({ master }) => master === bridge)
