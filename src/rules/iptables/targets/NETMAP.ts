import type { MaskedAddress } from '../../../model/ruleset.ts'
import { defineTarget, type Option, word } from '../extension.ts'
import { printMaskedAddress, readMaskedAddress } from '../values/addresses.ts'

const network: Option<MaskedAddress> = word((text, { family }) => readMaskedAddress(text, family), printMaskedAddress, {
  required: true,
})

/** `-j NETMAP --to NETWORK`: exchanges the network's part of the address, one to one (libipt_NETMAP.c, libip6t_NETMAP.c). */
export const NETMAP = defineTarget({
  name: 'NETMAP',
  tables: ['nat'],
  options: { to: network },
  statements({ to }) {
    const { address, mask } = to!.value
    return typeof mask === 'number'
      ? [{ kind: 'netmap', network: { prefix: address, length: mask } }]
      : [{ kind: 'unknown', text: `--to ${address}/${mask}`, reason: 'a mask with gaps is not modelled', ends: true }]
  },
})
