/** Interfaces of this host by their names. */
import type { Host, Link } from '../model/host.ts'

export const linkNamed = ({ links }: Pick<Host, 'links'>, name: string | undefined): Link | undefined =>
  name === undefined ? undefined : links?.find((link) => link.name === name)
