/** IPv6 network prefix translation, which SNPT and DNPT describe alike (libip6t_SNPT.c, net/ipv6/netfilter/ip6t_NPT.c). */
import { parseAddress } from '../../../model/address.ts'
import type { Hook } from '../../../model/hook.ts'
import type { MaskedAddress } from '../../../model/ruleset.ts'
import { defineTarget, type Option, type Target, WordError, word } from '../extension.ts'
import { printMaskedAddress, readAddress, readMask } from './addresses.ts'

/** At most 64 bits long, and nothing behind them; the kernel refuses others. */
const prefix = (): Option<MaskedAddress> =>
  word(
    (text) => {
      const [address = '', length = '128'] = text.split('/')
      const found = { address: readAddress(address, 'ip6'), mask: readMask(length, 'ip6') }
      if (typeof found.mask === 'string' || found.mask > 64)
        throw new WordError(`the prefix ${text} is longer than 64 bits`)
      if (hasHostBits(found.address, found.mask)) throw new WordError(`${text} has bits set after the prefix`)
      return found
    },
    printMaskedAddress,
    { required: true },
  )

const hasHostBits = (address: string, length: number): boolean =>
  parseAddress(address)!.some((byte, i) => byte & (0xff >> Math.max(0, Math.min(8, length - 8 * i))))

const lengthOf = ({ mask }: MaskedAddress): number => (typeof mask === 'number' ? mask : 128)

/** `-j NAME --src-pfx PREFIX --dst-pfx PREFIX`; rewrites `field` without connection tracking, and the packet goes on. */
export const prefixTranslation = (name: string, field: string, hooks: readonly Hook[]): Target =>
  defineTarget({
    name,
    family: 'ip6',
    tables: ['mangle'],
    hooks,
    options: { 'src-pfx': prefix(), 'dst-pfx': prefix() },
    statements: (values) => {
      const [from, to] = [values['src-pfx']!.value, values['dst-pfx']!.value]
      const length = Math.max(lengthOf(from), lengthOf(to))
      const prefix = { from: from.address, to: to.address, length }
      return [{ kind: 'set', field, value: { field, prefix } }]
    },
  })
